import { ISO_DATE, instantIn } from '../conditions/read-value.ts';
import type { Json } from '../interaction/interaction.ts';

/** A calendar date; the year may be unknown, as many give their birthday without it. */
export interface DateOfYear {
  readonly year: number | null;
  /** 1 to 12 */
  readonly month: number;
  /** 1 to 31 */
  readonly day: number;
}

const WITHOUT_YEAR = /^--(\d{2})-?(\d{2})$/;

/** The date that `value` says: `1985-04-12`, an instant's day as written, or `--04-12` (ISO 8601:2000). Null: none. */
export function dateOfYearIn(value: Json): DateOfYear | null {
  if (typeof value !== 'string') return null;
  const text = value.trim();
  const short = WITHOUT_YEAR.exec(text);
  // 2000 was a leap year: 29 February is a date.
  if (short !== null)
    return instantIn(`2000-${short[1]}-${short[2]}`) === null ? null : partsOf(null, short[1], short[2]);
  const parts = ISO_DATE.exec(text);
  return parts === null || instantIn(text) === null ? null : partsOf(Number(parts[1]), parts[2], parts[3]);
}

function partsOf(year: number | null, month: string | undefined, day: string | undefined): DateOfYear {
  return { year, month: Number(month), day: Number(day) };
}
