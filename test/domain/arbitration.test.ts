import { describe, expect, it } from 'vitest';
import type { ConsentState } from '../../domain/consent/consent.ts';
import { noConsentPolicy } from '../../domain/consent/policy.ts';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { JourneySnapshot } from '../../domain/journey/snapshot.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import { canMail } from '../../domain/sending/gate.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

// Monday 1 June 2026, noon.
const NOW = Date.UTC(2026, 5, 1, 12);
const granted: ConsentState = { kind: 'granted', address: null, promise: null };

const sequence = (key: string, priority: number, more: object = {}) =>
  sequenceSchema.parse({
    key,
    name: key,
    purpose: 'newsletter',
    priority,
    steps: [{ id: key, kind: 'send', template: key, deadline: { days: 30 } }],
    ...more,
  });

const policy = (rules: object) =>
  pacingSchema.parse({
    key: 'p',
    name: 'P',
    timeZone: 'UTC',
    weekends: 'send',
    holidays: 'send',
    spacing: 'none',
    ...rules,
  });

function plan(now: Instant, change: Partial<JourneySnapshot>) {
  const consents = new Map([
    ['newsletter', granted],
    ['events', granted],
  ]);
  return planJourney({ ...emptySnapshot(now), consents, ...change }, now);
}

describe('two sequences want to write to one person', () => {
  const weekly = policy({ caps: [{ max: 1, days: 7 }] });
  const [low, high] = [sequence('low', 10), sequence('high', 90)];
  const both = [enrolmentIn(low, NOW, { id: 'low' }), enrolmentIn(high, NOW, { id: 'high' })];

  it('the one of higher priority goes, the other is delayed to the next free day, with the cap as its reason', () => {
    const { intents } = plan(NOW, { enrolments: both, pacing: weekly });
    expect(intents.find(({ template }) => template === 'high')).toMatchObject({ state: 'due' });
    expect(intents.find(({ template }) => template === 'low')).toMatchObject({
      state: 'delayed',
      reason: 'cap',
      detail: '1 in 7 days',
      // The lead's day on which a week of calendar days is over.
      nextAttemptAt: Date.UTC(2026, 5, 8),
    });
  });

  it('who would be dropped before the next place goes ahead of a higher priority that can wait', () => {
    const urgent = sequence('urgent', 10, {
      steps: [{ id: 'urgent', kind: 'send', template: 'urgent', deadline: { days: 3 } }],
    });
    const enrolments = [enrolmentIn(urgent, NOW, { id: 'urgent' }), enrolmentIn(high, NOW, { id: 'high' })];
    const { intents } = plan(NOW, { enrolments, pacing: weekly });
    expect(intents.find(({ state }) => state === 'due')).toMatchObject({ template: 'urgent' });
  });

  it('a mail that was passed over four times goes ahead of one that is 30 ahead in priority', () => {
    const sent = [4, 3, 2, 1].map((weeks) => ({ at: NOW - weeks * 8 * DAY, purpose: 'newsletter' }));
    const old = NOW - 33 * DAY;
    const waiting = messageOf('low', old, {
      id: 'm-low',
      enrolmentId: 'low',
      state: 'delayed',
      reason: 'cap',
      deadlineAt: NOW + 60 * DAY,
    });
    const mid = sequence('mid', 40);
    const enrolments = [enrolmentIn(low, old, { id: 'low' }), enrolmentIn(mid, NOW, { id: 'mid' })];
    const decided = plan(NOW, { enrolments, pacing: weekly, sent, messages: [waiting] });
    expect(decided.send).toEqual(['m-low']);
    expect(decided.intents).toMatchObject([{ template: 'mid', state: 'delayed' }]);
  });
});

describe('a mail of lower rank that is free to go', () => {
  // Newsletters go on Tuesdays, events at any time; one mail a week.
  const rules = policy({
    caps: [{ max: 1, days: 7 }],
    windows: [{ purpose: 'newsletter', weekdays: ['tue'], from: '08:00', to: '20:00' }],
  });
  const news = sequence('news', 90);
  const events = sequence('events', 10, { purpose: 'events' });
  const enrolments = [enrolmentIn(events, NOW, { id: 'events' }), enrolmentIn(news, NOW, { id: 'news' })];

  it('waits where it would put off one of higher rank, and says for which', () => {
    const { intents } = plan(NOW, { enrolments, pacing: rules });
    const tuesday = Date.UTC(2026, 5, 2, 8);
    expect(intents.find(({ template }) => template === 'news')).toMatchObject({
      reason: 'window',
      nextAttemptAt: tuesday,
    });
    expect(intents.find(({ template }) => template === 'events')).toMatchObject({
      reason: 'another-first',
      detail: 'news',
      nextAttemptAt: tuesday,
    });
  });

  it('goes where both have a place', () => {
    const roomy = { ...rules, caps: [{ channel: 'email' as const, max: 2, days: 7 }] };
    const { intents } = plan(NOW, { enrolments, pacing: roomy });
    expect(intents.find(({ template }) => template === 'events')).toMatchObject({ state: 'due' });
  });

  it('does not wait for one that waits for no instant', () => {
    const consents = new Map([['events', granted]]);
    const { intents } = plan(NOW, { enrolments, pacing: rules, consents });
    expect(intents.find(({ template }) => template === 'news')).toMatchObject({ reason: 'no-consent' });
    expect(intents.find(({ template }) => template === 'events')).toMatchObject({ state: 'due' });
  });
});

describe('a mail that a contract needs', () => {
  const consentPolicy = {
    ...noConsentPolicy,
    purposes: [{ key: 'orders', name: { en: 'Your orders' }, basis: 'contract' as const }],
  };
  const orders = sequence('orders', 10, { purpose: 'orders' });
  const news = sequence('news', 90);
  const enrolments = [enrolmentIn(orders, NOW, { id: 'orders' }), enrolmentIn(news, NOW, { id: 'news' })];

  it('waits for no turn: marketing of higher rank that waits for its window does not hold it up', () => {
    const pacing = policy({
      caps: [{ max: 1, days: 7 }],
      windows: [{ purpose: 'newsletter', weekdays: ['tue'], from: '08:00', to: '20:00' }],
    });
    const { intents } = plan(NOW, { enrolments, pacing, consentPolicy });
    expect(intents.find(({ template }) => template === 'news')).toMatchObject({ reason: 'window' });
    expect(intents.find(({ template }) => template === 'orders')).toMatchObject({ state: 'due' });
  });

  it('takes no place of marketing’s away', () => {
    const first = sequence('orders', 95, { purpose: 'orders' });
    const both = [enrolmentIn(first, NOW, { id: 'orders' }), enrolmentIn(news, NOW, { id: 'news' })];
    const { intents } = plan(NOW, { enrolments: both, pacing: policy({ caps: [{ max: 1, days: 7 }] }), consentPolicy });
    expect(intents.map(({ state }) => state)).toEqual(['due', 'due']);
  });

  it('goes while sales has the lead, and does not while its sequence is paused', () => {
    const pace = { policy: policy({}), calendar: emptySnapshot(NOW).calendar, purpose: 'orders', sent: [] };
    const facts = {
      basis: 'exempt' as const,
      handoffOpen: true,
      paused: false,
      sequencePaused: false,
      mailsFrom: null,
      address: 'tanja@people.example',
      suppressed: false,
      consent: { kind: 'none' as const },
      alreadyReceived: false,
      deadlineAt: NOW,
      pace,
    };
    expect(canMail(facts, NOW - 1)).toEqual({ kind: 'now' });
    const paused = { kind: 'later', reason: 'sequence-paused', at: null };
    expect(canMail({ ...facts, sequencePaused: true }, NOW - 1)).toEqual(paused);
    // A pause is not counted against a deadline.
    expect(canMail({ ...facts, sequencePaused: true }, NOW + 1)).toEqual(paused);
  });
});

describe('a place', () => {
  const weekly = policy({ caps: [{ max: 1, days: 7 }] });
  const [low, high] = [sequence('low', 10), sequence('high', 90)];

  it('is kept for a mail of higher rank that its mail server put off for a minute', () => {
    const again = NOW + 60_000;
    const greylisted = messageOf('high', NOW - HOUR, {
      enrolmentId: 'high',
      state: 'deferred',
      reason: 'smtp-deferred',
      claimedAt: NOW - 1_000,
      deadlineAt: NOW + 14 * DAY,
      nextAttemptAt: again,
    });
    const enrolments = [enrolmentIn(high, NOW - HOUR, { id: 'high' }), enrolmentIn(low, NOW, { id: 'low' })];
    const { intents } = plan(NOW, { enrolments, pacing: weekly, messages: [greylisted] });
    expect(intents).toMatchObject([{ template: 'low', reason: 'another-first', detail: 'high', nextAttemptAt: again }]);
  });

  it('is not kept for one that will be dropped before its turn', () => {
    const steps = [{ id: 'sat', kind: 'send', template: 'sat', deadline: { days: 2 } }];
    const saturday = sequence('sat', 90, { purpose: 'events', steps });
    const pacing = {
      ...weekly,
      windows: [{ purpose: 'events', weekdays: ['sat' as const], from: '09:00', to: '10:00' }],
    };
    const enrolments = [enrolmentIn(saturday, NOW, { id: 'sat' }), enrolmentIn(low, NOW, { id: 'low' })];
    const { intents } = plan(NOW, { enrolments, pacing });
    expect(intents.find(({ template }) => template === 'low')).toMatchObject({ state: 'due' });
  });
});

describe('a mail that the throttle sent back', () => {
  it('comes again when it was told to, not before', () => {
    const one = sequence('one', 50);
    const later = NOW + HOUR;
    const back = messageOf('one', NOW, {
      enrolmentId: 'one',
      state: 'delayed',
      reason: 'throttle',
      nextAttemptAt: later,
    });
    const enrolments = [enrolmentIn(one, NOW, { id: 'one' })];
    expect(plan(NOW, { enrolments, messages: [back] })).toMatchObject({ send: [], nextLookAt: later });
    expect(plan(later, { enrolments, messages: [back] })).toMatchObject({ send: ['m1'] });
  });
});
