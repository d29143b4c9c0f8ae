import type { Instant } from '../instant.ts';
import { type CalendarDate, dateOf, dayOf, instantAt, localDay, startOfDay, weekdayOf } from './local-time.ts';

/**
 * The first instant from `from` on at which it is `minuteOfDay` minutes past midnight in `zone` on one of `weekdays` (1
 * Monday to 7 Sunday, at least one). Where clocks jump over that time it is the instant of the jump.
 */
export function nextWeekdayAt(from: Instant, weekdays: readonly number[], minuteOfDay: number, zone: string): Instant {
  // A day early: a zone that turns back over midnight (St John's until 2011) shows a day again after its next one began.
  for (let day = localDay(from, zone) - 1, end = day + 16; day < end; day++) {
    if (!weekdays.includes(weekdayOf(day))) continue;
    // A zone may leave a whole day out (Apia, 2011-12-30): what waits for that weekday waits for the next one.
    if (startOfDay(day, zone) === startOfDay(day + 1, zone)) continue;
    const at = instantAt(day, minuteOfDay, zone);
    if (at >= from) return at;
  }
  throw new RangeError(`no weekday from 1 to 7 in [${weekdays.join(', ')}]`);
}

/** The day of a date in `year`; 29 February is 28 February where the year has none. */
function dayInYear(year: number, { month, day }: Omit<CalendarDate, 'year'>): number {
  const number = dayOf(year, month, day);
  return month === 2 && day === 29 && dateOf(number).month !== 2 ? number - 1 : number;
}

/**
 * The first instant from `from` on that is `offsetDays` days after (before, if negative) the date `month`-`day` of some
 * year, at `minuteOfDay` in `zone`. A birthday on 29 February falls on 28 February in other years.
 */
export function yearlyOccurrence(
  date: { readonly month: number; readonly day: number },
  offsetDays: number,
  minuteOfDay: number,
  zone: string,
  from: Instant,
): Instant {
  const today = localDay(from, zone);
  // The year of the date itself: with an offset of 400 days it is not the year of the occurrence.
  for (let { year } = dateOf(today - offsetDays - 2); ; year++) {
    const at = instantAt(dayInYear(year, date) + offsetDays, minuteOfDay, zone);
    if (at >= from) return at;
  }
}

/** `minuteOfDay` in `zone`, `offsetDays` days after (before, if negative) a date. */
export function dateAt(date: CalendarDate, offsetDays: number, minuteOfDay: number, zone: string): Instant {
  return instantAt(dayOf(date.year, date.month, date.day) + offsetDays, minuteOfDay, zone);
}
