import type { Count } from './interval.ts';

/**
 * The least that anything is said about. Below it an interval would reach from "never" to "always", and people read the
 * number, not the interval. Five wins and five others: with fewer, no split of them can be told from chance.
 */
export const GUARD = { with: 20, without: 20, won: 5, notWon: 5 } as const;

/** What is missing in all handoffs together before anything can be said, in words; null: enough. */
export function shortOfOutcomes({ n, won }: Count): string | null {
  if (won < GUARD.won) return `not enough outcomes yet: ${won} of ${GUARD.won} won`;
  if (n - won < GUARD.notWon) return `not enough outcomes yet: ${n - won} of ${GUARD.notWon} not won`;
  return null;
}

/** The same of a comparison of `some` with `others`. */
export function shortOfCases(some: number, others: number, words: { some: string; others: string }): string | null {
  if (some < GUARD.with) return `not enough outcomes yet: ${some} of ${GUARD.with} ${words.some}`;
  if (others < GUARD.without) return `not enough outcomes yet: ${others} of ${GUARD.without} ${words.others}`;
  return null;
}
