import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localDay, minuteOfDay } from '../../domain/calendar/local-time.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { asSequence, firstStep, type Mailing, mailingOf, mailingSchema } from '../../domain/mailing/mailing.ts';
import { beginsAt, endsAt, instantIn, isByOwnClock, mailingTimeSchema } from '../../domain/mailing/mailing-time.ts';
import { count, emptyTally, previewOf } from '../../domain/mailing/preview.ts';
import { outOfReach, prospect, type Reachable } from '../../domain/mailing/reach.ts';
import { noPolicy } from '../../domain/pacing/policy.ts';
import { advance } from '../../domain/sequence/advance.ts';
import { sequenceProblems } from '../../domain/sequence/check-sequence.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { SCALE } from '../support/property.ts';

const mailing: Mailing = mailingSchema.parse({ key: 'june', name: 'June', purpose: 'newsletter', template: 'news' });

describe('the time of a mailing', () => {
  it('is one instant for everybody, or one for each clock', () => {
    const noon = Date.UTC(2026, 11, 1, 12);
    expect(instantIn('2026-12-01T13:00+01:00', 'America/New_York')).toBe(noon);
    expect(instantIn({ date: '2026-12-01', time: '13:00', zone: 'Europe/Berlin' }, 'America/New_York')).toBe(noon);
    expect(instantIn({ date: '2026-12-01', time: '13:00' }, 'America/New_York')).toBe(noon + 6 * HOUR);
    expect([beginsAt('2026-12-01T12:00Z'), endsAt('2026-12-01T12:00Z')]).toEqual([noon, noon]);
    expect(isByOwnClock({ date: '2026-12-01', time: '13:00' })).toBe(true);
    expect(isByOwnClock({ date: '2026-12-01', time: '13:00', zone: 'Europe/Berlin' })).toBe(false);
  });

  it('by each lead’s own clock begins and ends with the first and the last zone there is', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    const days = fc.integer({ min: 19_700, max: 25_000 });
    const minutes = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(zones, days, minutes, (zone, day, minute) => {
        const date = new Date(day * DAY).toISOString().slice(0, 10);
        const time = new Date(minute * MINUTE).toISOString().slice(11, 16);
        const own = instantIn({ date, time }, zone);
        expect(own).toBeGreaterThanOrEqual(beginsAt({ date, time }));
        expect(own).toBeLessThanOrEqual(endsAt({ date, time }));
        // Where clocks jump over that time it is the instant of the jump: never before it.
        expect(localDay(own, zone)).toBe(day);
        expect(minuteOfDay(own, zone)).toBeGreaterThanOrEqual(minute);
        expect(minuteOfDay(own, zone)).toBeLessThanOrEqual(minute + 2 * 60);
      }),
      { numRuns: 300 * SCALE },
    );
  });

  it.each([
    '2026-12-01T10:00',
    '2026-12-01 10:00Z',
    '2026-02-30T10:00Z',
    '2026-12-01T24:00Z',
    { date: '2026-12-01' },
    { date: '2026-13-01', time: '10:00' },
    { date: '2026-12-01', time: '10:00', zone: 'Berlin' },
    { date: '2026-12-01', time: '10:00', place: 'Berlin' },
    1_764_579_600_000,
  ])('is not %j', (time) => {
    expect(mailingTimeSchema.safeParse(time).success).toBe(false);
  });
});

describe('a mailing lived as a sequence', () => {
  const sequence = asSequence(mailing);

  it('hangs together, and no sequence can have its key', () => {
    expect(sequenceProblems(sequence)).toEqual([]);
    expect(sequenceSchema.safeParse({ ...sequence, key: 'mailing.june' }).error?.issues[0]?.path).toEqual(['key']);
    expect([mailingOf(sequence.key), mailingOf('june')]).toEqual(['june', null]);
  });

  it('waits for the instant at which its enrolment begins, and not longer', () => {
    const own = Date.UTC(2026, 11, 1, 9);
    const at = (now: number) =>
      advance({
        now,
        enrolment: {
          id: 'e',
          leadId: 'l',
          sequence,
          startedAt: own,
          mailsFrom: null,
          jumps: {},
          winners: new Map(),
          stepId: firstStep(own, own - 1),
          visit: 1,
          stepEnteredAt: own,
          stepEnteredBy: null,
          stepHeldMs: 0,
        },
        messages: [],
        events: [],
        facts: { now, stage: 'lead', lead: () => null, account: () => null, events: [], standings: new Map() },
        outlook: () => null,
        calendar: { zone: 'UTC', zoneFrom: 'installation', country: null, region: null },
        contents: new Map(),
        received: new Set(),
        question: () => null,
      }).state;
    expect(at(own - 1)).toMatchObject({ kind: 'waits', until: own });
    expect(at(own)).toMatchObject({ kind: 'mails', mail: { template: 'news', dueAt: own, deadlineAt: own + 2 * DAY } });
    expect(firstStep(own, own)).toBe('mail');
  });
});

describe('who can be reached', () => {
  const now = Date.UTC(2026, 11, 1, 9);
  const reader: Reachable = {
    address: 'a@people.example',
    suppressed: false,
    handoffOpen: false,
    consent: { kind: 'granted', address: null, promise: null },
    sent: [],
    received: new Set(),
    calendar: { zone: 'UTC', zoneFrom: 'installation', country: null, region: null },
  };
  const mail = { purpose: 'newsletter', content: { lineage: 'news', repeatable: false } };
  const times = { dueAt: now, deadlineAt: now + 2 * DAY };

  it('is a question of address, consent and what was read before, not of sales or pace', () => {
    expect(outOfReach(reader, mail, now)).toBeNull();
    expect(
      outOfReach({ ...reader, handoffOpen: true, sent: [{ at: now - 1, purpose: 'newsletter' }] }, mail, now),
    ).toBeNull();
    expect(outOfReach({ ...reader, address: null }, mail, now)).toBe('no-address');
    expect(outOfReach({ ...reader, consent: { kind: 'none' } }, mail, now)).toBe('no-consent');
    expect(outOfReach({ ...reader, received: new Set(['news']) }, mail, now)).toBe('already-received');
    const promised = { kind: 'granted', address: null, promise: { max: 1, days: 7 } } as const;
    expect(
      outOfReach({ ...reader, consent: promised, sent: [{ at: now - 1, purpose: 'newsletter' }] }, mail, now),
    ).toBeNull();
  });

  it('is foretold with what delays it, and whether that reaches past the deadline', () => {
    const sent = [{ at: now - HOUR, purpose: 'newsletter' }];
    const capped = (days: number) => ({
      ...noPolicy,
      spacing: 'none' as const,
      caps: [{ channel: 'email' as const, max: 1, days }],
    });
    expect(prospect(reader, mail, noPolicy, times)).toEqual({ kind: 'goes', at: now, delayedBy: null });
    expect(prospect({ ...reader, sent }, mail, capped(1), times)).toEqual({
      kind: 'goes',
      at: Date.UTC(2026, 11, 2),
      delayedBy: 'cap',
    });
    expect(prospect({ ...reader, sent }, mail, capped(7), times)).toEqual({ kind: 'too-late', reason: 'cap' });
    expect(prospect({ ...reader, handoffOpen: true }, mail, noPolicy, times)).toEqual({
      kind: 'waits',
      reason: 'sales-has-the-lead',
    });
    expect(prospect({ ...reader, suppressed: true }, mail, noPolicy, times)).toEqual({
      kind: 'never',
      reason: 'suppressed',
    });
  });

  it('adds up, and is scaled where only some were looked at', () => {
    const tally = emptyTally();
    tally.looked = 50;
    for (let index = 0; index < 20; index += 1) count(tally, prospect(reader, mail, noPolicy, times));
    for (let index = 0; index < 5; index += 1) count(tally, { kind: 'never', reason: 'no-consent' });
    expect(previewOf(tally, 50)).toMatchObject({
      estimated: false,
      audience: 25,
      onTime: 20,
      never: { 'no-consent': 5 },
    });
    expect(previewOf(tally, 1_000)).toMatchObject({
      estimated: true,
      looked: 50,
      audience: 500,
      onTime: 400,
      never: { 'no-consent': 100 },
      instants: [{ at: now, leads: 400 }],
    });
    expect(previewOf(emptyTally(), 0)).toMatchObject({ estimated: false, audience: 0, instants: [] });
  });
});
