import { DAY, HOUR } from '../instant.ts';
import type { Calendar } from './calendar.ts';
import { holidayLibrary } from './holiday-library.ts';
import { type DayNumber, dateOf, dayOf } from './local-time.ts';

/** Whose holidays, as a calendar has it. */
export type HolidaysOf = Pick<Calendar, 'country' | 'region'>;

/**
 * The name, in the country's language, of a public holiday on `day`; null for none. Without a region only holidays of
 * the whole country count, without a country none. A day that is free from noon on only (Iceland, 24 December) is none,
 * and neither are days on which just banks, schools or offices close. The dates come from the library `date-holidays`;
 * what a government decrees a few weeks ahead is not in it.
 */
export function holidayOn(day: DayNumber, { country, region }: HolidaysOf): string | null {
  if (country === null) return null;
  let ofCountry = holidays.get(country);
  if (ofCountry === undefined) {
    ofCountry = new Map();
    holidays.set(country, ofCountry);
  }
  let found = ofCountry.get(region);
  if (found === undefined) {
    found = new PublicHolidays(country, region);
    ofCountry.set(region, found);
  }
  return found.on(day);
}

const holidays = new Map<string, Map<string | null, PublicHolidays>>();

/** The holidays of one country or region, found year by year as they are asked for. */
class PublicHolidays {
  readonly #country: string;
  readonly #region: string | null;
  readonly #names = new Map<DayNumber, string>();
  readonly #years = new Set<number>();
  /** Days of which all is known: from this one to before that one. */
  #known: readonly [DayNumber, DayNumber] = [0, 0];

  constructor(country: string, region: string | null) {
    this.#country = country;
    this.#region = region;
  }

  on(day: DayNumber): string | null {
    const [from, until] = this.#known;
    if (day < from || day >= until) {
      const { year } = dateOf(day);
      // Days off that begin in December may last into January.
      this.#find(year - 1);
      this.#find(year);
      this.#known = [dayOf(year, 1, 1), dayOf(year + 1, 1, 1)];
    }
    return this.#names.get(day) ?? null;
  }

  #find(year: number): void {
    if (this.#years.has(year)) return;
    this.#years.add(year);
    const Holidays = holidayLibrary();
    const options = { types: ['public' as const] };
    const library =
      this.#region === null ? new Holidays(this.#country, options) : new Holidays(this.#country, this.#region, options);
    for (const { date, start, end, name } of library.getHolidays(year)) {
      const [, inYear, inMonth, ofDay, hour] = /^(\d+)-(\d+)-(\d+) (\d+)/.exec(date) ?? [];
      if (hour !== '00') continue;
      const first = dayOf(Number(inYear), Number(inMonth), Number(ofDay));
      // A day at which clocks go forward has 23 hours; a last day that is free until noon only does not count.
      const days = Math.max(1, Math.floor((end.getTime() - start.getTime() + 2 * HOUR) / DAY));
      for (let day = first; day < first + days; day++) if (!this.#names.has(day)) this.#names.set(day, name);
    }
  }
}
