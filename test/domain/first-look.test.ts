import { describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { planJourney } from '../../domain/journey/plan.ts';
import type { FirstLook, LiveSequence } from '../../domain/journey/snapshot.ts';
import { type Sequence, sequenceSchema } from '../../domain/sequence/definition.ts';
import { NO_PASSES } from '../../domain/sequence/entry.ts';
import { emptySnapshot, enrolmentIn, liveSequence } from '../support/snapshot.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const sequence = (more: object = {}): Sequence =>
  sequenceSchema.parse({
    key: 'keen',
    name: 'Keen',
    purpose: 'newsletter',
    entry: [{ when: { stage: ['lead'] } }],
    steps: [{ id: 'rest', kind: 'wait', for: { days: 1 } }],
    ...more,
  });
const planned = (change: Partial<LiveSequence>, more: object = {}) => {
  const { entries, conditionsHeld } = planJourney(
    { ...emptySnapshot(NOW), live: [liveSequence(sequence(more), change)] },
    NOW,
  );
  return { enters: entries.length > 0, noted: conditionsHeld };
};
const look = (existing: FirstLook['existing']): FirstLook => ({ publication: 1, existing });
const held = [{ sequence: 'keen', held: true }];

describe('the first plan of a lead since a sequence was published', () => {
  it('notes a condition that holds already, and lets the lead in only where the publisher said so', () => {
    expect(planned({ firstLook: look('leave') })).toEqual({ enters: false, noted: held });
    expect(planned({ firstLook: look('enrol') })).toEqual({ enters: true, noted: held });
    expect(planned({ firstLook: null })).toEqual({ enters: true, noted: held });
  });

  it('lets in one whose condition was noted by an earlier publishing where the publisher said so', () => {
    expect(planned({ firstLook: look('enrol'), heldBefore: true })).toEqual({ enters: true, noted: [] });
    expect(planned({ firstLook: look('leave'), heldBefore: true })).toEqual({ enters: false, noted: [] });
  });

  it('lets nobody in who may not come in', () => {
    const passes = { ...NO_PASSES, any: true, lastEndedAt: NOW - DAY, lastStartedAt: NOW - 2 * DAY };
    expect(planned({ firstLook: look('enrol'), passes })).toMatchObject({ enters: false });
    const nobody = { audience: { stage: ['customer'] } };
    expect(planned({ firstLook: look('enrol') }, nobody)).toMatchObject({ enters: false });
  });

  it('forgets a condition that holds no more', () => {
    const other = { entry: [{ when: { stage: ['customer'] } }] };
    expect(planned({ firstLook: look('enrol'), heldBefore: true }, other)).toEqual({
      enters: false,
      noted: [{ sequence: 'keen', held: false }],
    });
  });
});

describe('whoever stands at the door of a paused sequence', () => {
  it('is asked when it goes on, and keeps the journey open', () => {
    const one = enrolmentIn(sequence({ audience: { stage: ['customer'] } }), NOW, { paused: true });
    const waiting = planJourney({ ...emptySnapshot(NOW), entering: [one] }, NOW);
    expect(waiting).toMatchObject({ enrolments: [], closed: false });
    const going = planJourney({ ...emptySnapshot(NOW), entering: [{ ...one, paused: false }] }, NOW);
    expect(going.enrolments).toMatchObject([{ kind: 'turned-away', reason: 'audience' }]);
  });
});
