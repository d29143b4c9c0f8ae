import { z } from 'zod';
import type { Problem } from '../conditions/one-of.ts';
import { definitionKeySchema } from '../definition/definition.ts';
import type { Instant } from '../instant.ts';
import type { Sequence } from './definition.ts';
import type { Step } from './step.ts';

const toStepSchema = z.strictObject({ to: definitionKeySchema });
const fate = z.enum(['stay', 'same-step', 'restart', 'leave'], {
  error: 'must be stay, same-step, restart or leave',
});

/** What becomes of leads in flight when they go over to a new version, by the step at which they stand. */
export const migrationPlanSchema = z.strictObject({
  default: fate.default('stay'),
  /** By the id of the old version's step. */
  steps: z
    .record(
      definitionKeySchema,
      z.union([fate, toStepSchema], {
        error: 'must be stay, same-step, restart, leave or { to: <a step of the new version> }',
      }),
    )
    .default({}),
});

export type MigrationPlan = z.infer<typeof migrationPlanSchema>;
export type MigrationFate = MigrationPlan['steps'][string];

/** Where an enrolment is, as far as its migration needs it. */
export interface Migrant {
  /** `entering`: the audience has not let it in yet. */
  readonly state: 'entering' | 'active';
  readonly stepId: string;
  readonly visit: number;
  readonly stepEnteredAt: Instant;
  readonly stepEnteredBy: number | null;
  readonly jumps: Readonly<Record<string, number>>;
}

export type MigrationChange =
  /** It goes on, on the version that it entered with. */
  | { readonly kind: 'stays' }
  | { readonly kind: 'leaves' }
  | {
      readonly kind: 'moves';
      readonly stepId: string;
      readonly visit: number;
      readonly stepEnteredAt: Instant;
      readonly stepEnteredBy: number | null;
      readonly jumps: Readonly<Record<string, number>>;
      /** Its mail that waits to be sent goes with it, or is superseded; where the new step mails, another is made. */
      readonly mail: 'kept' | 'superseded';
      /** It begins from the beginning: what it did before counts no more for goals, exits and its expiry. */
      readonly anew: boolean;
    };

/**
 * What `plan` does to an enrolment that stands in the version `from` when it goes over to `to`. `same-step` keeps since
 * when it is there, so that a wait does not begin again, and its mail, unless the step mails something else by now: then
 * it is made anew. Every other way there is a new visit, since `now`, so that its mail is another one.
 */
export function migrate(
  { state, stepId, visit, stepEnteredAt, stepEnteredBy, jumps }: Migrant,
  {
    from,
    to,
    plan,
    now,
  }: { readonly from: Sequence; readonly to: Sequence; readonly plan: MigrationPlan; readonly now: Instant },
): MigrationChange {
  const fate = fateOf(plan, stepId);
  if (fate === 'stay') return { kind: 'stays' };
  if (fate === 'leave') return { kind: 'leaves' };
  const first = to.steps[0]?.id ?? '';
  const kept = { stepEnteredAt, stepEnteredBy };
  // Who has not been let in stands at the door, and no step has begun.
  if (state === 'entering') return moved(first, { visit, ...kept, jumps: {}, mail: 'kept', anew: false });
  const since = { visit: visit + 1, stepEnteredAt: now, stepEnteredBy: null };
  if (fate === 'restart') return moved(first, { ...since, jumps: {}, mail: 'superseded', anew: true });
  const left = Object.fromEntries(Object.entries(jumps).filter(([id]) => kindAt(to, id) === 'goTo'));
  if (typeof fate === 'object') return moved(fate.to, { ...since, jumps: left, mail: 'superseded', anew: false });
  const mails = sameMail(from, to, stepId);
  return moved(stepId, {
    visit: mails ? visit : visit + 1,
    ...kept,
    jumps: left,
    mail: mails ? 'kept' : 'superseded',
    anew: false,
  });
}

type Moved = Extract<MigrationChange, { kind: 'moves' }>;

function moved(stepId: string, rest: Omit<Moved, 'kind' | 'stepId'>): Moved {
  return { kind: 'moves', stepId, ...rest };
}

export function fateOf(plan: MigrationPlan, stepId: string): MigrationFate {
  return Object.hasOwn(plan.steps, stepId) ? (plan.steps[stepId] ?? plan.default) : plan.default;
}

function kindAt(sequence: Sequence, stepId: string): Step['kind'] | null {
  return sequence.steps.find(({ id }) => id === stepId)?.kind ?? null;
}

/** True where a mail made for the step in `from` is the one that the step in `to` would make. */
function sameMail(from: Sequence, to: Sequence, stepId: string): boolean {
  const [before, after] = [from, to].map(({ steps }) => steps.find(({ id }) => id === stepId));
  if (before === undefined || after === undefined || from.purpose !== to.purpose) return false;
  if (before.kind === 'send' && after.kind === 'send')
    return before.template === after.template && before.stream === after.stream;
  if (before.kind === 'ask' && after.kind === 'ask')
    return before.template === after.template && before.model === after.model;
  const mails = (step: Step) => step.kind === 'send' || step.kind === 'ask';
  return !mails(before) && !mails(after);
}

/** What of `plan` can't be done to enrolments in these versions, by field. */
export function migrationProblems(plan: MigrationPlan, from: readonly Sequence[], to: Sequence): Problem[] {
  const old = new Set(from.flatMap(({ steps }) => steps.map(({ id }) => id)));
  const known = new Set(to.steps.map(({ id }) => id));
  const problems: Problem[] = [];
  for (const [id, fate] of Object.entries(plan.steps)) {
    const path = ['plan', 'steps', id];
    if (!old.has(id)) problems.push({ path, message: `no version that leads are moved from has a step "${id}"` });
    if (typeof fate === 'object' && !known.has(fate.to))
      problems.push({ path: [...path, 'to'], message: `the new version has no step "${fate.to}"` });
  }
  for (const { id, kind: now } of to.steps) {
    // Their mails are rows of one visit each: what told a colleague can't be what writes to the lead.
    const was = from
      .flatMap(({ steps }) => steps)
      .find((step) => step.id === id && (step.kind === 'notify') !== (now === 'notify'));
    if (was === undefined) continue;
    const message = `the step "${id}" was a ${was.kind} and is a ${now} now: give the new one another id`;
    problems.push({ path: ['plan'], message });
  }
  for (const id of old) {
    if (fateOf(plan, id) !== 'same-step' || known.has(id)) continue;
    const named = Object.hasOwn(plan.steps, id);
    const message = `the new version has no step "${id}": say for this step stay, restart, leave or { to: <a step> }`;
    problems.push({ path: named ? ['plan', 'steps', id] : ['plan', 'default'], message });
  }
  return problems;
}
