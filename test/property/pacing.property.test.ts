import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import type { Calendar } from '../../domain/calendar/calendar.ts';
import { holidayOn } from '../../domain/calendar/holidays.ts';
import { localDay } from '../../domain/calendar/local-time.ts';
import type { FrequencyPromise } from '../../domain/consent/consent.ts';
import { DAY, durationMs, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import {
  isAllowed,
  nextAllowed,
  type PaceFacts,
  type PaceReason,
  type SentMail,
} from '../../domain/pacing/next-allowed.ts';
import { type PacingPolicy, spansOf, windowsOf } from '../../domain/pacing/policy.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import { throttle } from '../../domain/pacing/throttle.ts';
import { weekdays } from '../../domain/pacing/time-of-week.ts';
import { type Candidate, inTurn } from '../../domain/pacing/turn.ts';
import { SCALE } from '../support/property.ts';

/** Zones whose clocks change at 2, at 1, at midnight, by half an hour, twice around a month, or never. */
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Santiago',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Pacific/Apia',
];

/** Around changes of clocks in the zones above, around Christmas, a leap day, and any time. */
const around = [
  Date.UTC(2027, 2, 28, 1),
  Date.UTC(2027, 9, 31, 1),
  Date.UTC(2027, 2, 14, 7),
  Date.UTC(2026, 10, 1, 6),
  Date.UTC(2027, 3, 4, 3),
  Date.UTC(2027, 3, 29, 22),
  Date.UTC(2027, 9, 28, 21),
  Date.UTC(2027, 1, 7, 2),
  Date.UTC(2027, 3, 3, 15),
  // Samoa crossed the date line: the 30th of December 2011 did not come there.
  Date.UTC(2011, 11, 30, 10),
  Date.UTC(2026, 11, 25),
  Date.UTC(2028, 1, 29),
];
const instant = fc
  .record({ base: fc.constantFrom(...around), by: fc.integer({ min: -3 * DAY, max: 2 * DAY }) })
  .map(({ base, by }) => base + by);

const purposes = ['newsletter', 'offers'] as const;
const purpose = fc.constantFrom<string>(...purposes);
const time = fc
  .integer({ min: 0, max: 24 * 4 })
  .map(
    (quarters) =>
      `${String(Math.floor(quarters / 4)).padStart(2, '0')}:${String((quarters % 4) * 15).padStart(2, '0')}`,
  );
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const sendOrWait = fc.constantFrom('send', 'wait');

const policy: fc.Arbitrary<PacingPolicy> = fc
  .record({
    caps: fc.array(
      fc.record({
        purpose: optional(purpose),
        max: fc.integer({ min: 1, max: 3 }),
        days: fc.integer({ min: 1, max: 4 }),
      }),
      { maxLength: 2 },
    ),
    spacing: fc.constantFrom('none', { hours: 20 }, { minutes: 90 }, { hours: 23, seconds: 17 }),
    windows: fc.array(
      fc.record({
        purpose: optional(purpose),
        weekdays: optional(fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 6 })),
        from: time,
        to: time,
      }),
      { maxLength: 3 },
    ),
    quiet: optional(fc.record({ from: time, to: time })),
    weekends: sendOrWait,
    holidays: sendOrWait,
  })
  .map((content) => pacingSchema.safeParse({ key: 'default', name: 'P', timeZone: 'UTC', ...content }))
  .filter(({ success }) => success)
  .map(({ data }) => data as PacingPolicy);

const promise: fc.Arbitrary<FrequencyPromise | null> = fc.option(
  fc.record({ max: fc.integer({ min: 1, max: 2 }), days: fc.integer({ min: 1, max: 3 }) }),
);

const calendar: fc.Arbitrary<Calendar> = fc.record({
  zone: fc.constantFrom(...zones),
  zoneFrom: fc.constant<'stated'>('stated'),
  country: fc.constantFrom('DE', 'US', null),
  region: fc.constant(null),
});

const cases: fc.Arbitrary<{ facts: PaceFacts; now: Instant }> = fc
  .record({
    policy,
    purpose,
    promise,
    ownLimit: promise,
    calendar,
    now: instant,
    ago: fc.array(fc.tuple(fc.nat(5 * DAY), purpose), { maxLength: 6 }),
  })
  .map(({ now, ago, ...rest }) => {
    const sent = ago.map(([by, of]): SentMail => ({ at: now - by, purpose: of })).sort((a, b) => a.at - b.at);
    return { now, facts: { ...rest, sent } };
  });

/** Where an answer could begin: each whole minute from `from` to `to`, and the ends of what slides by the millisecond. */
function* candidates(
  { sent, policy, promise, ownLimit = null }: PaceFacts,
  from: Instant,
  to: Instant,
): Generator<Instant> {
  for (let at = from; at < to; at = (Math.floor(at / MINUTE) + 1) * MINUTE) yield at;
  for (const { at } of sent) {
    if (policy.spacing !== 'none') yield at + durationMs(policy.spacing);
    if (promise !== null) yield at + promise.days * DAY;
    if (ownLimit !== null) yield at + ownLimit.days * DAY;
  }
}

describe('the next instant at which a mail may go', () => {
  it('is the first at which every rule holds, minute by minute, in all zones and over changes of clocks', () => {
    fc.assert(
      fc.property(cases, ({ facts, now }) => {
        const { at, reason } = nextAllowed(facts, now);
        expect(isAllowed(facts, at)).toBe(true);
        expect(at >= now).toBe(true);
        expect(reason === null).toBe(at === now);
        // A window may be a week away: its last day and a half minute by minute, and the first.
        const stretches =
          at - now > 3 * DAY
            ? [
                [now, now + DAY],
                [at - 1.5 * DAY, at],
              ]
            : [[now, at]];
        for (const [from = now, to = at] of stretches) {
          for (const candidate of candidates(facts, from, to)) {
            if (candidate < now || candidate >= at) continue;
            if (isAllowed(facts, candidate))
              expect.fail(`${new Date(candidate).toISOString()} was free before ${new Date(at).toISOString()}`);
          }
        }
        if (at > now) expect(isAllowed(facts, at - 1)).toBe(false);
      }),
      { numRuns: 400 * SCALE },
    );
  });

  it('is never in quiet hours, outside the windows, on a weekend or holiday that waits, by the clock on the wall', () => {
    fc.assert(
      fc.property(cases, ({ facts, now }) => {
        const { policy, calendar } = facts;
        const { at } = nextAllowed(facts, now);
        const wall = DateTime.fromMillis(at, { zone: calendar.zone });
        const minute = wall.hour * 60 + wall.minute;
        const within = ({ from, to }: { from: number; to: number }) => from <= minute && minute < to;
        if (policy.quiet !== undefined) expect(spansOf(policy.quiet).some(within)).toBe(false);
        const windows = windowsOf(policy, facts.purpose);
        const weekday = weekdays[wall.weekday - 1];
        if (windows.length > 0)
          expect(
            windows.some(
              (window) => (window.weekdays ?? weekdays).includes(weekday ?? 'mon') && spansOf(window).some(within),
            ),
          ).toBe(true);
        if (policy.weekends === 'wait') expect(wall.weekday).toBeLessThanOrEqual(5);
        if (policy.holidays === 'wait') expect(holidayOn(localDay(at, calendar.zone), calendar)).toBeNull();
      }),
      { numRuns: 1_000 * SCALE },
    );
  });

  it('names a rule that is stated', () => {
    fc.assert(
      fc.property(cases, ({ facts, now }) => {
        const { reason } = nextAllowed(facts, now);
        const { policy, promise, ownLimit, calendar } = facts;
        const stated: Record<PaceReason, boolean> = {
          'frequency-promise': promise !== null,
          'own-limit': ownLimit !== null,
          cap: policy.caps.length > 0,
          spacing: policy.spacing !== 'none',
          window: policy.windows.length > 0,
          'quiet-hours': policy.quiet !== undefined,
          weekend: policy.weekends === 'wait',
          holiday: policy.holidays === 'wait' && calendar.country !== null,
        };
        if (reason !== null) expect(stated[reason]).toBe(true);
      }),
      { numRuns: 500 * SCALE },
    );
  });

  it('keeps a weekly mail on its weekday, week after week, over the changes of clocks', () => {
    const weekly = pacingSchema.parse({
      key: 'weekly',
      name: 'Weekly',
      timeZone: 'UTC',
      caps: [{ max: 1, days: 7 }],
      weekends: 'send',
      holidays: 'send',
    });
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, fc.integer({ min: 0, max: 23 }), (zone, start, hour) => {
        const calendar: Calendar = { zone, zoneFrom: 'stated', country: null, region: null };
        let wanted = DateTime.fromMillis(start, { zone }).set({ hour, minute: 0, second: 0, millisecond: 0 });
        if (wanted < DateTime.utc(2012)) return; // The week without a Friday in Samoa.
        const sent: SentMail[] = [];
        for (let week = 0; week < 60; week += 1) {
          const { at } = nextAllowed(
            { policy: weekly, purpose: 'newsletter', promise: null, sent, calendar },
            wanted.toMillis(),
          );
          expect(at).toBe(wanted.toMillis());
          sent.push({ at, purpose: 'newsletter' });
          wanted = wanted.plus({ weeks: 1 });
        }
      }),
      { numRuns: 50 * SCALE },
    );
  });
});

describe('whose turn it is', () => {
  const WEEK = 7 * DAY;
  /** Place `n` of one a week. */
  const place = (n: number): Instant => Date.UTC(2026, 0, 5) + n * WEEK;

  interface Lived extends Candidate {
    /** The first place at which it wants to go, and the last. */
    readonly first: number;
    readonly last: number;
  }

  const lived = (longest: number, until = 60): fc.Arbitrary<Omit<Lived, 'id'>> =>
    fc
      .record({
        priority: fc.integer({ min: 0, max: 100 }),
        maturity: fc.nat(3),
        first: fc.nat(until),
        places: fc.integer({ min: 1, max: longest }),
        hours: fc.integer({ min: 0, max: 167 }),
        later: fc.integer({ min: 1, max: 167 }),
      })
      .map(({ priority, maturity, first, places, hours, later }) => ({
        priority,
        maturity,
        first,
        last: first + places - 1,
        dueAt: place(first) - hours * HOUR,
        deadlineAt: place(first + places - 1) + later * HOUR,
      }));
  const named = (all: readonly Omit<Lived, 'id'>[]): Lived[] => all.map((one, index) => ({ ...one, id: `c${index}` }));

  /** One place a week for the first in turn. */
  function live(all: readonly Lived[]): { sentAt: Map<string, number>; sent: Instant[] } {
    const sentAt = new Map<string, number>();
    const sent: Instant[] = [];
    for (let n = 0; n < 130; n += 1) {
      const waiting = all.filter(({ id, first, last }) => first <= n && n <= last && !sentAt.has(id));
      const [next] = inTurn(waiting, sent, place(n + 1));
      if (next === undefined) continue;
      sentAt.set(next.id, n);
      sent.push(place(n));
    }
    return { sentAt, sent };
  }

  /** After so many mails nobody who falls due later goes ahead. */
  const outranks = (priority: number) => Math.floor((100 - priority) / 10) + 1;

  it('is the same in whatever order they are given', () => {
    const few = fc
      .array(lived(8), { maxLength: 12 })
      .map((all) => named(all.map((one) => ({ ...one, first: one.first % 3 }))));
    fc.assert(
      fc.property(
        few.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        fc.array(fc.nat(60).map(place), { maxLength: 8 }),
        fc.nat(60).map(place),
        ([all, shuffled], sent, slotAfter) => {
          expect(inTurn(shuffled, sent, slotAfter)).toEqual(inTurn(all, sent, slotAfter));
          expect(
            inTurn(all, sent, slotAfter)
              .map(({ id }) => id)
              .sort(),
          ).toEqual(all.map(({ id }) => id).sort());
        },
      ),
      { numRuns: 500 * SCALE },
    );
  });

  it('never lets a newcomer take the last place of one that has waited, however many come and however high', () => {
    let lost = 0;
    fc.assert(
      fc.property(fc.array(lived(25, 15), { minLength: 40, maxLength: 200 }).map(named), (all) => {
        const { sentAt, sent } = live(all);
        const takenBy = new Map([...sentAt].map(([id, n]) => [n, all.find((one) => one.id === id) as Lived]));
        for (const one of all) {
          if (sentAt.has(one.id) || one.last - one.first < outranks(one.priority)) continue;
          lost += 1;
          const winner = takenBy.get(one.last);
          if (winner === undefined) expect.fail(`${one.id} was dropped though its last place was free`);
          const since = sent.filter((at) => at >= one.dueAt && at < winner.dueAt).length;
          expect(since, `${winner.id} fell due late and took the last place of ${one.id}`).toBeLessThanOrEqual(
            outranks(one.priority),
          );
          expect(winner.last, `${winner.id} could have waited`).toBe(one.last);
        }
      }),
      { numRuns: 150 * SCALE },
    );
    // Else nothing was tried.
    expect(lost).toBeGreaterThan(50);
  });

  it('drops nobody who can wait twelve places while one of the highest priority comes at each place', () => {
    fc.assert(
      fc.property(
        lived(1),
        fc.array(
          fc.record({ urgent: fc.boolean(), maturity: fc.nat(3), priority: fc.integer({ min: 90, max: 100 }) }),
          {
            minLength: 40,
            maxLength: 40,
          },
        ),
        (base, others) => {
          const patient = { ...base, id: 'patient', first: 0, last: outranks(base.priority), dueAt: place(0) - HOUR };
          const deadlineAt = place(patient.last) + HOUR;
          const stream = others.map(({ urgent, maturity, priority }, n): Lived => {
            const last = n + (urgent ? 0 : 20);
            return {
              id: `s${n}`,
              priority,
              maturity,
              first: n,
              last,
              dueAt: place(n) - HOUR / 2,
              deadlineAt: place(last) + 1,
            };
          });
          expect(live([{ ...patient, deadlineAt }, ...stream]).sentAt.has('patient')).toBe(true);
        },
      ),
      { numRuns: 300 * SCALE },
    );
  });

  it('keeps nobody waiting longer than those who came before or while it was outranked', () => {
    fc.assert(
      fc.property(fc.array(lived(1), { minLength: 1, maxLength: 60 }).map(named), (all) => {
        const patient = all.map((one) => ({ ...one, last: Number.POSITIVE_INFINITY, deadlineAt: null }));
        const { sentAt, sent } = live(patient);
        for (const one of patient) {
          const own = sent.filter((at) => at >= one.dueAt);
          const outranked = own[outranks(one.priority) - 1] ?? Number.POSITIVE_INFINITY;
          const ahead = patient.filter(
            (other) =>
              other.id !== one.id &&
              other.dueAt <= outranked &&
              (sentAt.get(other.id) ?? Number.POSITIVE_INFINITY) >= one.first,
          );
          expect((sentAt.get(one.id) ?? Number.POSITIVE_INFINITY) - one.first).toBeLessThanOrEqual(ahead.length);
        }
      }),
      { numRuns: 150 * SCALE },
    );
  });
});

describe('a throttle', () => {
  const NOW = Date.UTC(2026, 10, 24, 12);
  const rate = fc.oneof(fc.integer({ min: 1, max: 130 }), fc.constantFrom(7, 600, 59_999));

  it('lets no more go in any 60 seconds than the limit and a second of it, whatever the clocks of those who ask', () => {
    fc.assert(
      fc.property(
        rate,
        fc.array(fc.nat(600), { minLength: 50, maxLength: 400 }),
        fc.integer({ min: 0, max: 300 }),
        (perMinute, gaps, skew) => {
          let state = null as Parameters<typeof throttle>[0];
          const taken: Instant[] = [];
          let now = NOW;
          gaps.forEach((gap, index) => {
            now += gap;
            const theirs = now - (index % 3) * skew;
            const answer = throttle(state, perMinute, theirs);
            if (answer.kind === 'taken') taken.push(theirs);
            else expect(answer.at).toBeGreaterThan(theirs);
            state = answer.state;
          });
          const most = perMinute + Math.max(1, Math.floor(perMinute / 60));
          for (const from of taken) {
            expect(taken.filter((at) => at >= from && at < from + MINUTE).length).toBeLessThanOrEqual(most);
          }
        },
      ),
      { numRuns: 200 * SCALE },
    );
  });

  it('lets a crowd through at the stated rate when each comes again as it was told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6_000 }), fc.integer({ min: 1, max: 200 }), (perMinute, crowd) => {
        let state = null as Parameters<typeof throttle>[0];
        const coming = Array<Instant>(crowd).fill(NOW);
        let asked = 0;
        let last = NOW;
        while (coming.length > 0) {
          coming.sort((a, b) => b - a);
          last = coming.pop() as Instant;
          asked += 1;
          const answer = throttle(state, perMinute, last);
          if (answer.kind === 'later') coming.push(answer.at);
          state = answer.state;
        }
        const hours = Math.ceil(crowd / (perMinute * 60));
        // Each asks once and once more; again an hour later only where there is more than an hour's worth.
        expect(asked).toBeLessThanOrEqual(crowd * 2 * hours * hours);
        expect(last - NOW).toBeLessThanOrEqual(((crowd - 1) * MINUTE) / perMinute + crowd + 1);
      }),
      { numRuns: 200 * SCALE },
    );
  });
});
