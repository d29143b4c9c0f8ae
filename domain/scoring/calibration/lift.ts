import type { ScoringModel } from '../model.ts';
import type { ClosedHandoff } from './closed-handoff.ts';
import { difference } from './difference.ts';
import { findings } from './false-discovery.ts';
import { inForce } from './features.ts';
import { fisherTest } from './fisher-test.ts';
import { GUARD, shortOfCases, shortOfOutcomes } from './guard.ts';
import type { Count, Interval } from './interval.ts';
import { riskRatio } from './risk-ratio.ts';
import { wilson } from './wilson.ts';

/** A part of a model that a lead has or has not: what a lift is computed for. */
export interface Part {
  readonly kind: 'rule' | 'criterion' | 'cap';
  readonly id: string;
  readonly name: string;
  /** What it gives at present; null for a cap. */
  readonly points: number | null;
}

/** How often those with a part are won, beside those without. */
export interface Lift extends Part {
  /** Handoffs with it, and without it, as of the offer. */
  readonly with: number;
  readonly without: number;
  /** Handoffs of which nobody knew: in neither. Always 0 for a rule. */
  readonly unknown: number;
  /** Why nothing can be said yet; null where there is evidence. */
  readonly missing: string | null;
  readonly evidence: Evidence | null;
}

export interface Evidence {
  readonly wonWith: number;
  readonly wonWithout: number;
  readonly rateWith: Interval;
  readonly rateWithout: Interval;
  /** Of those of whom nobody knew, where they are enough. */
  readonly rateUnknown: Interval | null;
  /** How many times as often those with it are won as those without. */
  readonly lift: Interval;
  /** By how much the rate with it is higher. */
  readonly difference: Interval;
  /** Fisher's exact test. */
  readonly p: number;
  /** A finding among all parts tested together, and not only by itself. */
  readonly distinguishable: boolean;
}

/** The rules, criteria and caps of a model, in its order. */
export function partsOf({ rules, profile }: ScoringModel): Part[] {
  return [
    ...rules.map(({ id, name, points }): Part => ({ kind: 'rule', id, name: name ?? id, points })),
    ...(profile?.criteria ?? []).map(
      ({ id, name, points }): Part => ({ kind: 'criterion', id, name: name ?? id, points }),
    ),
    ...(profile?.caps ?? []).map(({ id, name }): Part => ({ kind: 'cap', id, name: name ?? id, points: null })),
  ];
}

/** Whether a handed-off lead had a part when it was offered; null: nobody knew. */
export function hasPart({ features }: ClosedHandoff, { kind, id }: Pick<Part, 'kind' | 'id'>): boolean | null {
  if (kind === 'rule') return inForce(features.rules.get(id));
  const truth = (kind === 'criterion' ? features.criteria : features.caps).get(id);
  return truth === 'true' ? true : truth === 'false' ? false : null;
}

/** The lift of every part of `model`, in its order. */
export function liftsOf(model: ScoringModel, handoffs: readonly ClosedHandoff[]): Lift[] {
  const missingInAll = shortOfOutcomes(countOf(handoffs));
  const counted = countParts(partsOf(model), handoffs);
  const tested = counted.map(({ part, some, others }) => {
    const missing = missingInAll ?? shortOfCases(some.n, others.n, wordsFor(part));
    return missing === null ? { missing, p: fisherTest(some, others) } : { missing, p: null };
  });
  const found = findings(tested.flatMap(({ p }) => p ?? []));
  let next = 0;
  return counted.map(({ part, some, others, unknown }, index): Lift => {
    const { missing = null, p = null } = tested[index] ?? {};
    const counts = { ...part, with: some.n, without: others.n, unknown: unknown.n, missing };
    if (p === null) return { ...counts, evidence: null };
    const distinguishable = found[next] ?? false;
    next += 1;
    const rateUnknown = unknown.n < GUARD.with ? null : wilson(unknown);
    return { ...counts, evidence: { ...compare(some, others), rateUnknown, p, distinguishable } };
  });
}

function compare(some: Count, others: Count) {
  return {
    wonWith: some.won,
    wonWithout: others.won,
    rateWith: wilson(some),
    rateWithout: wilson(others),
    lift: riskRatio(some, others),
    difference: difference(some, others),
  };
}

interface PartCounts {
  readonly part: Part;
  readonly some: Count;
  readonly others: Count;
  readonly unknown: Count;
}

/** Handoff by handoff, as the other way round would go through all of them in memory once for each part. */
function countParts(parts: readonly Part[], handoffs: readonly ClosedHandoff[]): PartCounts[] {
  const none = () => ({ n: 0, won: 0 });
  const counts = parts.map((part) => ({ part, some: none(), others: none(), unknown: none() }));
  for (const handoff of handoffs) {
    for (const { part, some, others, unknown } of counts) {
      const has = hasPart(handoff, part);
      const count = has === null ? unknown : has ? some : others;
      count.n += 1;
      if (handoff.won) count.won += 1;
    }
  }
  return counts;
}

/** How many there are, and how many of them were won. */
export function countOf(handoffs: readonly ClosedHandoff[]): Count {
  return { n: handoffs.length, won: handoffs.reduce((sum, { won }) => sum + (won ? 1 : 0), 0) };
}

function wordsFor({ kind }: Part): { some: string; others: string } {
  if (kind === 'rule') return { some: 'with its points', others: 'without them' };
  return { some: 'for whom it holds', others: 'for whom it is known not to hold' };
}
