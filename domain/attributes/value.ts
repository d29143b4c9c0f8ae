import { booleanIn, caseless, instantIn, isKnown, numberIn, textIn } from '../conditions/read-value.ts';
import type { Json } from '../interaction/interaction.ts';

export const attributeTypes = ['text', 'number', 'boolean', 'date', 'choice'] as const;
export type AttributeType = (typeof attributeTypes)[number];

export interface ValueType {
  readonly type: AttributeType;
  /** For `choice`: what may be chosen. */
  readonly choices?: readonly string[] | undefined;
}

/** A value as its type has it; null when it says that nobody knows. `problem` says what would be right. */
export type FittedValue = { readonly value: Json } | { readonly problem: string };

/** Reads `value` as `type`: what people and systems write for one and the same thing becomes one value. */
export function fitValue(type: ValueType, value: Json): FittedValue {
  // An emptied form field is no answer.
  if (!isKnown(value)) return { value: null };
  switch (type.type) {
    case 'text':
      // A postcode or customer number may come as a number.
      return orProblem(textIn(value), 'must be a text');
    case 'number':
      return orProblem(numberIn(value), 'must be a number, such as 1200 or 0.5');
    case 'boolean':
      return orProblem(yesOrNo(value), 'must be true or false (or yes or no)');
    case 'date':
      return orProblem(
        dateIn(value),
        'must be a date, such as 2027-03-31, or an instant, such as 2027-03-31T10:00:00Z',
      );
    case 'choice': {
      const choices = type.choices ?? [];
      return orProblem(chosen(choices, value), `must be one of ${choices.join(', ')}`);
    }
    default:
      throw new Error(`unknown attribute type ${type.type satisfies never}`);
  }
}

function orProblem(value: Json, problem: string): FittedValue {
  return value === null ? { problem } : { value };
}

function yesOrNo(value: Json): boolean | null {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : null;
  return text === 'yes' ? true : text === 'no' ? false : booleanIn(value);
}

/** A calendar day stays one; an instant is written in UTC. */
function dateIn(value: Json): string | null {
  const instant = instantIn(value);
  const text = textIn(value);
  if (instant === null || text === null) return null;
  return text.length === '2027-03-31'.length ? text : new Date(instant).toISOString();
}

function chosen(choices: readonly string[], value: Json): string | null {
  const text = textIn(value);
  if (text === null) return null;
  return choices.find((choice) => caseless(choice) === caseless(text)) ?? null;
}
