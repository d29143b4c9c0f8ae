import { dateOf, instantAt, localDay, minuteOfDay, weekdayOf } from '../calendar/local-time.ts';
import type { Instant } from '../instant.ts';

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** `Tue 2027-03-02 09:00`, by the clock of `zone`. */
export function minuteInWords(instant: Instant, zone: string): string {
  const day = localDay(instant, zone);
  return `${WEEKDAYS[weekdayOf(day) - 1]} ${localMinute(instant, zone).replace('T', ' ')}`;
}

/** `2027-03-02T09:00`, as stories write it. */
export function localMinute(instant: Instant, zone: string): string {
  const { year, month, day } = dateOf(localDay(instant, zone));
  const minute = minuteOfDay(instant, zone);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d))?$/;

/** The instant of `2027-03-02T09:00` by the clock of `zone`, of `2027-03-02` at its first, or of an instant with its own zone. */
export function instantOf(text: string, zone: string): Instant | null {
  const parts = LOCAL.exec(text.trim());
  if (parts === null)
    return /[zZ]|[+-]\d\d:\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : null;
  const [year, month, date, hour = 0, minute = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const utc = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, date));
  // 31 April is no date.
  if (utc.getUTCMonth() + 1 !== month || utc.getUTCDate() !== date || hour > 23 || minute > 59) return null;
  return instantAt(utc.getTime() / 86_400_000, hour * 60 + minute, zone);
}
