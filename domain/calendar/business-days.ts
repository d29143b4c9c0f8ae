import { type Instant, MINUTE } from '../instant.ts';
import type { Calendar } from './calendar.ts';
import { type HolidaysOf, holidayOn } from './holidays.ts';
import { type DayNumber, instantAt, localDay, minuteOfDay, weekdayOf } from './local-time.ts';

/** True from Monday to Friday, unless the day is a public holiday of the country or region. */
export function isBusinessDay(day: DayNumber, calendar: HolidaysOf): boolean {
  return weekdayOf(day) <= 5 && holidayOn(day, calendar) === null;
}

/**
 * The same local time, to the second, `n` business days after `from`; `n` is whole and not negative, and 0 gives `from`.
 * The day of `from` never counts: one business day after a Friday, a Saturday or a Sunday is the Monday, so what starts
 * on a Saturday goes on as if it had started on the Friday before, at that time. A local time that clocks jump over is
 * the instant of the jump; where that would be the day after, or the zone leaves the whole day out, the day is not counted.
 */
export function addBusinessDays(
  from: Instant,
  n: number,
  calendar: Pick<Calendar, 'zone' | 'country' | 'region'>,
): Instant {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`${n} is no number of business days`);
  const { zone } = calendar;
  const minute = minuteOfDay(from, zone);
  const withinMinute = from - Math.floor(from / MINUTE) * MINUTE;
  let at = from;
  for (let day = localDay(from, zone) + 1, left = n; left > 0; day++) {
    if (!isBusinessDay(day, calendar)) continue;
    const next = instantAt(day, minute, zone) + withinMinute;
    if (localDay(next, zone) !== day) continue;
    at = next;
    left -= 1;
  }
  return at;
}
