import { HOUR, type Instant, MINUTE, SECOND } from '../instant.ts';

/**
 * How long to wait after each failed attempt, as Standard Webhooks suggests ("Deliverability and reliability"): ten
 * attempts over three days and some hours, so that a receiver that is down over a weekend loses nothing.
 */
const PAUSES: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** Attempts after which a delivery is dead. */
export const MOST_ATTEMPTS = PAUSES.length + 1;

/** When to try again after the `attempts`-th attempt (from 1) failed at `now`; null: never, it is dead. */
export function retryAt(attempts: number, now: Instant): Instant | null {
  const pause = PAUSES[attempts - 1];
  return pause === undefined ? null : now + pause;
}
