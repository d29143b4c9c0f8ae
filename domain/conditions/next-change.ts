import { durationMs, earliest, type Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import { compare } from './compare.ts';
import type { Comparison } from './comparison.ts';
import type { Condition } from './condition.ts';
import type { Facts, KnownValue } from './facts.ts';
import type { EventLeaf } from './leaf-schema.ts';
import { countEvents, leafTruth, timesOf, timesTruth } from './leaf-truth.ts';
import { instantIn } from './read-value.ts';
import { allOf, anyOf, not, type Truth } from './truth.ts';

/**
 * The earliest instant after `facts.now` at which `condition` may come to another result by time alone, as dates come
 * near or go by and events leave their period; null: never. From now until the millisecond before it the result stays
 * as it is, as long as nothing else becomes known. It is exact for a leaf; where parts are joined the result may turn
 * out the same, and whoever waits asks again.
 */
export function nextChange(condition: Condition, facts: Facts): Instant | null {
  return outlook(condition, facts).next;
}

interface Outlook {
  readonly result: Truth;
  readonly next: Instant | null;
}

function outlook(condition: Condition, facts: Facts): Outlook {
  if ('all' in condition) return joined(condition.all, facts, 'false', allOf);
  if ('any' in condition) return joined(condition.any, facts, 'true', anyOf);
  if ('not' in condition) {
    const { result, next } = outlook(condition.not, facts);
    return { result: not(result), next };
  }
  const result = leafTruth(condition, facts);
  if ('lead' in condition)
    return { result, next: comparisonChange(condition, facts.lead(condition.lead), result, facts) };
  if ('account' in condition)
    return { result, next: comparisonChange(condition, facts.account(condition.account), result, facts) };
  if ('event' in condition) return { result, next: countChange(condition, facts, result) };
  return { result, next: null };
}

function joined(
  conditions: readonly Condition[],
  facts: Facts,
  decisive: Truth,
  join: (parts: Iterable<Truth>) => Truth,
): Outlook {
  const parts = conditions.map((condition) => outlook(condition, facts));
  const result = join(parts.map((part) => part.result));
  if (result !== decisive) return { result, next: earliest(...parts.map(({ next }) => next)) };
  // One decisive part is enough: nothing changes until the last of them may.
  const holds = parts.filter((part) => part.result === decisive).map(({ next }) => next);
  return { result, next: holds.includes(null) ? null : Math.max(...holds.map(Number)) };
}

/**
 * A date d is in the last x from d on and until before d + x, and in the next x from d − x on and until before d. So
 * it can change at these three instants only; at which of them it does is tried.
 */
function comparisonChange(
  comparison: Comparison,
  known: KnownValue | null,
  result: Truth,
  { now }: Facts,
): Instant | null {
  const { inLast, inNext } = comparison;
  if (inLast === undefined && inNext === undefined) return null;
  const date = known === null ? null : instantIn(known.value);
  if (date === null) return null;
  const edges = [date];
  if (inLast !== undefined) edges.push(date + durationMs(inLast));
  if (inNext !== undefined) edges.push(date - durationMs(inNext));
  return earliest(...edges.filter((edge) => edge > now && compare(comparison, known?.value, edge) !== result));
}

/** An event at t counts from t on and until before t + within. The first edge at which the count answers otherwise. */
function countChange(leaf: EventLeaf, facts: Facts, result: Truth): Instant | null {
  const within = leaf.within === undefined ? Infinity : durationMs(leaf.within);
  const edges: { readonly at: Instant; readonly change: 1 | -1 }[] = [];
  for (let index = facts.events.length - 1; index >= 0; index -= 1) {
    const interaction = facts.events[index]!;
    const { occurredAt } = interaction;
    if (occurredAt + within <= facts.now) break;
    if (occurredAt <= facts.now && within === Infinity) break;
    if (!matches(leaf.event, interaction)) continue;
    if (occurredAt > facts.now) edges.push({ at: occurredAt, change: 1 });
    if (within !== Infinity) edges.push({ at: occurredAt + within, change: -1 });
  }
  edges.sort((a, b) => a.at - b.at);
  let count = countEvents(leaf, facts);
  for (const [index, { at, change }] of edges.entries()) {
    count += change;
    // What comes and goes in the same millisecond was never seen.
    if (edges[index + 1]?.at === at) continue;
    if (timesTruth(timesOf(leaf), count) !== result) return at;
  }
  return null;
}
