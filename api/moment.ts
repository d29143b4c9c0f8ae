import { dateOf, localDay, minuteOfDay, weekdayOf } from '../domain/calendar/local-time.ts';
import type { Instant } from '../domain/instant.ts';

/** An instant as sentences name it: `2026-11-24 22:00:00 UTC`. */
export function moment(instant: Instant): string {
  return new Date(instant)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** An instant by the calendar and the clock of a zone: `Tue 9 Jun 2026 10:00 Europe/Berlin`. */
export function localMoment(instant: Instant, zone: string): string {
  const day = localDay(instant, zone);
  const { year, month, day: dayOfMonth } = dateOf(day);
  const minute = minuteOfDay(instant, zone);
  const two = (part: number) => String(part).padStart(2, '0');
  const time = `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
  return `${WEEKDAYS[weekdayOf(day) - 1]} ${dayOfMonth} ${MONTHS[month - 1]} ${year} ${time} ${zone}`;
}
