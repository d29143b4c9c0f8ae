import type { AttributeDefinition } from '../attributes/definition.ts';
import type { Comparison } from '../conditions/comparison.ts';
import { endOf, numberIn, startOf, textIn } from '../conditions/read-value.ts';
import { durationMs, type Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';

/**
 * Answers to the question for `attribute` that stand for all there can be, as far as `asked` (what conditions ask about
 * it) tells them apart: its choices; for a number those at, between and beyond the bounds asked for; for a date
 * likewise; for a text each of the texts asked for, and one that is none of them.
 */
export function possibleAnswers(
  attribute: Pick<AttributeDefinition, 'type' | 'choices'>,
  asked: readonly Comparison[],
  now: Instant,
): readonly Exclude<Json, null>[] {
  switch (attribute.type) {
    case 'choice':
      return attribute.choices ?? [];
    case 'boolean':
      return [true, false];
    case 'number':
      return around(asked.flatMap(numbersIn));
    case 'text':
      return [...new Set(asked.flatMap(textsIn)), OTHER_TEXT];
    case 'date':
      return [...new Set(asked.flatMap((comparison) => instantsIn(comparison, now)))].map((at) =>
        new Date(at).toISOString(),
      );
    default:
      throw new Error(`unknown attribute type ${attribute.type satisfies never}`);
  }
}

/** Nobody asks for it. */
const OTHER_TEXT = '…';

function numbersIn({ is, in: list = [], atLeast, above, atMost, below }: Comparison): number[] {
  const wanted = [is, ...list, atLeast, above, atMost, below];
  return wanted.flatMap((value) => (value === undefined ? [] : (numberIn(value) ?? [])));
}

/** Each of `bounds`, something between each two, and something on either side. */
function around(bounds: readonly number[]): number[] {
  const sorted = [...new Set(bounds)].sort((a, b) => a - b);
  const [first = 0] = sorted;
  return [first - 1, ...sorted.flatMap((bound, index) => [bound, (bound + (sorted[index + 1] ?? bound + 2)) / 2])];
}

function textsIn({ is, in: list = [], contains, startsWith }: Comparison): string[] {
  return [is, ...list, contains, startsWith].flatMap((value) => {
    if (value === undefined) return [];
    return typeof value === 'boolean' ? String(value) : (textIn(value) ?? []);
  });
}

/** The last and first instants on both sides of each bound. */
function instantsIn({ before, after, inLast, inNext }: Comparison, now: Instant): Instant[] {
  const bounds = [
    before === undefined ? [] : [startOf(before) - 1, startOf(before)],
    after === undefined ? [] : [endOf(after) - 1, endOf(after)],
    inLast === undefined ? [] : [now - durationMs(inLast), now - durationMs(inLast) + 1, now, now + 1],
    inNext === undefined ? [] : [now, now + 1, now + durationMs(inNext), now + durationMs(inNext) + 1],
  ];
  return bounds.flat();
}
