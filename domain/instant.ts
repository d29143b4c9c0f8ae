import { z } from 'zod';

/** A point in time: milliseconds since 1970-01-01T00:00Z. */
export type Instant = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const count = z.number().int('must be a whole number').nonnegative('must not be negative');

/** A length of time as marketers write it: `{ days: 2, hours: 12 }`. A day is 24 hours. */
export const durationSchema = z
  .strictObject(
    { days: count.optional(), hours: count.optional(), minutes: count.optional(), seconds: count.optional() },
    // What is misspelt is named by itself.
    {
      error: ({ code }) =>
        code === 'invalid_type' ? 'must be a length of time such as { days: 2, hours: 12 }' : undefined,
    },
  )
  .refine((duration) => durationMs(duration) > 0, 'must be longer than nothing, for example { days: 2 }')
  .refine((duration) => durationMs(duration) <= 3_660 * DAY, 'must be at most ten years');

export interface Duration {
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
}

/** The length of `duration` in milliseconds. */
export function durationMs(duration: Duration): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0 } = duration;
  return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND;
}

/** The earliest of the given instants; null stands for "never". */
export function earliest(...instants: readonly (Instant | null)[]): Instant | null {
  let first: Instant | null = null;
  for (const instant of instants) if (instant !== null && (first === null || instant < first)) first = instant;
  return first;
}
