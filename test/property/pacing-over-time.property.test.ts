import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Calendar, calendarOf } from '../../domain/calendar/calendar.ts';
import { holidayOn } from '../../domain/calendar/holidays.ts';
import { localDay, minuteOfDay, weekdayOf } from '../../domain/calendar/local-time.ts';
import { HOUR, type Instant } from '../../domain/instant.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { EnrolmentInForce, JourneySnapshot } from '../../domain/journey/snapshot.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import type { MessageInForce } from '../../domain/sending/message.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { SCALE, SEED } from '../support/property.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

/** Zones with all sorts of clocks: no 02:30 in spring, no midnight on a day, half an hour of summer, none, a day left out. */
const PLACES = [
  { timeZone: 'Europe/Berlin', country: 'DE', region: 'BY' },
  { timeZone: 'Europe/Lisbon', country: 'PT', region: null },
  { timeZone: 'America/New_York', country: 'US', region: null },
  { timeZone: 'America/Santiago', country: 'CL', region: null },
  { timeZone: 'Africa/Cairo', country: 'EG', region: null },
  { timeZone: 'Australia/Lord_Howe', country: 'AU', region: 'NSW' },
  { timeZone: 'Asia/Kathmandu', country: null, region: null },
  { timeZone: 'Pacific/Kiritimati', country: null, region: null },
  { timeZone: 'Pacific/Pago_Pago', country: null, region: null },
];
const calendars: readonly Calendar[] = PLACES.map((place) =>
  calendarOf({ ...place, postcode: null }, { timeZone: 'UTC', country: null, region: null }),
);

const pacing = pacingSchema.parse({
  key: 'p',
  name: 'P',
  timeZone: 'Europe/Berlin',
  caps: [{ max: 2, days: 7 }],
  spacing: { hours: 20 },
  windows: [{ weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '19:00' }],
  quiet: { from: '17:30', to: '08:15' },
  weekends: 'wait',
  holidays: 'wait',
});

const life = fc.record({
  // Around changes of the clock, leap days and the turn of the year, and anywhere else.
  start: fc
    .tuple(
      fc.constantFrom(
        Date.UTC(2026, 2, 28),
        Date.UTC(2026, 9, 23),
        Date.UTC(2028, 1, 26),
        Date.UTC(2026, 11, 22),
        Date.UTC(2027, 8, 3),
      ),
      fc.integer({ min: 0, max: 5 * 24 * 60 }),
    )
    .map(([day, minutes]) => day + minutes * 60_000),
  moves: fc.array(fc.record({ after: fc.integer({ min: 1, max: 20 * 24 }), to: fc.nat(PLACES.length - 1) }), {
    maxLength: 3,
  }),
  home: fc.nat(PLACES.length - 1),
  sequences: fc.array(
    fc.record({
      priority: fc.nat(100),
      waits: fc.array(fc.integer({ min: 0, max: 96 }), { minLength: 1, maxLength: 4 }),
      deadlineDays: fc.integer({ min: 2, max: 30 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

/**
 * Done-line of the pacing: over changes of the clock, leap days, holidays and a lead that moves, no mail outside its window
 * and none lost. The plan is made at its own next looks only, and when the lead moves.
 */
describe(`a person’s mails over weeks (seed ${SEED})`, () => {
  it('go in the window, on no holiday, by the clock the person lives by at that instant; each is sent, or dropped at its deadline', () => {
    fc.assert(
      fc.property(life, ({ start, moves, home, sequences }) => {
        const definitions = sequences.map(({ priority, waits, deadlineDays }, index) =>
          sequenceSchema.parse({
            key: `s${index}`,
            name: 'S',
            purpose: 'newsletter',
            priority,
            steps: waits.flatMap((hours, step) => [
              ...(hours === 0 ? [] : [{ id: `w${step}`, kind: 'wait', for: { hours } }]),
              { id: `m${step}`, kind: 'send', template: `t${index}-${step}`, deadline: { days: deadlineDays } },
            ]),
          }),
        );
        let calendar = calendars[home]!;
        let enrolments: EnrolmentInForce[] = definitions.map((sequence) =>
          enrolmentIn(sequence, start, { id: sequence.key }),
        );
        let messages: MessageInForce[] = [];
        const sent: { at: Instant; purpose: string }[] = [];
        const received = new Set<string>();
        const moving = moves.map(({ after, to }) => ({ at: start + after * HOUR, to })).sort((a, b) => a.at - b.at);
        let now: Instant | null = start;
        for (let looks = 0; now !== null; looks += 1) {
          expect(looks, 'it comes to an end').toBeLessThan(2_000);
          while (moving[0] !== undefined && moving[0].at <= now) calendar = calendars[moving.shift()!.to]!;
          const snapshot: JourneySnapshot = {
            ...emptySnapshot(now),
            pacing,
            calendar,
            enrolments,
            messages,
            sent,
            received,
            consents: new Map([['newsletter', { kind: 'granted', address: null, promise: null }]]),
          };
          const plan = planJourney(snapshot, now);
          const send = new Set(plan.send);
          for (const change of plan.messages)
            messages = messages.map((message) =>
              message.id === change.id
                ? { ...message, ...change, finishedAt: change.state === 'dropped' ? now : null }
                : message,
            );
          for (const intent of plan.intents) {
            const id = `${intent.enrolmentId} ${intent.stepId}`;
            const { detail: _detail, sendNow, ...rest } = intent;
            messages.push(
              messageOf(intent.stepId, now, { ...rest, id, finishedAt: intent.state === 'dropped' ? now : null }),
            );
            if (sendNow) send.add(id);
          }
          for (const id of send) {
            const message = messages.find((one) => one.id === id)!;
            check(now, calendar, sent);
            sent.push({ at: now, purpose: 'newsletter' });
            received.add(message.lineage);
            messages = messages.map((one) =>
              one.id === id ? { ...one, state: 'accepted', claimedAt: now, finishedAt: now } : one,
            );
          }
          enrolments = enrolments.flatMap((enrolment) => {
            const change = plan.enrolments.find(({ id }) => id === enrolment.id);
            return change?.kind === 'moved' ? [{ ...enrolment, ...change, id: enrolment.id }] : [];
          });
          const next: Instant | null = send.size > 0 ? now + 1 : plan.nextLookAt;
          now = moving[0] !== undefined && (next === null || moving[0].at < next) ? moving[0].at : next;
        }
        // Everything that was meant is accounted for, and what was dropped was dropped at its deadline, not before.
        expect(messages).toHaveLength(sequences.reduce((sum, { waits }) => sum + waits.length, 0));
        for (const message of messages) {
          expect(['accepted', 'dropped']).toContain(message.state);
          if (message.state === 'dropped') expect(message.finishedAt).toBe(message.deadlineAt);
          else expect(message.claimedAt).toBeLessThan(message.deadlineAt!);
        }
      }),
      { seed: SEED, numRuns: 300 * SCALE },
    );
  });

  function check(now: Instant, calendar: Calendar, sent: readonly { at: Instant }[]): void {
    const { zone } = calendar;
    const day = localDay(now, zone);
    const minute = minuteOfDay(now, zone);
    expect(weekdayOf(day)).toBeLessThanOrEqual(5);
    expect(holidayOn(day, calendar)).toBeNull();
    expect(minute).toBeGreaterThanOrEqual(8 * 60 + 15);
    expect(minute).toBeLessThan(17 * 60 + 30);
    expect(sent.filter(({ at }) => localDay(at, zone) > day - 7).length).toBeLessThan(2);
    const last = sent.at(-1);
    if (last !== undefined) expect(now - last.at).toBeGreaterThanOrEqual(20 * HOUR);
  }
});
