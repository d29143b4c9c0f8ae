import type { Facts } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';
import { nextAttributeChange } from './changes.ts';
import { resolveAt } from './resolve.ts';
import type { Statement } from './statement.ts';
import type { Vocabulary } from './vocabulary.ts';
import { weighStatements } from './weigh.ts';

/** What is known of a lead and its company at each instant, for those who go through its history. */
export interface KnownOverTime {
  /** What conditions on attributes may ask at `at`; what is known of it then, by what had been said until then. */
  factsAt(at: Instant): Facts;
  /** The first instant after `at` at which something else may be known; null: never. */
  nextAfter(at: Instant): Instant | null;
}

export interface SubjectOfHistory {
  readonly stage: Facts['stage'];
  /** What was said about the lead, in any order. */
  readonly lead: readonly Statement[];
  /** What was said about its company. */
  readonly account: readonly Statement[];
}

/** Of a lead of whom nothing was read, since nobody asks. */
export const nothingKnown: KnownOverTime = {
  factsAt: (now) => ({ now, stage: 'lead', lead: () => null, account: () => null, events: [], standings: new Map() }),
  nextAfter: () => null,
};

export function attributeHistory(vocabulary: Vocabulary, { stage, lead, account }: SubjectOfHistory): KnownOverTime {
  const weighed = weighStatements(vocabulary, lead, account);
  return {
    factsAt(now) {
      const known = resolveAt(weighed, now);
      return { now, stage, lead: known.lead, account: known.account, events: [], standings: new Map() };
    },
    nextAfter: (at) => nextAttributeChange(weighed, at),
  };
}
