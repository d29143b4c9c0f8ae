import { describe, expect, it } from 'vitest';
import type { ConsentState } from '../../domain/consent/consent.ts';
import { DAY, HOUR } from '../../domain/instant.ts';
import type { Interaction } from '../../domain/interaction/interaction.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { JourneySnapshot } from '../../domain/journey/snapshot.ts';
import type { MessageInForce } from '../../domain/sending/message.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

const NOW = Date.UTC(2026, 5, 1, 12);

const sequence = sequenceSchema.parse({
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    {
      id: 'click',
      kind: 'waitFor',
      event: { event: 'Clicked', properties: { mail: 'hello' } },
      timeout: { days: 3 },
      onTimeout: 'end',
    },
    { id: 'settle', kind: 'wait', for: { days: 1 } },
    { id: 'offer', kind: 'send', template: 'offer', deadline: { days: 5 } },
  ],
});

const granted: ConsentState = { kind: 'granted', address: null, promise: null };

function snapshot(
  change: Partial<JourneySnapshot> & { stepId?: string; stepEnteredAt?: number } = {},
): JourneySnapshot {
  const { stepId = 'hello', stepEnteredAt = NOW, ...rest } = change;
  return {
    ...emptySnapshot(NOW),
    enrolments: [enrolmentIn(sequence, NOW, { stepId, stepEnteredAt })],
    consents: new Map([['newsletter', granted]]),
    ...rest,
  };
}

function message(change: Partial<MessageInForce>): MessageInForce {
  return messageOf('hello', NOW, { deadlineAt: NOW + 14 * DAY, ...change });
}

const clicked = (occurredAt: number, mail = 'hello'): Interaction => ({
  id: 1,
  source: 'tend',
  messageId: 'c',
  kind: 'tend',
  name: 'Clicked',
  properties: { mail },
  occurredAt,
});
const hot = {
  modelKey: 'm',
  modelVersionId: 1,
  points: 60,
  firmPoints: 60,
  threshold: 50,
  cell: null,
  qualifiedSince: NOW - HOUR,
  held: false,
};

describe('sending', () => {
  it('makes the intent of a due mail and has it sent', () => {
    const plan = planJourney(snapshot(), NOW);
    expect(plan.intents).toMatchObject([{ stepId: 'hello', visit: 1, state: 'due', sendNow: true, dueAt: NOW }]);
  });

  it('is repeatable: with the intent in place it only asks for the same mail again', () => {
    const plan = planJourney(snapshot({ messages: [message({})] }), NOW);
    expect(plan).toMatchObject({ intents: [], messages: [], send: ['m1'] });
  });

  it('waits while the mail is claimed, until the lease ends, and then calls it unknown and goes on', () => {
    const claimed = message({ state: 'claimed', claimedAt: NOW, leaseUntil: NOW + 60_000 });
    expect(planJourney(snapshot({ messages: [claimed] }), NOW + 1)).toMatchObject({
      send: [],
      nextLookAt: NOW + 60_000,
    });
    const later = planJourney(snapshot({ messages: [claimed] }), NOW + 60_000);
    expect(later.messages).toEqual([
      { id: 'm1', state: 'unknown', reason: 'no-result', detail: null, nextAttemptAt: null },
    ]);
    expect(later.enrolments).toMatchObject([{ stepId: 'click', stepEnteredAt: NOW }]);
  });

  it('keeps a deferred mail until its next attempt, then sends it through the gate again', () => {
    const deferred = message({ state: 'deferred', nextAttemptAt: NOW + HOUR });
    expect(planJourney(snapshot({ messages: [deferred] }), NOW)).toMatchObject({ send: [], nextLookAt: NOW + HOUR });
    expect(planJourney(snapshot({ messages: [deferred] }), NOW + HOUR)).toMatchObject({ send: ['m1'] });
  });
});

describe('waiting', () => {
  const accepted = message({ state: 'accepted', claimedAt: NOW, finishedAt: NOW + 5_000 });

  it('counts from the claim of the mail before, not from when it came to look', () => {
    const plan = planJourney(snapshot({ messages: [accepted] }), NOW + HOUR);
    expect(plan).toMatchObject({
      enrolments: [{ stepId: 'click', stepEnteredAt: NOW, awaits: ['Clicked'] }],
      nextLookAt: NOW + 3 * DAY,
    });
  });

  it('goes on from the event, however late it looks', () => {
    const plan = planJourney(snapshot({ messages: [accepted], events: [clicked(NOW + HOUR)] }), NOW + 2 * DAY);
    expect(plan.intents).toMatchObject([
      { stepId: 'offer', dueAt: NOW + HOUR + DAY, deadlineAt: NOW + HOUR + 6 * DAY },
    ]);
  });

  it.each([
    ['before the step began', clicked(NOW - 1)],
    ['after the timeout', clicked(NOW + 3 * DAY + 1)],
    ['with another property', clicked(NOW + HOUR, 'other')],
  ])('an event %s is not the one waited for', (_case, event) => {
    const plan = planJourney(snapshot({ stepId: 'click', events: [event] }), NOW + 3 * DAY);
    expect(plan.enrolments).toMatchObject([{ kind: 'ended', state: 'completed', at: NOW + 3 * DAY }]);
  });

  it('one event ends one step, also where the next waits for the same', () => {
    const twice = sequenceSchema.parse({
      key: 'twice',
      name: 'Twice',
      purpose: 'newsletter',
      steps: ['first', 'second'].map((id) => ({
        id,
        kind: 'waitFor',
        event: { event: 'Clicked' },
        timeout: { days: 3 },
      })),
    });
    const enrolment = enrolmentIn(twice, NOW);
    const once = planJourney(snapshot({ enrolments: [enrolment], events: [clicked(NOW + HOUR)] }), NOW + 2 * HOUR);
    const at = { stepId: 'second', stepEnteredAt: NOW + HOUR, stepEnteredBy: 1 };
    expect(once.enrolments).toMatchObject([at]);
    const later = snapshot({
      enrolments: [{ ...enrolment, ...at }],
      events: [clicked(NOW + HOUR), { ...clicked(NOW + HOUR), id: 2 }],
    });
    expect(planJourney(later, NOW + 2 * HOUR).enrolments).toMatchObject([{ kind: 'ended', state: 'completed' }]);
  });

  it('an event at the very instant of the timeout is in time', () => {
    const plan = planJourney(snapshot({ stepId: 'click', events: [clicked(NOW + 3 * DAY)] }), NOW + 3 * DAY);
    expect(plan.enrolments).toMatchObject([{ stepId: 'settle', stepEnteredAt: NOW + 3 * DAY }]);
  });
});

describe('handing over', () => {
  it('offers a lead that crossed the threshold, and nothing is sent from then on', () => {
    const plan = planJourney(snapshot({ standings: [hot] }), NOW);
    expect(plan.offer).toEqual({ by: 'standing', standing: hot });
    expect(plan.intents).toMatchObject([{ state: 'delayed', reason: 'sales-has-the-lead', sendNow: false }]);
    expect(plan).toMatchObject({ send: [], closed: false });
  });

  it('a lead that sales has had must cross it anew', () => {
    const had = snapshot({ standings: [hot], lastClosedAt: new Map([['m', NOW]]) });
    expect(planJourney(had, NOW).offer).toBeNull();
    const again = { ...hot, qualifiedSince: NOW + HOUR };
    expect(planJourney({ ...had, standings: [again] }, NOW + HOUR).offer).toEqual({ by: 'standing', standing: again });
  });

  it('a customer is not offered', () => {
    const lead = { stage: 'customer' as const, gone: false, address: 'a@b.example', suppressed: false };
    expect(planJourney(snapshot({ lead, standings: [hot], enrolments: [] }), NOW)).toMatchObject({
      offer: null,
      closed: true,
    });
  });

  it('drops a withheld mail at its deadline, on record, and goes on', () => {
    const withheld = message({ state: 'delayed', reason: 'sales-has-the-lead' });
    const during = planJourney(snapshot({ openHandoff: { id: 'h', started: true }, messages: [withheld] }), NOW + DAY);
    expect(during).toMatchObject({ messages: [], nextLookAt: NOW + 14 * DAY });
    const past = planJourney(
      snapshot({ openHandoff: { id: 'h', started: true }, messages: [withheld] }),
      NOW + 14 * DAY,
    );
    expect(past.messages).toEqual([
      { id: 'm1', state: 'dropped', reason: 'deadline-passed', detail: null, nextAttemptAt: null },
    ]);
    expect(past.enrolments).toMatchObject([{ stepId: 'click' }]);
  });
});

describe('consent and promises', () => {
  it('delays for want of consent, and drops when it was withdrawn', () => {
    const none = planJourney(snapshot({ consents: new Map() }), NOW);
    expect(none.intents).toMatchObject([{ state: 'delayed', reason: 'no-consent' }]);
    const withdrawn = planJourney(
      snapshot({ consents: new Map([['newsletter', { kind: 'withdrawn', at: NOW }]]) }),
      NOW,
    );
    expect(withdrawn.intents).toMatchObject([{ state: 'dropped', reason: 'consent-withdrawn' }]);
  });

  it('keeps the frequency that the consent promised (KG Berlin 5 U 1043/20)', () => {
    const weekly: ConsentState = { kind: 'granted', address: null, promise: { max: 1, days: 7 } };
    const plan = planJourney(
      snapshot({ consents: new Map([['newsletter', weekly]]), sent: [{ at: NOW - DAY, purpose: 'newsletter' }] }),
      NOW,
    );
    expect(plan.intents).toMatchObject([
      { state: 'delayed', reason: 'frequency-promise', nextAttemptAt: NOW + 6 * DAY },
    ]);
    expect(plan.nextLookAt).toBe(NOW + 6 * DAY);
  });

  it('gives one free place to one of two due mails', () => {
    const weekly: ConsentState = { kind: 'granted', address: null, promise: { max: 1, days: 7 } };
    const two = ['hello', 'offer'].map((stepId) => enrolmentIn(sequence, NOW, { id: `e-${stepId}`, stepId }));
    const plan = planJourney(snapshot({ enrolments: two, consents: new Map([['newsletter', weekly]]) }), NOW);
    expect(plan.intents.map(({ state, nextAttemptAt }) => [state, nextAttemptAt])).toEqual([
      ['due', null],
      ['delayed', NOW + 7 * DAY],
    ]);
  });

  it('does not write to an address that the consent was not given for', () => {
    const other: ConsentState = { kind: 'granted', address: 'old@people.example', promise: null };
    const plan = planJourney(snapshot({ consents: new Map([['newsletter', other]]) }), NOW);
    expect(plan.intents).toMatchObject([{ state: 'delayed', reason: 'consent-for-another-address' }]);
  });
});

describe('ending', () => {
  it('supersedes what was due when the lead leaves the stage that the sequence is for', () => {
    const lead = { stage: 'customer' as const, gone: false, address: 'a@b.example', suppressed: false };
    const plan = planJourney(snapshot({ lead, messages: [message({ state: 'delayed' })] }), NOW);
    expect(plan.messages).toMatchObject([{ id: 'm1', state: 'superseded', reason: 'left-the-stage' }]);
    expect(plan).toMatchObject({ enrolments: [{ kind: 'ended', state: 'left' }], closed: true });
  });

  it('keeps the enrolment until a claimed mail has its result', () => {
    const lead = { stage: 'customer' as const, gone: false, address: 'a@b.example', suppressed: false };
    const claimed = message({ state: 'claimed', leaseUntil: NOW + 60_000 });
    expect(planJourney(snapshot({ lead, messages: [claimed] }), NOW)).toMatchObject({
      enrolments: [],
      closed: false,
      nextLookAt: NOW + 60_000,
    });
  });

  it('closes at once for a lead that was merged or erased', () => {
    const lead = { stage: 'lead' as const, gone: true, address: null, suppressed: false };
    expect(planJourney(snapshot({ lead, messages: [message({})] }), NOW)).toMatchObject({
      closed: true,
      send: [],
      nextLookAt: null,
    });
  });
});

describe('a malformed sequence', () => {
  const steps = (...list: object[]) => sequenceSchema.safeParse({ key: 's', name: 'S', purpose: 'p', steps: list });
  const wait = { kind: 'wait', for: { days: 1 } };
  it.each([
    ['an unknown kind', steps({ id: 'a', kind: 'sing' }), 'steps.0.kind'],
    ['a wait of nothing', steps({ id: 'a', kind: 'wait', for: { days: 0 } }), 'steps.0.for'],
    ['a step id used twice', steps({ id: 'a', ...wait }, { id: 'a', ...wait }), 'steps.1.id'],
    [
      'a branch to nowhere',
      steps({ id: 'a', kind: 'waitFor', event: { event: 'E' }, timeout: { days: 1 }, onEvent: 'z' }),
      'steps.0.onEvent',
    ],
    [
      'a branch backwards',
      steps(
        { id: 'a', ...wait },
        { id: 'b', kind: 'waitFor', event: { event: 'E' }, timeout: { days: 1 }, onTimeout: 'a' },
      ),
      'steps.1.onTimeout',
    ],
    ['no steps', steps(), 'steps'],
  ])('%s is refused with the path', (_case, result, path) => {
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
