import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { type Sequence, sequenceSchema } from '../../domain/sequence/definition.ts';
import {
  type Migrant,
  type MigrationPlan,
  migrate,
  migrationPlanSchema,
  migrationProblems,
} from '../../domain/sequence/migration.ts';

const NOW = Date.UTC(2026, 5, 1);
const sequence = (steps: readonly object[], more: object = {}): Sequence =>
  sequenceSchema.parse({ key: 's', name: 'S', purpose: 'newsletter', steps, ...more });
const mail = (id: string, template = id) => ({ id, kind: 'send', template });
const pause = (id: string) => ({ id, kind: 'wait', for: { days: 2 } });
const from = sequence([
  mail('hello'),
  pause('rest'),
  mail('offer'),
  { id: 'loop', kind: 'goTo', step: 'rest', atMost: 2 },
]);
const to = sequence([mail('greeting'), mail('hello'), pause('rest'), mail('offer', 'better-offer')]);

const migrant = (stepId: string, change: Partial<Migrant> = {}): Migrant => ({
  state: 'active',
  stepId,
  visit: 2,
  stepEnteredAt: NOW - DAY,
  stepEnteredBy: 7,
  jumps: { loop: 1 },
  ...change,
});
const plan = (content: object): MigrationPlan => migrationPlanSchema.parse(content);
const migrated = (stepId: string, content: object, change: Partial<Migrant> = {}) =>
  migrate(migrant(stepId, change), { from, to, plan: plan(content), now: NOW });

describe('an enrolment that goes over to a new version', () => {
  it('stays on its old one unless the plan says otherwise', () => {
    expect(migrated('rest', {})).toEqual({ kind: 'stays' });
    expect(migrated('rest', { default: 'leave', steps: { rest: 'stay' } })).toEqual({ kind: 'stays' });
    expect(migrated('rest', { default: 'leave' })).toEqual({ kind: 'leaves' });
  });

  it('in the same step has waited for as long as it has', () => {
    expect(migrated('rest', { default: 'same-step' })).toEqual({
      kind: 'moves',
      stepId: 'rest',
      visit: 2,
      stepEnteredAt: NOW - DAY,
      stepEnteredBy: 7,
      // The goTo that counted is no more.
      jumps: {},
      mail: 'kept',
      anew: false,
    });
  });

  it('keeps its mail where the step mails the same, and has it made anew where it mails another', () => {
    expect(migrated('hello', { default: 'same-step' })).toMatchObject({ mail: 'kept', visit: 2 });
    const offered = migrated('offer', { default: 'same-step' });
    expect(offered).toMatchObject({ mail: 'superseded', visit: 3, stepEnteredAt: NOW - DAY });
    const elsewhere = sequence([mail('hello')], { purpose: 'service' });
    expect(
      migrate(migrant('hello'), { from, to: elsewhere, plan: plan({ default: 'same-step' }), now: NOW }),
    ).toMatchObject({ mail: 'superseded', visit: 3 });
  });

  it('restarts, or goes to a named step, from now on', () => {
    const since = { visit: 3, stepEnteredAt: NOW, stepEnteredBy: null, mail: 'superseded' };
    expect(migrated('offer', { default: 'restart' })).toMatchObject({
      ...since,
      stepId: 'greeting',
      anew: true,
      jumps: {},
    });
    expect(migrated('offer', { steps: { offer: { to: 'rest' } } })).toMatchObject({
      ...since,
      stepId: 'rest',
      anew: false,
    });
  });

  it('stands at the new door where it stood at the old one', () => {
    const door = migrated('hello', { default: 'same-step' }, { state: 'entering', visit: 1 });
    expect(door).toMatchObject({ stepId: 'greeting', visit: 1, stepEnteredAt: NOW - DAY, mail: 'kept' });
  });

  it('ends up at a step of the new version, at a visit that has no mail unless it is the same mail', () => {
    const fates = ['stay', 'same-step', 'restart', 'leave', { to: 'rest' }, { to: 'hello' }] as const;
    fc.assert(
      fc.property(
        fc.constantFrom('hello', 'rest', 'offer'),
        fc.constantFrom(...fates),
        fc.constantFrom('active' as const, 'entering' as const),
        (stepId, fate, state) => {
          const change = migrated(stepId, { steps: { [stepId]: fate } }, { state });
          if (change.kind !== 'moves') return;
          expect(to.steps.map(({ id }) => id)).toContain(change.stepId);
          expect(change.visit).toBe(change.mail === 'superseded' ? 3 : 2);
        },
      ),
    );
  });
});

describe('a plan that is not possible', () => {
  const problems = (content: object) => migrationProblems(plan(content), [from], to);

  it('names the steps that the new version does not have', () => {
    expect(problems({ default: 'same-step' })).toEqual([
      { path: ['plan', 'default'], message: expect.stringContaining('no step "loop"') },
    ]);
    expect(problems({ default: 'same-step', steps: { loop: 'stay' } })).toEqual([]);
    expect(problems({ steps: { loop: 'same-step' } })).toMatchObject([{ path: ['plan', 'steps', 'loop'] }]);
    expect(problems({ steps: { rest: { to: 'nowhere' } } })).toEqual([
      { path: ['plan', 'steps', 'rest', 'to'], message: 'the new version has no step "nowhere"' },
    ]);
    expect(problems({ steps: { greeting: 'leave' } })).toMatchObject([{ path: ['plan', 'steps', 'greeting'] }]);
  });
});
