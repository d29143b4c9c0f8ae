import { compare, equals } from './compare.ts';
import { type Comparison, comparisonKeys, type Scalar } from './comparison.ts';
import { endOf, instantIn, numberIn, startOf } from './read-value.ts';

/** Why no value whatever can be as a comparison wants it. `key` is the field to mend first. */
export interface Contradiction {
  readonly key: keyof Comparison;
  readonly problem: string;
}

/**
 * The first contradiction in `comparison`, or null. What it reports is certain: no value, at no time, satisfies the
 * comparison. It does not look for every one that can be thought of (a text that starts with "x" and is at least 5).
 */
export function contradictionIn(comparison: Comparison): Contradiction | null {
  return (
    inExists(comparison) ??
    inKinds(comparison) ??
    inNumbers(comparison) ??
    inDates(comparison) ??
    inNamedValues(comparison)
  );
}

function inExists(comparison: Comparison): Contradiction | null {
  if (comparison.exists !== false) return null;
  const other = given(comparison, comparisonKeys).find((key) => key !== 'exists');
  if (other === undefined) return null;
  return { key: 'exists', problem: `what is not known has no value for ${other}: leave out one of the two` };
}

const NUMERIC = ['atLeast', 'above', 'atMost', 'below'] as const;
const DATED = ['after', 'before', 'inLast', 'inNext'] as const;

function inKinds(comparison: Comparison): Contradiction | null {
  const [numeric] = given(comparison, NUMERIC);
  const [dated] = given(comparison, DATED);
  if (numeric === undefined || dated === undefined) return null;
  return { key: dated, problem: `asks for a date, and ${numeric} for a number: no value is both, so leave out one` };
}

function inNumbers(comparison: Comparison): Contradiction | null {
  const { atLeast = -Infinity, above = -Infinity, atMost = Infinity, below = Infinity } = comparison;
  const [low, lowKey] = above >= atLeast ? ([above, 'above'] as const) : ([atLeast, 'atLeast'] as const);
  const [high, highKey] = below <= atMost ? ([below, 'below'] as const) : ([atMost, 'atMost'] as const);
  const open = lowKey === 'above' || highKey === 'below';
  if (low < high || (low === high && !open)) return null;
  return {
    key: highKey,
    problem: `no number is ${WORDS[lowKey]} ${low} and ${WORDS[highKey]} ${high}: raise this one, or lower ${lowKey}`,
  };
}

const WORDS = { atLeast: 'at least', above: 'above', atMost: 'at most', below: 'below' } as const;

function inDates({ after, before, inLast, inNext }: Comparison): Contradiction | null {
  if (inLast !== undefined && inNext !== undefined) {
    return {
      key: 'inNext',
      problem: 'lies ahead, and inLast lies behind: leave out one, or put two conditions into any: [..]',
    };
  }
  if (after === undefined || before === undefined || endOf(after) < startOf(before)) return null;
  return {
    key: 'before',
    problem: `no date is after ${after} and before ${before}: name a later date here, or an earlier one in after`,
  };
}

/** Where values are named, one of them must be as the other fields want it. */
function inNamedValues(comparison: Comparison): Contradiction | null {
  const { is, in: list } = comparison;
  const named = list ?? (is === undefined ? undefined : [is]);
  if (named === undefined) return null;
  if (named.length === 0) return { key: 'in', problem: 'nothing is in an empty list: name at least one value' };
  if (named.flatMap(formsOf).some((value) => fits(comparison, value))) return null;
  const key = list === undefined ? 'is' : 'in';
  const others = given(comparison, comparisonKeys).filter((other) => other !== key && other !== 'exists');
  return { key, problem: `no value given here satisfies ${others.join(' and ')} as well: change one of them` };
}

/** `value` in each form in which it may come: as itself, and where it is a number or an answer, as that or as text. */
function formsOf(value: Scalar): readonly Scalar[] {
  if (typeof value === 'boolean') return [value, String(value)];
  const number = numberIn(value);
  return number === null ? [value] : [value, number];
}

function fits(comparison: Comparison, value: Scalar): boolean {
  const { is, inLast, inNext, atLeast, above, atMost, below, after, before, contains, startsWith } = comparison;
  if (is !== undefined && equals(value, is) !== 'true') return false;
  if ((inLast !== undefined || inNext !== undefined) && instantIn(value) === null) return false;
  // A number may be written in many ways, so nothing is certain about its text.
  const text = numberIn(value) === null ? { contains, startsWith } : {};
  return compare({ atLeast, above, atMost, below, after, before, ...text }, value, 0) === 'true';
}

function given<K extends keyof Comparison>(comparison: Comparison, keys: readonly K[]): readonly K[] {
  return keys.filter((key) => comparison[key] !== undefined);
}
