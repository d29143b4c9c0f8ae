import { durationMs } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import { compare } from './compare.ts';
import type { Facts, StandingFacts } from './facts.ts';
import type { EventLeaf, Leaf, ScoreLeaf, Times } from './leaf-schema.ts';
import { allOf, anyOf, type Truth, truth } from './truth.ts';

/** Whether one leaf holds. */
export function leafTruth(leaf: Leaf, facts: Facts): Truth {
  if ('lead' in leaf) return compare(leaf, facts.lead(leaf.lead)?.value, facts.now);
  if ('account' in leaf) return compare(leaf, facts.account(leaf.account)?.value, facts.now);
  if ('stage' in leaf) return truth(leaf.stage.includes(facts.stage));
  if ('score' in leaf) return scoreTruth(leaf, facts.standings.get(leaf.score) ?? null);
  return timesTruth(timesOf(leaf), countEvents(leaf, facts, enoughFor(timesOf(leaf))));
}

/** A lead without a standing under the model, or a model without grades or bands, leaves what is asked of it unknown. */
function scoreTruth({ points, grade, band, cell }: ScoreLeaf, standing: StandingFacts | null): Truth {
  if (standing === null) return 'unknown';
  const parts: Truth[] = [];
  if (points !== undefined) parts.push(compare(points, standing.points, 0));
  if (grade !== undefined) parts.push(isOneOf(standing.grade, grade));
  if (band !== undefined) parts.push(isOneOf(standing.band, band));
  // With one side unknown, a cell is out of the question all the same if the known side is another.
  if (cell !== undefined) parts.push(anyOf(cell.map((wanted) => isCell(standing, wanted))));
  return allOf(parts);
}

function isOneOf<T>(found: T | null, wanted: readonly T[]): Truth {
  return found === null ? 'unknown' : truth(wanted.includes(found));
}

function isCell({ grade, band }: StandingFacts, wanted: string): Truth {
  return allOf([
    grade === null ? 'unknown' : truth(wanted.startsWith(grade)),
    band === null ? 'unknown' : truth(wanted.endsWith(String(band))),
  ]);
}

/** How often is wanted; without a word about it, at least once. */
export function timesOf({ times }: EventLeaf): Times {
  return times ?? AT_LEAST_ONCE;
}

const AT_LEAST_ONCE: Times = { atLeast: 1 };

export function timesTruth({ atLeast = 0, atMost = Infinity }: Times, count: number): Truth {
  return truth(count >= atLeast && count <= atMost);
}

/** The count from which on a higher one gives the same answer. */
function enoughFor({ atLeast = 0, atMost }: Times): number {
  return atMost === undefined ? atLeast : atMost + 1;
}

/**
 * How many events the leaf means: those that occurred in (now − within, now]. One that lies ahead, by a clock that runs
 * fast, counts when its time has come. Counts from the newest back, and no further than the period or to `enough`.
 */
export function countEvents({ event, within }: EventLeaf, facts: Facts, enough = Infinity): number {
  const since = within === undefined ? -Infinity : facts.now - durationMs(within);
  let count = 0;
  for (let index = facts.events.length - 1; index >= 0 && count < enough; index -= 1) {
    const interaction = facts.events[index]!;
    if (interaction.occurredAt <= since) break;
    if (interaction.occurredAt <= facts.now && matches(event, interaction)) count += 1;
  }
  return count;
}
