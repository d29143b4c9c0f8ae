import { z } from 'zod';

/** In the order of ISO 8601: Monday is 1. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

export const weekdaySchema = z.enum(weekdays, { error: `must be one of ${weekdays.join(', ')}` });

/** Minutes from 00:00 to 24:00. */
export const MINUTES_A_DAY = 24 * 60;

/** From `from` (included) to `to` (not included), in minutes since midnight by the clock on the wall. */
export interface MinuteSpan {
  readonly from: number;
  readonly to: number;
}

export const WHOLE_DAY: MinuteSpan = { from: 0, to: MINUTES_A_DAY };

/** A time of day as people write it. 24:00 is the end of the day (ISO 8601-1:2019/Amd 1:2022). */
export const timeOfDaySchema = z
  .string({ error: 'must be a time such as "08:00", in quotes' })
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time such as "08:00", at most "24:00"');

/** `HH:MM` in minutes since midnight. */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** What `spans` (ascending, apart) leave of a day. */
export function complement(spans: readonly MinuteSpan[]): MinuteSpan[] {
  const left: MinuteSpan[] = [];
  let from = 0;
  for (const span of spans) {
    if (span.from > from) left.push({ from, to: span.from });
    from = span.to;
  }
  if (from < MINUTES_A_DAY) left.push({ from, to: MINUTES_A_DAY });
  return left;
}
