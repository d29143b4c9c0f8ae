import { describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { Interaction, Properties } from '../../domain/interaction/interaction.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { EnrolmentInForce } from '../../domain/journey/snapshot.ts';
import { sequenceSchema } from '../../domain/sequence/definition.ts';
import { emptySnapshot, enrolmentIn, messageOf } from '../support/snapshot.ts';

// The table of docs/sequences.md, row by row: an enrolment since BEGUN, whose step `w` began at ENTERED and ends at TIMEOUT.
const BEGUN = Date.UTC(2026, 5, 1, 12);
const ENTERED = BEGUN + DAY;
const TIMEOUT = ENTERED + 3 * DAY;

let ids = 0;
function event(name: string, occurredAt: Instant, kind: Interaction['kind'] = 'track', properties: Properties = {}) {
  ids += 1;
  return { id: ids, source: 's', messageId: `i${ids}`, kind, name, properties, occurredAt } satisfies Interaction;
}

/** Where the enrolment is at `now`, since when, and what ended the step before. */
function placeAt(
  now: Instant,
  events: readonly Interaction[],
  step: object = { event: { event: 'Answered' } },
  change: Partial<EnrolmentInForce> = {},
) {
  const rest = { kind: 'wait', for: { days: 30 } };
  const sequence = sequenceSchema.parse({
    key: 's',
    name: 'S',
    purpose: 'newsletter',
    steps: [
      { id: 'mail', kind: 'send', template: 'a' },
      { id: 'w', kind: 'waitFor', timeout: { days: 3 }, onEvent: 'again', onTimeout: 'late', ...step },
      { id: 'again', kind: 'waitFor', event: { event: 'Answered' }, timeout: { days: 9 }, onTimeout: 'late' },
      { id: 'twice', ...rest },
      { id: 'stop', kind: 'end' },
      { id: 'late', ...rest },
    ],
  });
  const enrolment = enrolmentIn(sequence, BEGUN, { stepId: 'w', stepEnteredAt: ENTERED, ...change });
  const messages = [messageOf('mail', BEGUN, { state: 'accepted', claimedAt: ENTERED, finishedAt: ENTERED })];
  const plan = planJourney({ ...emptySnapshot(now), enrolments: [enrolment], events, messages }, now);
  const [moved] = plan.enrolments;
  if (moved?.kind !== 'moved') throw new Error('it ended');
  return [moved.stepId, moved.stepEnteredAt];
}

describe('what waitFor means by an event', () => {
  it('before the step began: nothing, unless it counts since the enrolment; then the step ends as it begins', () => {
    const early = [event('Answered', ENTERED - HOUR)];
    expect(placeAt(ENTERED + HOUR, early)).toEqual(['w', ENTERED]);
    const since = { event: { event: 'Answered' }, since: 'enrolment' };
    expect(placeAt(ENTERED + HOUR, early, since)).toEqual(['again', ENTERED]);
    expect(placeAt(ENTERED + HOUR, [event('Answered', BEGUN - 1)], since)).toEqual(['w', ENTERED]);
  });

  it('at the very instant of the beginning: it counts, but for the one that ended the step before', () => {
    const [answered] = [event('Answered', ENTERED)];
    expect(placeAt(ENTERED + HOUR, [answered])).toEqual(['again', ENTERED]);
    expect(placeAt(ENTERED + HOUR, [answered], undefined, { stepEnteredBy: answered.id })).toEqual(['w', ENTERED]);
  });

  it('at the very instant of the timeout: the event wins; a millisecond later the timeout does', () => {
    expect(placeAt(TIMEOUT, [event('Answered', TIMEOUT)])).toEqual(['again', TIMEOUT]);
    expect(placeAt(TIMEOUT + HOUR, [event('Answered', TIMEOUT)])).toEqual(['again', TIMEOUT]);
    expect(placeAt(TIMEOUT + HOUR, [event('Answered', TIMEOUT + 1)])).toEqual(['late', TIMEOUT]);
  });

  it('after the timeout, when Tend comes round days later: the timeout, as of its instant', () => {
    expect(placeAt(TIMEOUT + 5 * DAY, [event('Answered', TIMEOUT + DAY)])).toEqual(['late', TIMEOUT]);
  });

  it('twice: the first ends this step, the second the next', () => {
    const answers = [event('Answered', ENTERED + HOUR), event('Answered', ENTERED + 2 * HOUR)];
    expect(placeAt(ENTERED + 3 * HOUR, answers.slice(0, 1))).toEqual(['again', ENTERED + HOUR]);
    expect(placeAt(ENTERED + 3 * HOUR, answers)).toEqual(['twice', ENTERED + 2 * HOUR]);
  });

  it('told late: as of when it happened, as long as the step was not left', () => {
    expect(placeAt(ENTERED + 2 * DAY, [event('Answered', ENTERED + HOUR)])).toEqual(['again', ENTERED + HOUR]);
    const left = { stepId: 'late', stepEnteredAt: TIMEOUT };
    expect(placeAt(TIMEOUT + DAY, [event('Answered', ENTERED + HOUR)], undefined, left)).toEqual(['late', TIMEOUT]);
  });

  it('of several, the one that happened first; of two at one instant, the one written first', () => {
    const anyOf = [{ signal: { event: 'A' }, to: 'late' }, { signal: { event: 'B' } }];
    const [a, b] = [event('A', ENTERED + 2 * HOUR), event('B', ENTERED + HOUR)];
    expect(placeAt(ENTERED + DAY, [b, a], { anyOf })).toEqual(['again', ENTERED + HOUR]);
    expect(placeAt(ENTERED + DAY, [event('B', a.occurredAt), a], { anyOf })).toEqual(['late', a.occurredAt]);
  });

  it('all of several: at the last', () => {
    const allOf = [{ event: 'A' }, { event: 'B' }];
    const [a, b] = [event('A', ENTERED + 2 * HOUR), event('B', ENTERED + HOUR)];
    expect(placeAt(ENTERED + DAY, [b], { allOf })).toEqual(['w', ENTERED]);
    expect(placeAt(ENTERED + DAY, [b, a], { allOf })).toEqual(['again', a.occurredAt]);
  });

  it('a click: when the person does something after it, by the timeout; alone only with provisional', () => {
    const click = { kind: 'tend', event: 'Email Link Clicked' };
    const clicked = event('Email Link Clicked', ENTERED + HOUR, 'tend', { message: 'm1' });
    const seen = event('Prices', ENTERED + 2 * HOUR, 'page');
    expect(placeAt(ENTERED + DAY, [clicked], { event: click })).toEqual(['w', ENTERED]);
    expect(placeAt(TIMEOUT + DAY, [clicked], { event: click })).toEqual(['late', TIMEOUT]);
    expect(placeAt(ENTERED + DAY, [clicked, seen], { event: click })).toEqual(['again', seen.occurredAt]);
    const tooLate = event('Prices', TIMEOUT + MINUTE, 'page');
    expect(placeAt(TIMEOUT + DAY, [clicked, tooLate], { event: click })).toEqual(['late', TIMEOUT]);
    const mere = { event: click, provisional: true };
    expect(placeAt(ENTERED + DAY, [clicked], mere)).toEqual(['again', clicked.occurredAt]);
    const ofStep = { ...mere, ofStep: 'mail' };
    expect(placeAt(ENTERED + DAY, [clicked], ofStep)).toEqual(['again', clicked.occurredAt]);
    const elsewhere = event('Email Link Clicked', ENTERED + HOUR, 'tend', { message: 'another' });
    expect(placeAt(ENTERED + DAY, [elsewhere], ofStep)).toEqual(['w', ENTERED]);
  });
});
