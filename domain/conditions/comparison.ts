import type { Duration } from '../instant.ts';

export type Scalar = string | number | boolean;

/** What a value must be like. All that is given must hold; how each is meant stands in docs/conditions.md. */
export interface Comparison {
  readonly is?: Scalar | undefined;
  readonly in?: readonly Scalar[] | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  /** Part of a text, or an element of a list. */
  readonly contains?: string | number | undefined;
  readonly startsWith?: string | undefined;
  /** A date means the whole day: neither before itself nor after itself. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  /** Later than `inLast` ago, up to now. */
  readonly inLast?: Duration | undefined;
  /** Later than now, up to `inNext` from now. */
  readonly inNext?: Duration | undefined;
  /** Whether anything is known at all. */
  readonly exists?: boolean | undefined;
}

/** In the order in which they are told. */
export const comparisonKeys = [
  'is',
  'in',
  'atLeast',
  'above',
  'atMost',
  'below',
  'contains',
  'startsWith',
  'after',
  'before',
  'inLast',
  'inNext',
  'exists',
] as const satisfies readonly (keyof Comparison)[];

/** `comparison` as several with one field each. */
export function partsOf(comparison: Comparison): readonly Comparison[] {
  return comparisonKeys.filter((key) => comparison[key] !== undefined).map((key) => ({ [key]: comparison[key] }));
}
