import { nextChange } from '../conditions/next-change.ts';
import { earliest, type Instant } from '../instant.ts';
import { createResolution } from './resolve.ts';
import type { Statement } from './statement.ts';
import type { Vocabulary } from './vocabulary.ts';
import { type WeighedAttribute, type WeighedStatements, weighStatements } from './weigh.ts';

/**
 * The first instant after `after` at which any attribute may have another value by time alone: a statement is made, or
 * grows too old, or the condition of an inference turns. It may be one at which nothing changes after all; it is never
 * later than a change. Null: never.
 */
export function attributeChanges(
  vocabulary: Vocabulary,
  statements: readonly Statement[],
  accountStatements: readonly Statement[],
  after: Instant,
): Instant | null {
  return nextAttributeChange(weighStatements(vocabulary, statements, accountStatements), after);
}

/** The same of statements that were weighed before. */
export function nextAttributeChange(weighed: WeighedStatements, after: Instant): Instant | null {
  return earliest(firstAfter(turningPoints(weighed), after), nextInference(weighed, after));
}

const known = new WeakMap<WeighedStatements, readonly Instant[]>();

/** Instants at which a statement begins or ceases to be known, ascending. A fold asks for them at each interaction. */
function turningPoints(weighed: WeighedStatements): readonly Instant[] {
  let points = known.get(weighed);
  if (points === undefined) {
    const all = new Set<Instant>();
    for (const { statements } of attributesOf(weighed)) {
      for (const { statement, until, rank, fitted } of statements) {
        if (rank === null || 'problem' in fitted) continue;
        all.add(statement.at);
        if (until !== null) all.add(until);
      }
    }
    points = [...all].sort((a, b) => a - b);
    known.set(weighed, points);
  }
  return points;
}

function attributesOf({ lead, account }: WeighedStatements): WeighedAttribute[] {
  return [...lead.values(), ...account.values()];
}

function firstAfter(ascending: readonly Instant[], after: Instant): Instant | null {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return ascending[low] ?? null;
}

/** Between two turning points only the clock moves: conditions that look at it, and conclusions that grow too old. */
function nextInference(weighed: WeighedStatements, after: Instant): Instant | null {
  const { facts, inferred } = createResolution(weighed, after);
  let next: Instant | null = null;
  for (const { of, name, declared } of attributesOf(weighed)) {
    if (declared === null || declared.infer.length === 0) continue;
    for (const { when } of declared.infer) next = earliest(next, nextChange(when, facts));
    next = earliest(next, inferred(of, name)?.until ?? null);
  }
  return next;
}
