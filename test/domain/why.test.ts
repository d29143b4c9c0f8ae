import { describe, expect, it } from 'vitest';
import type { Condition } from '../../domain/conditions/condition.ts';
import { conditionInWords } from '../../domain/conditions/condition-in-words.ts';
import { DAY, HOUR } from '../../domain/instant.ts';
import { explainEnrolment } from '../../domain/journey/explain-enrolment.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { EnrolmentInForce, JourneySnapshot } from '../../domain/journey/snapshot.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

const MONDAY = Date.UTC(2026, 5, 1, 12);

function sequence(steps: readonly object[], more: object = {}) {
  return sequenceSchema.parse({ key: 'welcome', name: 'Welcome', purpose: 'newsletter', steps, ...more });
}

/** What is said of `enrolment` where a plan has just been made. */
function explain(
  enrolment: EnrolmentInForce,
  change: Partial<JourneySnapshot> = {},
  now = MONDAY,
  detail: string | null = null,
) {
  const snapshot = { ...emptySnapshot(now), enrolments: [enrolment], ...change };
  return explainEnrolment(snapshot, planJourney(snapshot, now), enrolment, now, () => detail);
}

describe('what an enrolment waits for', () => {
  it('is told as of after what is due: the steps that a plan would do now are behind it', () => {
    const steps = [
      { id: 'hour', kind: 'wait', for: { hours: 1 } },
      { id: 'day', kind: 'wait', for: { days: 1 } },
      { id: 'last', kind: 'end' },
    ];
    const enrolment = enrolmentIn(sequence(steps), MONDAY - 2 * HOUR);
    expect(explain(enrolment)).toEqual({
      step: { id: 'day', kind: 'wait' },
      visit: 1,
      since: MONDAY - HOUR,
      doing: { kind: 'waits', until: MONDAY - HOUR + DAY, next: 'last' },
      expiresAt: null,
    });
  });

  it('is the timeout itself, not the next look that conditions ask for', () => {
    const awaited = { when: { lead: 'contractEnds', inNext: { days: 2 } } };
    const steps = [{ id: 'answer', kind: 'waitFor', event: awaited, timeout: { days: 9 } }];
    const enrolment = enrolmentIn(sequence(steps, { expiry: { days: 30 } }), MONDAY, { heldMs: HOUR });
    const snapshot = { ...emptySnapshot(MONDAY), enrolments: [enrolment], outlook: () => MONDAY + HOUR };
    const plan = planJourney(snapshot, MONDAY);
    expect(plan.nextLookAt).toBe(MONDAY + HOUR);
    expect(explainEnrolment(snapshot, plan, enrolment, MONDAY, () => null)).toMatchObject({
      doing: {
        kind: 'waits-for',
        until: MONDAY + 9 * DAY,
        next: 'end',
        signals: [{ signal: awaited, happened: false, unconfirmed: false }],
      },
      // A pause is not counted against it.
      expiresAt: MONDAY + 30 * DAY + HOUR,
    });
  });

  it('is nothing while it is paused', () => {
    const steps = [{ id: 'hello', kind: 'send', template: 'hello' }];
    expect(explain(enrolmentIn(sequence(steps), MONDAY, { paused: true })).doing).toEqual({ kind: 'paused' });
  });

  it('is its end, where that has not been noted yet', () => {
    const steps = [{ id: 'day', kind: 'wait', for: { days: 1 } }];
    const enrolment = enrolmentIn(sequence(steps), MONDAY - DAY);
    expect(explain(enrolment).doing).toEqual({ kind: 'ends', reason: 'completed' });
    const customer = { lead: { ...emptySnapshot(MONDAY).lead, stage: 'customer' as const } };
    expect(explain(enrolmentIn(sequence(steps), MONDAY), customer).doing).toEqual({
      kind: 'ends',
      reason: 'left-the-stage',
    });
  });

  it('is a moment, where a step has recorded something that the next one may ask for', () => {
    const steps = [
      { id: 'note', kind: 'update', set: { interest: 'pens' } },
      { id: 'day', kind: 'wait', for: { days: 1 } },
    ];
    expect(explain(enrolmentIn(sequence(steps), MONDAY))).toMatchObject({
      step: { id: 'day' },
      doing: { kind: 'goes-on' },
    });
  });

  it('is its mail, with the detail that is stored where the plan leaves it as it is', () => {
    const steps = [{ id: 'hello', kind: 'send', template: 'hello' }];
    const enrolment = enrolmentIn(sequence(steps), MONDAY);
    const stored = messageOf('hello', MONDAY, { state: 'delayed', reason: 'no-consent', deadlineAt: MONDAY + DAY });
    expect(explain(enrolment, { messages: [stored] }, MONDAY + HOUR, 'as stored').doing).toEqual({
      kind: 'mails',
      id: 'm1',
      template: 'hello',
      state: 'delayed',
      reason: 'no-consent',
      detail: 'as stored',
      nextAttemptAt: null,
      dueAt: MONDAY,
      deadlineAt: MONDAY + DAY,
    });
    const paused = explain(enrolment, { messages: [stored], paused: true }, MONDAY + HOUR, 'as stored').doing;
    expect(paused).toMatchObject({ state: 'delayed', reason: 'paused', detail: null });
    expect(explain(enrolment, { paused: true }).doing).toMatchObject({ id: null, state: 'delayed', reason: 'paused' });
  });
});

describe('a condition in words', () => {
  it.each<[Condition, string]>([
    [{ lead: 'need', is: 'now' }, 'lead\'s need is "now"'],
    [{ account: 'employees', atLeast: 50, atMost: 200 }, "account's employees is at least 50 and at most 200"],
    [{ stage: ['lead', 'customer'] }, 'stage is lead or customer'],
    [{ score: 'cloud', band: [1, 2] }, 'score under "cloud" has band 1 or 2'],
    [
      { event: { event: 'Came' }, times: { atLeast: 2 }, within: { days: 7 } },
      'event "Came" happened at least 2 times in the last 7 days',
    ],
    [
      { all: [{ not: { lead: 'need', exists: true } }, { any: [{ stage: ['lead'] }, { lead: 'a', is: 1 }] }] },
      "not (lead's need is anything that is known) and (stage is lead or lead's a is 1)",
    ],
  ])('%j', (condition, words) => {
    expect(conditionInWords(condition)).toBe(words);
  });
});
