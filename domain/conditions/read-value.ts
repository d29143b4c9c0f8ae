import { DAY, type Instant, MINUTE } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';

/** Values come as forms, imports and shops send them: numbers, dates and answers often as text. Null: it is none. */

/** True for a value that says something. Null and blank text do not: a form sends an empty field as `""`. */
export function isKnown(value: Json | undefined): value is Exclude<Json, null> {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
/** 1.200 is one thousand two hundred in Germany and one and a bit in England. Whose it is nobody can tell: no number. */
const ONE_OR_A_THOUSAND = /^[+-]?[1-9]\d{0,2}\.\d{3}$/;

/** The number that `value` is, or that its text is: `120`, `"120"`, `" 99.5 "`. */
export function numberIn(value: Json): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (!NUMBER.test(text) || ONE_OR_A_THOUSAND.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

/** The answer that `value` is, or that its text is: `true`, `"True"`. */
export function booleanIn(value: Json): boolean | null {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return null;
  const text = value.trim().toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : null;
}

/** The text that `value` is, or as which its number is written, without blanks around it. */
export function textIn(value: Json): string | null {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' ? String(value) : null;
}

/**
 * `text` in a form that is the same for upper and lower case, whatever keyboard it was typed on. Lowered, then raised:
 * each alone keeps letters apart that are one (ẞ and ß and SS; the Greek final sigma).
 */
export function caseless(text: string): string {
  return text.normalize('NFC').toLowerCase().toUpperCase();
}

/** An ISO 8601 date, or an instant with or without zone: `2026-11-03`, `2026-11-03T10:00:00+01:00`. */
export const ISO_DATE =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?)?$/;

/** The instant that the text `value` is. A date counts from its midnight in UTC; a time without zone is UTC too. */
export function instantIn(value: Json): Instant | null {
  if (typeof value !== 'string') return null;
  const parts = ISO_DATE.exec(value.trim());
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((index) => Number(parts[index] ?? 0));
  const [offsetHours, offsetMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (hour! > 23 || minute! > 59 || second! > 59 || offsetHours > 23 || offsetMinutes > 59) return null;
  const midnight = Date.UTC(year!, month! - 1, day);
  // Date.UTC makes 2 March of 30 February.
  if (!new Date(midnight).toISOString().startsWith(`${parts[1]}-${parts[2]}-${parts[3]}`)) return null;
  const time = ((hour! * 60 + minute!) * 60 + second!) * 1_000 + Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offset = (offsetHours * 60 + offsetMinutes) * MINUTE;
  return midnight + time + (parts[8] === '-' ? offset : -offset);
}

/** The first instant that is before `date` no more: the day's midnight, or the instant itself. */
export function startOf(date: string): Instant {
  return instantIn(date) ?? Number.NaN;
}

/** The first instant that is after `date`: the next midnight, or a millisecond after the instant. */
export function endOf(date: string): Instant {
  return startOf(date) + (date.trim().length === '2026-11-03'.length ? DAY : 1);
}
