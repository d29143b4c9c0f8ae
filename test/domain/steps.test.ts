import { describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { Interaction, Properties } from '../../domain/interaction/interaction.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { JourneySnapshot } from '../../domain/journey/snapshot.ts';
import type { MessageInForce } from '../../domain/sending/message.ts';
import { type Sequence, sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, liveSequence, messageOf } from '../support/snapshot.ts';

const NOW = Date.UTC(2026, 5, 1, 12);

function sequenceOf(steps: readonly object[], more: object = {}): Sequence {
  return sequenceSchema.parse({ key: 's', name: 'S', purpose: 'newsletter', steps, ...more });
}

function snapshot(now: Instant, change: Partial<JourneySnapshot>): JourneySnapshot {
  const consents: JourneySnapshot['consents'] = new Map([
    ['newsletter', { kind: 'granted', address: null, promise: null }],
  ]);
  return { ...emptySnapshot(now), consents, ...change };
}

let ids = 0;
function event(
  name: string,
  occurredAt: Instant,
  properties: Properties = {},
  kind: Interaction['kind'] = 'track',
): Interaction {
  ids += 1;
  return { id: ids, source: 's', messageId: `i${ids}`, kind, name, properties, occurredAt };
}

/** Where the one enrolment is after planning at `now`, with what happened. */
function planned(
  sequence: Sequence,
  now: Instant,
  events: readonly Interaction[] = [],
  messages: readonly MessageInForce[] = [],
) {
  const plan = planJourney(snapshot(now, { enrolments: [enrolmentIn(sequence, NOW)], events, messages }), now);
  return { plan, step: plan.enrolments[0]?.kind === 'moved' ? plan.enrolments[0].stepId : plan.enrolments[0] };
}

const wait = { kind: 'wait', for: { days: 1 } };

describe('waitFor', () => {
  const click = { kind: 'tend', event: 'Email Link Clicked' };
  const waiting = (more: object) =>
    sequenceOf([
      { id: 'w', kind: 'waitFor', timeout: { days: 3 }, onTimeout: 'late', ...more },
      { id: 'yes', ...wait },
      { id: 'late', ...wait },
    ]);

  it('a click alone does not end it: a scanner may have followed the link', () => {
    const clicked = event('Email Link Clicked', NOW + HOUR, {}, 'tend');
    const { plan, step } = planned(waiting({ event: click }), NOW + 2 * HOUR, [clicked]);
    expect(step).toBe('w');
    // From now on anything that only a person does has to be looked at.
    expect(plan.enrolments[0]).toMatchObject({ awaits: expect.arrayContaining(['Email Link Clicked', 'kind:page']) });
  });

  it('a click that the person confirms by doing something ends it, at the confirmation', () => {
    const clicked = event('Email Link Clicked', NOW + HOUR, {}, 'tend');
    const viewed = event('Page Viewed', NOW + 2 * HOUR, {}, 'page');
    const { plan } = planned(waiting({ event: click }), NOW + 3 * HOUR, [clicked, viewed]);
    expect(plan.enrolments[0]).toMatchObject({
      stepId: 'yes',
      stepEnteredAt: NOW + 2 * HOUR,
      stepEnteredBy: clicked.id,
    });
  });

  it('what only a person does before the click, or after the timeout, confirms nothing', () => {
    const before = event('Page Viewed', NOW + MINUTE, {}, 'page');
    const clicked = event('Email Link Clicked', NOW + HOUR, {}, 'tend');
    const after = event('Page Viewed', NOW + 3 * DAY + 1, {}, 'page');
    expect(planned(waiting({ event: click }), NOW + 3 * DAY + 2, [before, clicked, after]).step).toBe('late');
  });

  it('a click counts by itself where the step says so', () => {
    const clicked = event('Email Link Clicked', NOW + HOUR, {}, 'tend');
    expect(planned(waiting({ event: click, provisional: true }), NOW + 2 * HOUR, [clicked]).step).toBe('yes');
  });

  it('asks for events of one mail of this enrolment only', () => {
    const sequence = sequenceOf([
      { id: 'mail', kind: 'send', template: 'a' },
      {
        id: 'w',
        kind: 'waitFor',
        event: click,
        ofStep: 'mail',
        provisional: true,
        timeout: { days: 3 },
        onTimeout: 'end',
      },
      { id: 'yes', ...wait },
    ]);
    const sent = messageOf('mail', NOW, { state: 'accepted', claimedAt: NOW, finishedAt: NOW });
    const clickOn = (message: string) => event('Email Link Clicked', NOW + HOUR, { message }, 'tend');
    expect(planned(sequence, NOW + 2 * HOUR, [clickOn('another')], [sent]).step).toBe('w');
    expect(planned(sequence, NOW + 2 * HOUR, [clickOn('m1')], [sent]).step).toBe('yes');
  });

  it('an event before the step counts where it says since: enrolment, and ends the step at once', () => {
    const sequence = (since: string) =>
      sequenceOf([
        { id: 'first', kind: 'wait', for: { days: 2 } },
        { id: 'w', kind: 'waitFor', event: { event: 'Ordered' }, since, timeout: { days: 3 }, onTimeout: 'end' },
        { id: 'yes', ...wait },
      ]);
    const ordered = event('Ordered', NOW + DAY);
    expect(planned(sequence('step'), NOW + 2 * DAY, [ordered]).step).toBe('w');
    const { plan } = planned(sequence('enrolment'), NOW + 2 * DAY, [ordered]);
    // Time never runs backwards in an enrolment.
    expect(plan.enrolments[0]).toMatchObject({ stepId: 'yes', stepEnteredAt: NOW + 2 * DAY });
  });

  it('told of late it counts as long as the step has not been left, and then no more: what was done stands', () => {
    const sequence = waiting({ event: { event: 'Ordered' } });
    const ordered = event('Ordered', NOW + HOUR);
    // The plan of the timeout comes after it, and finds that it happened in time.
    const { passes } = planned(sequence, NOW + 3 * DAY, [ordered]).plan;
    expect(passes[0]).toMatchObject({ stepId: 'w', passedAt: NOW + HOUR, outcome: 'event' });
    const left = enrolmentIn(sequence, NOW, { stepId: 'late', stepEnteredAt: NOW + 3 * DAY });
    const plan = planJourney(snapshot(NOW + 3 * DAY + 1, { enrolments: [left], events: [ordered] }), NOW + 3 * DAY + 1);
    expect(plan.enrolments).toMatchObject([{ kind: 'moved', stepId: 'late', stepEnteredAt: NOW + 3 * DAY }]);
  });

  it('goes where the first of several leads', () => {
    const sequence = sequenceOf([
      {
        id: 'w',
        kind: 'waitFor',
        timeout: { days: 3 },
        onTimeout: 'end',
        anyOf: [
          { signal: { event: 'A' }, to: 'a' },
          { signal: { event: 'B' }, to: 'b' },
        ],
      },
      { id: 'a', ...wait },
      { id: 'b', ...wait },
    ]);
    expect(planned(sequence, NOW + DAY, [event('B', NOW + HOUR), event('A', NOW + 2 * HOUR)]).step).toBe('b');
  });

  it('waits until all of several have happened, in any order, and goes on from the last', () => {
    const sequence = waiting({ allOf: [{ event: 'A' }, { event: 'B' }] });
    expect(planned(sequence, NOW + DAY, [event('B', NOW + HOUR)]).step).toBe('w');
    const { plan } = planned(sequence, NOW + DAY, [event('B', NOW + HOUR), event('A', NOW + 2 * HOUR)]);
    expect(plan.enrolments[0]).toMatchObject({ stepId: 'yes', stepEnteredAt: NOW + 2 * HOUR });
  });

  it('waits for a condition to come true', () => {
    const sequence = waiting({ event: { when: { event: { event: 'Viewed' }, times: { atLeast: 2 } } } });
    expect(planned(sequence, NOW + DAY, []).step).toBe('w');
    const viewed = [1, 2].map((hour) => event('Viewed', NOW + hour * HOUR));
    const facts = { ...emptySnapshot(NOW + DAY).facts, events: viewed };
    const plan = planJourney(
      snapshot(NOW + DAY, { enrolments: [enrolmentIn(sequence, NOW)], events: viewed, facts }),
      NOW + DAY,
    );
    expect(plan.enrolments[0]).toMatchObject({ stepId: 'yes', stepEnteredAt: NOW + DAY });
  });
});

describe('wait', () => {
  const berlin = { zone: 'Europe/Berlin', zoneFrom: 'stated' as const, country: 'DE', region: 'BY' };
  const at = (sequence: Sequence, now: Instant, change: Partial<JourneySnapshot> = {}) =>
    planJourney(snapshot(now, { enrolments: [enrolmentIn(sequence, NOW)], calendar: berlin, ...change }), now);

  it('until a weekday and time in the lead’s zone', () => {
    const sequence = sequenceOf([
      { id: 'w', kind: 'wait', until: { weekdays: ['tue'], at: '09:00' } },
      { id: 'x', ...wait },
    ]);
    // Monday 1 June 2026, 14:00 in Berlin; Tuesday 09:00 there is 07:00 UTC.
    expect(at(sequence, NOW).nextLookAt).toBe(Date.UTC(2026, 5, 2, 7));
  });

  it('business days leave out weekends and the holidays of the lead’s region', () => {
    const sequence = sequenceOf([
      { id: 'w', kind: 'wait', businessDays: 3 },
      { id: 'x', ...wait },
    ]);
    // Thursday 4 June 2026 is Corpus Christi in Bavaria: Tuesday, Wednesday, Friday.
    expect(at(sequence, NOW).nextLookAt).toBe(Date.UTC(2026, 5, 5, 12));
  });

  it('until a birthday, some days before it, each year', () => {
    const sequence = sequenceOf([
      { id: 'w', kind: 'wait', until: { date: 'birthday', yearly: true, plusDays: -3, at: '08:00', ifUnknown: 'end' } },
      { id: 'x', ...wait },
    ]);
    const facts = {
      ...emptySnapshot(NOW).facts,
      lead: (name: string) =>
        name === 'birthday' ? { value: '1985-06-20', source: 'form', at: NOW, confidence: 1 } : null,
    };
    expect(at(sequence, NOW, { facts }).nextLookAt).toBe(Date.UTC(2026, 5, 17, 6));
    expect(at(sequence, NOW).enrolments).toMatchObject([{ kind: 'ended', state: 'completed' }]);
  });
});

describe('branch, split, goTo', () => {
  it('a branch takes the first arm that holds; what is unknown does not hold', () => {
    const sequence = sequenceOf([
      {
        id: 'b',
        kind: 'branch',
        arms: [
          { when: { lead: 'need', is: 'now' }, to: 'now' },
          { when: { not: { lead: 'need', is: 'now' } }, to: 'later' },
        ],
        otherwise: 'ask',
      },
      { id: 'now', ...wait },
      { id: 'later', ...wait },
      { id: 'ask', ...wait },
    ]);
    expect(planned(sequence, NOW).step).toBe('ask');
  });

  it('a picked winner takes whoever comes next', () => {
    const sequence = sequenceOf([
      {
        id: 'ab',
        kind: 'split',
        arms: [
          { id: 'a', to: 'a' },
          { id: 'b', to: 'b' },
        ],
      },
      { id: 'a', ...wait },
      { id: 'b', ...wait },
    ]);
    const arms = new Set(
      Array.from({ length: 40 }, (_, n) => {
        const enrolment = enrolmentIn(sequence, NOW, { leadId: `lead${n}` });
        return planJourney(snapshot(NOW, { enrolments: [enrolment] }), NOW).passes[0]?.outcome;
      }),
    );
    expect(arms).toEqual(new Set(['a', 'b']));
    const enrolment = enrolmentIn(sequence, NOW, { winners: new Map([['ab', 'b']]) });
    const plan = planJourney(snapshot(NOW, { enrolments: [enrolment] }), NOW);
    expect(plan).toMatchObject({ enrolments: [{ stepId: 'b' }], passes: [{ outcome: 'winner' }] });
  });

  it('a loop goes round as often as it says, each round a visit of its own', () => {
    const sequence = sequenceOf([
      { id: 'pause', ...wait },
      { id: 'again', kind: 'goTo', step: 'pause', atMost: 2 },
      { id: 'done', kind: 'end' },
    ]);
    expect(planned(sequence, NOW + 2 * DAY).plan.enrolments[0]).toMatchObject({
      stepId: 'pause',
      visit: 3,
      jumps: { again: 2 },
    });
    const { plan } = planned(sequence, NOW + 3 * DAY);
    expect(plan.enrolments[0]).toMatchObject({ kind: 'ended', state: 'completed', at: NOW + 3 * DAY });
    expect(plan.passes.filter(({ stepId }) => stepId === 'pause').map(({ visit }) => visit)).toEqual([1, 2, 3]);
  });
});

describe('what a step does elsewhere', () => {
  it('what it records is known to the step that follows: it is planned again', () => {
    const sequence = sequenceOf([
      { id: 'tag', kind: 'update', addTags: ['reader'], set: { interest: 'paper' } },
      { id: 'x', ...wait },
    ]);
    const { plan } = planned(sequence, NOW);
    expect(plan.effects).toMatchObject([
      { effect: { kind: 'record', values: { interest: 'paper', 'tag.reader': true } } },
    ]);
    expect(plan).toMatchObject({ again: true, enrolments: [{ stepId: 'x' }] });
  });

  it('a handOff offers the lead, and the mail of another sequence is withheld in the same plan', () => {
    const hand = sequenceOf([
      { id: 'h', kind: 'handOff', reason: 'asked for it' },
      { id: 'x', ...wait },
    ]);
    const mail = sequenceOf([{ id: 'm', kind: 'send', template: 'a' }], { key: 'other' });
    const enrolments = [enrolmentIn(mail, NOW, { id: 'e2' }), enrolmentIn(hand, NOW)];
    const plan = planJourney(snapshot(NOW, { enrolments }), NOW);
    expect(plan.offer).toMatchObject({ by: 'step', stepId: 'h', reason: 'asked for it' });
    expect(plan.intents).toMatchObject([{ state: 'delayed', reason: 'sales-has-the-lead' }]);
  });

  it('enrols in another sequence at the logical instant, and not where that takes nobody', () => {
    const sequence = sequenceOf([{ id: 'go', kind: 'enrol', sequence: 'other' }]);
    const other = sequenceOf([{ id: 'o', ...wait }], { key: 'other' });
    const enrolments = [enrolmentIn(sequence, NOW)];
    expect(planJourney(snapshot(NOW + HOUR, { enrolments, live: [liveSequence(other)] }), NOW + HOUR)).toMatchObject({
      entries: [{ sequence: 'other', by: 'sequence', at: NOW, stepId: 'o' }],
      again: true,
    });
    const full = liveSequence(other, { passes: { any: true, active: true, lastStartedAt: 0, lastEndedAt: null } });
    expect(planJourney(snapshot(NOW, { enrolments, live: [full] }), NOW).entries).toEqual([]);
  });

  it('takes the lead out of another sequence, also one that was planned before it', () => {
    const leaver = sequenceOf([
      { id: 'l', kind: 'leave', sequence: 'other' },
      { id: 'x', ...wait },
    ]);
    const other = sequenceOf([{ id: 'm', kind: 'send', template: 'a' }], { key: 'other' });
    const enrolments = [enrolmentIn(other, NOW, { id: 'e2' }), enrolmentIn(leaver, NOW)];
    const plan = planJourney(snapshot(NOW, { enrolments }), NOW);
    expect(plan.intents).toEqual([]);
    expect(plan.enrolments).toContainEqual({ id: 'e2', kind: 'ended', state: 'left', at: NOW, reason: 'taken-out' });
  });
});

describe('goal, exits, expiry', () => {
  const sequence = sequenceOf([{ id: 'w', kind: 'wait', for: { days: 30 } }], {
    goal: [{ event: 'Order Completed' }],
    exits: [{ event: 'Job Page Viewed' }],
    expiry: { days: 20 },
  });

  it('whoever reaches the goal is done, and whatever was to be sent is superseded', () => {
    const mail = messageOf('w', NOW, { state: 'delayed' });
    const { plan } = planned(sequence, NOW + DAY, [event('Order Completed', NOW + HOUR)], [mail]);
    expect(plan.enrolments).toMatchObject([{ kind: 'ended', state: 'completed', reason: 'goal', at: NOW + HOUR }]);
    expect(plan.messages).toMatchObject([{ state: 'superseded', reason: 'enrolment-ended' }]);
  });

  it('what comes first counts, and what happened before the enrolment, or began it, does not', () => {
    const events = [event('Job Page Viewed', NOW + HOUR), event('Order Completed', NOW + 2 * HOUR)];
    expect(planned(sequence, NOW + DAY, events).plan.enrolments).toMatchObject([{ state: 'left', reason: 'exit' }]);
    expect(planned(sequence, NOW + DAY, [event('Order Completed', NOW - 1)]).step).toBe('w');
    const trigger = event('Order Completed', NOW);
    const enrolments = [enrolmentIn(sequence, NOW, { startedBy: trigger.id })];
    const plan = planJourney(snapshot(NOW + HOUR, { enrolments, events: [trigger] }), NOW + HOUR);
    expect(plan.enrolments).toMatchObject([{ kind: 'moved' }]);
  });

  it('expires, and looks for that in time', () => {
    expect(planned(sequence, NOW).plan.nextLookAt).toBe(NOW + 20 * DAY);
    expect(planned(sequence, NOW + 21 * DAY).plan.enrolments).toMatchObject([
      { state: 'left', reason: 'expired', at: NOW + 20 * DAY },
    ]);
  });
});

describe('coming in by a condition', () => {
  const when = { event: { event: 'Viewed' }, times: { atLeast: 2 } };
  const entering = sequenceOf([{ id: 'w', ...wait }], { entry: [{ when }], reentry: 'after-end' });
  const facts = (count: number) => ({
    ...emptySnapshot(NOW).facts,
    events: Array.from({ length: count }, (_, n) => event('Viewed', NOW - n)),
  });

  it('when it comes true, and is noted, so that it is not entered for as long as it holds', () => {
    const plan = planJourney(snapshot(NOW, { live: [liveSequence(entering)], facts: facts(2) }), NOW);
    expect(plan).toMatchObject({
      entries: [{ sequence: 's', by: 'condition', at: NOW }],
      conditionsHeld: [{ sequence: 's', held: true }],
      again: true,
    });
    const held = { live: [liveSequence(entering, { heldBefore: true })] };
    expect(planJourney(snapshot(NOW, { ...held, facts: facts(2) }), NOW)).toMatchObject({
      entries: [],
      conditionsHeld: [],
    });
    expect(planJourney(snapshot(NOW, { ...held, facts: facts(1) }), NOW)).toMatchObject({
      entries: [],
      conditionsHeld: [{ sequence: 's', held: false }],
    });
  });

  it('an event brings in whom the audience has, and turns the others away', () => {
    const sequence = sequenceOf([{ id: 'w', ...wait }], { audience: when, entry: [{ event: 'Signed Up' }] });
    const entrant = { entering: [enrolmentIn(sequence, NOW)] };
    expect(planJourney(snapshot(NOW, { ...entrant, facts: facts(2) }), NOW).enrolments).toMatchObject([
      { kind: 'moved' },
    ]);
    expect(planJourney(snapshot(NOW, entrant), NOW).enrolments).toMatchObject([
      { kind: 'turned-away', reason: 'audience' },
    ]);
  });
});

describe('streams', () => {
  const sequence = sequenceOf(
    [
      { id: 'm', kind: 'send', stream: 'by-maturity' },
      { id: 'x', ...wait },
    ],
    {
      streams: [
        {
          id: 'by-maturity',
          tracks: [
            { id: 'early', contents: ['a', 'b'] },
            { id: 'ripe', when: { score: 'shop', points: { atLeast: 50 } }, contents: ['c'] },
          ],
        },
      ],
    },
  );
  const contents = new Map(['a', 'b', 'c'].map((key) => [key, { lineage: key, repeatable: false }]));
  const mature = (points: number) => ({
    ...emptySnapshot(NOW).facts,
    standings: new Map([['shop', { points, grade: null, band: null }]]),
  });
  const at = (change: Partial<JourneySnapshot>) =>
    planJourney(snapshot(NOW, { enrolments: [enrolmentIn(sequence, NOW)], contents, ...change }), NOW);

  it('the first content of the lead’s track that it was not sent', () => {
    expect(at({}).intents).toMatchObject([{ template: 'a' }]);
    expect(at({ received: new Set(['a']) }).intents).toMatchObject([{ template: 'b' }]);
    expect(at({ facts: mature(60) }).intents).toMatchObject([{ template: 'c', lineage: 'c' }]);
  });

  it('an exhausted stream is a state, until the lead has matured', () => {
    const plan = at({ received: new Set(['a', 'b']) });
    expect(plan.intents).toEqual([]);
    expect(plan.enrolments).toMatchObject([{ kind: 'moved', stepId: 'm', exhausted: true, awaits: ['score'] }]);
    expect(at({ received: new Set(['a', 'b']), facts: mature(60) }).intents).toMatchObject([{ template: 'c' }]);
  });

  it('a mail that waits becomes that of the next track when its reader matures', () => {
    const waiting = messageOf('m', NOW, { template: 'a', lineage: 'a', state: 'delayed' });
    expect(at({ messages: [waiting], facts: mature(60) }).messages).toMatchObject([
      { id: 'm1', state: 'due', content: { template: 'c', lineage: 'c' } },
    ]);
  });
});

describe('the same content', () => {
  it('is not sent twice, whatever sequence it comes by, unless it may be repeated', () => {
    const sequence = sequenceOf([
      { id: 'm', kind: 'send', template: 'renamed' },
      { id: 'x', ...wait },
    ]);
    const content = (repeatable: boolean) => ({
      enrolments: [enrolmentIn(sequence, NOW)],
      contents: new Map([['renamed', { lineage: 'offer', repeatable }]]),
      received: new Set(['offer']),
    });
    const plan = planJourney(snapshot(NOW, content(false)), NOW);
    expect(plan).toMatchObject({
      intents: [],
      enrolments: [{ stepId: 'x' }],
      passes: [{ outcome: 'already-received' }],
    });
    expect(planJourney(snapshot(NOW, content(true)), NOW).intents).toMatchObject([{ state: 'due' }]);
  });

  it('wanted by two sequences at once goes once', () => {
    const [one, other] = ['one', 'other'].map((key) =>
      sequenceOf([{ id: 'm', kind: 'send', template: 'offer' }], { key }),
    );
    const enrolments = [enrolmentIn(one!, NOW), enrolmentIn(other!, NOW, { id: 'e2' })];
    const { intents } = planJourney(snapshot(NOW, { enrolments }), NOW);
    expect(intents.map(({ state }) => state)).toEqual(['due', 'delayed']);
  });
});

describe('one event', () => {
  const asked = { id: 'asked', kind: 'waitFor', event: { event: 'Asked' }, timeout: { days: 9 } };
  const tell = { id: 'tell', kind: 'webhook', endpoint: 'crm' };

  it('ends one step, also where a step that takes no time lies before the next', () => {
    const sequence = sequenceOf([asked, tell, { ...asked, id: 'again' }, { id: 'x', ...wait }]);
    expect(planned(sequence, NOW + DAY, [event('Asked', NOW + HOUR)]).step).toBe('again');
    expect(planned(sequence, NOW + DAY, [event('Asked', NOW + HOUR), event('Asked', NOW + 2 * HOUR)]).step).toBe('x');
  });

  it('goes round a loop once', () => {
    const sequence = sequenceOf([asked, tell, { id: 'back', kind: 'goTo', step: 'asked', atMost: 50 }]);
    const { plan } = planned(sequence, NOW + DAY, [event('Asked', NOW + HOUR)]);
    expect(plan.effects).toHaveLength(1);
    expect(plan.enrolments).toMatchObject([{ stepId: 'asked', visit: 2 }]);
  });
});

describe('a wait until a time', () => {
  it('takes time on each way round a loop', () => {
    const sequence = sequenceOf([
      { id: 'nine', kind: 'wait', until: { at: '09:00' } },
      { id: 'tell', kind: 'webhook', endpoint: 'crm' },
      { id: 'back', kind: 'goTo', step: 'nine', atMost: 5 },
      { id: 'x', ...wait },
    ]);
    const { plan } = planned(sequence, NOW + DAY);
    expect(plan.effects).toHaveLength(1);
    expect(plan.nextLookAt).toBe(Date.UTC(2026, 5, 3, 9));
  });

  const renewal = sequenceOf([
    { id: 'date', kind: 'wait', until: { date: 'renewal' } },
    { id: 'mail', kind: 'send', template: 'a' },
  ]);
  const waiting = { enrolments: [enrolmentIn(renewal, NOW - 60 * DAY)] };

  it('whose date is taken back meanwhile lets go now, not two months ago', () => {
    expect(planJourney(snapshot(NOW, waiting), NOW).intents).toMatchObject([{ state: 'due', dueAt: NOW }]);
  });

  it('whose date is moved to the past meanwhile lets go when that was told', () => {
    const told = NOW - HOUR;
    const facts = {
      ...emptySnapshot(NOW).facts,
      lead: () => ({ value: '2026-05-01', source: 'form', at: told, confidence: 1 }),
    };
    expect(planJourney(snapshot(NOW, { ...waiting, facts }), NOW).intents).toMatchObject([
      { state: 'due', dueAt: told },
    ]);
  });
});

describe('a step that takes the lead out of a sequence', () => {
  it('lets a later one enrol it anew', () => {
    const other = sequenceOf([{ id: 'o', kind: 'wait', for: { days: 9 } }], { key: 'other', reentry: 'after-end' });
    const sequence = sequenceOf([
      { id: 'out', kind: 'leave', sequence: 'other' },
      { id: 'in', kind: 'enrol', sequence: 'other' },
      { id: 'x', ...wait },
    ]);
    const passes = { any: true, active: true, lastStartedAt: NOW - DAY, lastEndedAt: null };
    const plan = planJourney(
      snapshot(NOW, {
        enrolments: [enrolmentIn(other, NOW - DAY, { id: 'e2' }), enrolmentIn(sequence, NOW)],
        live: [liveSequence(other, { passes })],
      }),
      NOW,
    );
    expect(plan.entries).toMatchObject([{ sequence: 'other' }]);
    expect(plan.enrolments).toContainEqual(expect.objectContaining({ id: 'e2', kind: 'ended', reason: 'taken-out' }));
  });
});

describe('a pause', () => {
  it('is noted once on a mail, also where another mail of the same plan is dropped', () => {
    const held = sequenceOf([{ id: 'm', kind: 'send', template: 'a' }]);
    const late = sequenceOf([{ id: 'n', kind: 'send', template: 'b', deadline: { days: 1 } }], { key: 'late' });
    const enrolments = [enrolmentIn(held, NOW, { paused: true }), enrolmentIn(late, NOW - 5 * DAY, { id: 'e2' })];
    const plan = planJourney(snapshot(NOW, { enrolments, messages: [messageOf('m', NOW)] }), NOW);
    expect(plan.messages).toMatchObject([{ id: 'm1', reason: 'sequence-paused' }]);
  });
});

describe('a mail that is made after a pause', () => {
  it('has its whole deadline from its turn on', () => {
    const sequence = sequenceOf([{ id: 'm', kind: 'send', template: 'a', deadline: { hours: 12 } }]);
    const turn = NOW + 17 * HOUR;
    const enrolments = [enrolmentIn(sequence, NOW, { mailsFrom: turn })];
    expect(planJourney(snapshot(NOW, { enrolments }), NOW).intents).toMatchObject([
      { reason: 'after-a-pause', nextAttemptAt: turn, deadlineAt: turn + 12 * HOUR },
    ]);
  });
});
