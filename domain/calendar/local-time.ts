import { DAY, HOUR, type Instant, MINUTE } from '../instant.ts';
import { spellsOf } from './zone-spells.ts';

/** The number of a calendar day: days since 1970-01-01, whatever the zone. */
export type DayNumber = number;

export interface CalendarDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Further from UTC than any zone has ever been (Alaska, until 1867, was 15 hours and 2 minutes ahead). */
const FURTHEST = 16 * HOUR;

/** The day that `instant` falls on in `timeZone`. */
export function localDay(instant: Instant, timeZone: string): DayNumber {
  return Math.floor((instant + spellsOf(timeZone).at(instant).offset) / DAY);
}

/** The minutes that a clock in `timeZone` shows past midnight at `instant`: 0 to 1439, seconds cut off. */
export function minuteOfDay(instant: Instant, timeZone: string): number {
  const local = instant + spellsOf(timeZone).at(instant).offset;
  return Math.floor((local - Math.floor(local / DAY) * DAY) / MINUTE);
}

/**
 * The first instant at which a calendar and a clock in `timeZone` have reached `minute` minutes past midnight of `day`.
 * A time that exists twice, as clocks go back, is the first of the two; one that clocks jump over is the instant of the
 * jump, and so is every time of a day that a zone left out (Apia, 2011-12-30). A later local time is never an earlier
 * instant. `minute` may be past 1439 or negative: it then counts into the days beside.
 */
export function instantAt(day: DayNumber, minute: number, timeZone: string): Instant {
  const local = day * DAY + minute * MINUTE;
  const spells = spellsOf(timeZone);
  let spell = spells.at(local - FURTHEST);
  while (spell.until + spell.offset <= local) spell = spells.at(spell.until);
  return Math.max(spell.from, local - spell.offset);
}

/** The first instant of `day` in `timeZone`: not always midnight, which some zones skip in spring (Santiago, Cairo). */
export function startOfDay(day: DayNumber, timeZone: string): Instant {
  return instantAt(day, 0, timeZone);
}

/** 1 Monday to 7 Sunday (ISO 8601). */
export function weekdayOf(day: DayNumber): number {
  // 1970-01-01 was a Thursday.
  const sinceMonday = (day + 3) % 7;
  return (sinceMonday < 0 ? sinceMonday + 7 : sinceMonday) + 1;
}

/** The day of a date of the Gregorian calendar. A day past the month's last counts into the next month. */
export function dayOf(year: number, month: number, day: number): DayNumber {
  return Date.UTC(year, month - 1, day) / DAY;
}

export function dateOf(day: DayNumber): CalendarDate {
  const date = new Date(day * DAY);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}
