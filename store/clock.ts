import type { Instant } from '../domain/instant.ts';

/** Where every deciding operation gets its `now`. In time-skipping tests it is the test server's clock. */
export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => Date.now() };
