import { dateOf, localDay, minuteOfDay, weekdayOf } from '../domain/calendar/local-time.ts';
import type { PageLanguage } from '../domain/consent/promise-in-words.ts';
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

/** An instant as people read it, to the minute, with the zone's name: `25 November 2026 at 10:05 CET`. */
export function momentInWords(instant: Instant, language: PageLanguage, timeZone: string): string {
  return new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone,
    timeZoneName: 'short',
  }).format(instant);
}
