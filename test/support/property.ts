import fc from 'fast-check';

/** More cases by an environment variable: `TEND_TEST_SCALE=20` runs twenty times as many. */
export const SCALE = Math.max(1, Number(process.env.TEND_TEST_SCALE ?? 1));

/**
 * The seed of this run's random cases: printed, and set again with TEND_TEST_SEED to repeat a failure. It is fixed by
 * default, so that a run says the same today and tomorrow.
 */
export const SEED = Number(process.env.TEND_TEST_SEED ?? 20_261_121);

fc.configureGlobal({ seed: SEED });

/** A small repeatable source of randomness for tests that choose as they go (mulberry32). */
export function randomFrom(seed: number): { below(limit: number): number; pick<T>(items: readonly T[]): T } {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}
