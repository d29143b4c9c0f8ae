import { spellsOf } from '../calendar/zone-spells.ts';
import { DAY, type Instant, MINUTE } from '../instant.ts';
import type { MinuteSpan } from './time-of-week.ts';

/** When a day (days since 1970-01-01) is open, by the clock on the wall. */
export type OpeningHours = (day: number) => readonly MinuteSpan[];

/** Opening hours that a valid policy can state come again within days, whatever the holidays. */
const LONGEST_CLOSED = 366 * DAY;

/**
 * The earliest instant from `from` on at which `hours` are open in `zone`. Exact where the clock changes: an hour that
 * comes twice is open twice, and one that does not come is not open.
 *
 * Throws when nothing opens within a year: no policy that was accepted says so.
 */
export function nextOpen(hours: OpeningHours, zone: string, from: Instant): Instant {
  const spells = spellsOf(zone);
  let at = from;
  while (at < from + LONGEST_CLOSED) {
    const { offset, until } = spells.at(at);
    const day = Math.floor((at + offset) / DAY);
    const midnight = day * DAY - offset;
    const end = Math.min(until, midnight + DAY);
    const opens = earliestIn(hours(day), midnight, at, end);
    if (opens !== null) return opens;
    at = end;
  }
  throw new Error(`nothing is open in ${zone} within a year of ${from}`);
}

/** The earliest instant from `from` on and before `end` that is in one of `spans`, which count from `midnight`. */
function earliestIn(spans: readonly MinuteSpan[], midnight: Instant, from: Instant, end: Instant): Instant | null {
  let earliest: Instant | null = null;
  for (const span of spans) {
    const opens = Math.max(midnight + span.from * MINUTE, from);
    const closes = Math.min(midnight + span.to * MINUTE, end);
    if (opens < closes && (earliest === null || opens < earliest)) earliest = opens;
  }
  return earliest;
}
