import fc from 'fast-check';
import { DateTime, IANAZone } from 'luxon';
import { describe, expect, it } from 'vitest';
import { addBusinessDays, isBusinessDay } from '../../domain/calendar/business-days.ts';
import {
  dateOf,
  dayOf,
  instantAt,
  localDay,
  minuteOfDay,
  startOfDay,
  weekdayOf,
} from '../../domain/calendar/local-time.ts';
import { nextWeekdayAt, yearlyOccurrence } from '../../domain/calendar/next-occurrence.ts';
import { spellsOf } from '../../domain/calendar/zone-spells.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { SCALE } from '../support/property.ts';

const zones = Intl.supportedValuesOf('timeZone');
const zone = fc.constantFrom(...zones);
const FIRST = Date.UTC(1972, 0, 1);
const LAST = Date.UTC(2040, 0, 1);
const minute = fc.integer({ min: 0, max: 1439 });

/** The changes of clocks of a zone in a few years, and what is known of odd ones. */
const YEARS = [Date.UTC(2011, 0, 1), Date.UTC(2026, 0, 1)];
function changesOf(name: string): number[] {
  return YEARS.flatMap((begin) => {
    const changes: number[] = [];
    for (let at = begin; at < begin + 2 * 366 * DAY; at = spellsOf(name).at(at).until) changes.push(at);
    return changes;
  });
}

/** An instant of a zone: anywhere, or within two days of a change of its clocks. */
const zoned = fc.oneof(
  fc.record({ name: zone, instant: fc.integer({ min: FIRST, max: LAST }) }),
  zone.chain((name) =>
    fc.record({
      name: fc.constant(name),
      instant: fc
        .tuple(fc.constantFrom(...changesOf(name)), fc.integer({ min: -2 * DAY, max: 2 * DAY }))
        .map(([change, away]) => change + away),
    }),
  ),
);

const luxonDay = (instant: number, name: string) => {
  const { year, month, day } = DateTime.fromMillis(instant, { zone: name });
  return dayOf(year, month, day);
};

describe('local time in every zone', () => {
  it('is what luxon says', () => {
    fc.assert(
      fc.property(zoned, ({ name, instant }) => {
        const local = DateTime.fromMillis(instant, { zone: name });
        expect(localDay(instant, name)).toBe(luxonDay(instant, name));
        expect(minuteOfDay(instant, name)).toBe(local.hour * 60 + local.minute);
        expect(weekdayOf(localDay(instant, name))).toBe(local.weekday);
        expect(dateOf(localDay(instant, name))).toEqual({ year: local.year, month: local.month, day: local.day });
      }),
      { numRuns: 20_000 * SCALE },
    );
  });

  it('begins a stretch of one offset exactly where luxon’s offset changes', () => {
    for (const name of zones) {
      const oracle = IANAZone.create(name);
      for (const change of changesOf(name)) {
        const spell = spellsOf(name).at(change);
        for (const at of [spell.from, spell.until - 1, spell.until]) {
          expect([name, at, spellsOf(name).at(at).offset]).toEqual([name, at, Math.round(oracle.offset(at) * MINUTE)]);
        }
      }
    }
  });

  it('goes to an instant and back', () => {
    fc.assert(
      fc.property(zoned, ({ name, instant }) => {
        const [day, minute] = [localDay(instant, name), minuteOfDay(instant, name)];
        const at = instantAt(day, minute, name);
        // The same minute, or the first of the two that show this time.
        expect(at).toBeLessThanOrEqual(instant);
        expect([localDay(at, name), minuteOfDay(at, name)]).toEqual([day, minute]);
        expect(startOfDay(day, name)).toBeLessThanOrEqual(instant);
        expect(localDay(startOfDay(day, name), name)).toBe(day);
      }),
      { numRuns: 20_000 * SCALE },
    );
  });

  it('is the first instant at which the clocks have come that far', () => {
    fc.assert(
      fc.property(zoned, minute, ({ name, instant }, minute) => {
        const day = localDay(instant, name);
        const at = instantAt(day, minute, name);
        const local = (at: number) => localDay(at, name) * 1440 + minuteOfDay(at, name);
        expect(local(at)).toBeGreaterThanOrEqual(day * 1440 + minute);
        // No instant in the day and a half before has come that far.
        for (const before of [1, MINUTE, 29 * MINUTE, 31 * MINUTE, HOUR, 2 * HOUR, 25 * HOUR, 36 * HOUR]) {
          expect(local(at - before)).toBeLessThan(day * 1440 + minute);
        }
      }),
      { numRuns: 10_000 * SCALE },
    );
  });

  it('never makes a later local time an earlier instant', () => {
    fc.assert(
      fc.property(zoned, minute, fc.integer({ min: 0, max: 3 }), minute, ({ name, instant }, one, days, other) => {
        const day = localDay(instant, name);
        const [earlier, later] = days === 0 && other < one ? [other, one] : [one, other];
        expect(instantAt(day, earlier, name)).toBeLessThanOrEqual(instantAt(day + days, later, name));
        expect(startOfDay(day, name)).toBeLessThanOrEqual(startOfDay(day + 1, name));
      }),
      { numRuns: 10_000 * SCALE },
    );
  });
});

describe('business days', () => {
  it('are never a weekend or holiday, and each comes after the one before at the same local time', () => {
    const where = fc.constantFrom(
      { country: 'DE', region: 'BY' },
      { country: 'US', region: null },
      { country: 'EG', region: null },
      { country: null, region: null },
    );
    fc.assert(
      fc.property(zoned, where, fc.integer({ min: 1, max: 12 }), ({ name, instant }, where, n) => {
        const calendar = { ...where, zone: name };
        const steps = Array.from({ length: n + 1 }, (_, count) => addBusinessDays(instant, count, calendar));
        expect(steps[0]).toBe(instant);
        for (const [index, at] of steps.entries()) {
          if (index === 0) continue;
          expect(isBusinessDay(localDay(at, name), calendar)).toBe(true);
          expect(at).toBeGreaterThan(steps[index - 1] as number);
          const time = minuteOfDay(instant, name);
          if (minuteOfDay(at, name) !== time) {
            expect(at - instantAt(localDay(at, name), time, name)).toBeLessThan(MINUTE);
          }
          // Nothing between this one and the next is left out.
          const before = localDay(steps[index - 1] as number, name);
          for (let day = before + 1; day < localDay(at, name); day++) {
            const there = localDay(instantAt(day, time, name), name) === day;
            expect(there && isBusinessDay(day, calendar)).toBe(false);
          }
        }
      }),
      { numRuns: 2_000 * SCALE },
    );
  });
});

describe('the next occurrence', () => {
  it('of weekdays is on or after the instant, and none was between', () => {
    const weekdays = fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
    fc.assert(
      fc.property(zoned, weekdays, minute, ({ name, instant }, weekdays, minute) => {
        const at = nextWeekdayAt(instant, weekdays, minute, name);
        expect(at).toBeGreaterThanOrEqual(instant);
        const earlier = Array.from({ length: 16 }, (_, away) => localDay(instant, name) - 1 + away)
          .filter((day) => weekdays.includes(weekdayOf(day)) && startOfDay(day, name) < startOfDay(day + 1, name))
          .map((day) => instantAt(day, minute, name))
          .filter((each) => each >= instant);
        expect(at).toBe(Math.min(...earlier));
        expect(nextWeekdayAt(at, weekdays, minute, name)).toBe(at);
      }),
      { numRuns: 5_000 * SCALE },
    );
  });

  it('of a yearly date comes within a year and a day, and not before the instant', () => {
    const date = fc.integer({ min: 0, max: 365 }).map((day) => dateOf(dayOf(2028, 1, 1) + day));
    fc.assert(
      fc.property(
        zoned,
        date,
        fc.integer({ min: -800, max: 800 }),
        minute,
        ({ name, instant }, date, offset, minute) => {
          const at = yearlyOccurrence(date, offset, minute, name, instant);
          expect(at).toBeGreaterThanOrEqual(instant);
          expect(at - instant).toBeLessThan(368 * DAY);
          const year = dateOf(localDay(instant, name) - offset).year;
          const all = [-2, -1, 0, 1, 2].map((more) => {
            const leap = DateTime.utc(year + more).isInLeapYear;
            const day = date.month === 2 && date.day === 29 && !leap ? 28 : date.day;
            return instantAt(dayOf(year + more, date.month, day) + offset, minute, name);
          });
          expect(at).toBe(Math.min(...all.filter((each) => each >= instant)));
        },
      ),
      { numRuns: 1_000 * SCALE },
    );
  });
});
