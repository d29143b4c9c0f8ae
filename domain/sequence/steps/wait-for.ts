import { z } from 'zod';
import { isTrue } from '../../conditions/evaluate.ts';
import { definitionKeySchema } from '../../definition/definition.ts';
import { durationMs, durationSchema, earliest, type Instant } from '../../instant.ts';
import { type EventMatch, matches } from '../../interaction/event-match.ts';
import { type Interaction, isHumanSignal, isProvisional } from '../../interaction/interaction.ts';
import { conditionsAmong, eventsAmong, isCondition, type Signal, signalSchema } from '../signal.ts';
import type { Passed, Position, StepContext, StepKind, Watched } from '../step-kind.ts';
import { stepFields, targetSchema } from './fields.ts';

const armSchema = z.strictObject({
  signal: signalSchema,
  /** Where to go on when this one came first: a later step's id or `end`. Default: as `onEvent` says. */
  to: targetSchema.optional(),
});

const schema = z
  .strictObject({
    ...stepFields,
    kind: z.literal('waitFor'),
    /** The one event waited for … */
    event: signalSchema.optional(),
    /** … or several, of which the first that happens counts … */
    anyOf: z.array(armSchema).min(2, 'needs two or more: for one write event').max(20).optional(),
    /** … or several that must all happen, in any order … */
    allOf: z.array(signalSchema).min(2, 'needs two or more: for one write event').max(20).optional(),
    /** … or a condition that must come true. */
    when: z.unknown().optional(),
    timeout: durationSchema,
    /** Events of mails only as to the mail of this earlier step, in this enrolment. */
    ofStep: definitionKeySchema.optional(),
    /**
     * A click or open counts by itself. Without it, it counts once the person does something after it: scanners follow
     * links and mail programs open mails on their own.
     */
    provisional: z.boolean().default(false),
    /** From when on events count: since this `step` began, or since the `enrolment` did. */
    since: z.enum(['step', 'enrolment']).default('step'),
    onEvent: targetSchema.optional(),
    onTimeout: targetSchema.optional(),
  })
  .superRefine((step, context) => {
    if (step.when !== undefined) {
      context.addIssue({ code: 'custom', path: ['when'], message: 'belongs into event: { when: <a condition> }' });
    } else if ([step.event, step.anyOf, step.allOf].filter((way) => way !== undefined).length !== 1) {
      context.addIssue({ code: 'custom', message: 'needs one of event, anyOf and allOf' });
    }
  });

export type WaitForStep = z.infer<typeof schema>;

/**
 * Waits until something happens in this enrolment, at most until the timeout. An event counts by when it occurred, from
 * the step's beginning (or the enrolment's) up to the very instant of the timeout, that included, and ends one step
 * only. One that is told of late counts as long as the step has not been left.
 */
export const waitFor: StepKind<WaitForStep> = {
  schema,
  takesTime: true,
  goesOn: ({ onEvent, onTimeout, anyOf }) =>
    onTimeout === undefined ||
    (onEvent === undefined && (anyOf === undefined || anyOf.some(({ to }) => to === undefined))),
  targets: ({ onEvent, onTimeout, anyOf = [] }) => [
    ...named(['onEvent'], onEvent),
    ...named(['onTimeout'], onTimeout),
    ...anyOf.flatMap(({ to }, index) => named(['anyOf', index, 'to'], to)),
  ],
  watches: (step) => watched(step, step.provisional === false),
  problems({ ofStep }, steps) {
    if (ofStep === undefined) return [];
    const kind = steps.get(ofStep)?.kind;
    if (kind === 'send' || kind === 'ask') return [];
    const message = kind === undefined ? `there is no step "${ofStep}"` : `"${ofStep}" sends no mail`;
    return [{ path: ['ofStep'], message: `${message}: name a send or ask step` }];
  },
  pass(step, at, context) {
    const until = at.stepEnteredAt + durationMs(step.timeout);
    const happened = firstToHappen(step, at, until, context);
    if (happened !== null) return happened;
    if (context.now >= until) return { kind: 'passed', at: until, to: step.onTimeout, outcome: 'timeout' };
    const conditions = conditionsAmong(signalsOf(step));
    const next = earliest(until, ...conditions.map(context.outlook));
    return { kind: 'waits', until: next, watched: watched(step, someUnconfirmed(step, at, until, context)) };
  },
};

function named(path: readonly (string | number)[], to: string | undefined) {
  return to === undefined ? [] : [{ path, to }];
}

/** The signals of a step, in the order they are written. */
export function signalsOf({ event, anyOf, allOf }: WaitForStep): Signal[] {
  if (event !== undefined) return [event];
  return anyOf === undefined ? [...(allOf ?? [])] : anyOf.map(({ signal }) => signal);
}

function watched(step: WaitForStep, humanSignals: boolean): Watched {
  const signals = signalsOf(step);
  const events = eventsAmong(signals);
  return { events, conditions: conditionsAmong(signals), humanSignals: humanSignals && events.some(mayBeProvisional) };
}

/** Opens and clicks are `tend` events; a match that names neither kind nor one of them never means one. */
function mayBeProvisional(match: EventMatch): boolean {
  return (
    (match.kind === undefined || match.kind === 'tend') &&
    (match.event === undefined || isProvisional({ kind: 'tend', name: match.event }))
  );
}

interface Happened {
  readonly at: Instant;
  /** Null: a condition came true. */
  readonly by: number | null;
}

function firstToHappen(step: WaitForStep, at: Position, until: Instant, context: StepContext): Passed | null {
  const happenings = signalsOf(step).map((signal) => happenedAt(signal, step, at, until, context));
  if (step.allOf !== undefined) {
    let last: Happened | null = null;
    for (const one of happenings) {
      if (one === null) return null;
      if (last === null || one.at > last.at) last = one;
    }
    return last === null ? null : passedBy(last, step.onEvent);
  }
  let first: { readonly happened: Happened; readonly index: number } | null = null;
  for (const [index, happened] of happenings.entries())
    if (happened !== null && (first === null || happened.at < first.happened.at)) first = { happened, index };
  return first === null ? null : passedBy(first.happened, step.anyOf?.[first.index]?.to ?? step.onEvent);
}

function passedBy({ at, by }: Happened, to: string | undefined): Passed {
  return { kind: 'passed', at, to, by: by ?? undefined, outcome: 'event' };
}

function happenedAt(
  signal: Signal,
  step: WaitForStep,
  at: Position,
  until: Instant,
  context: StepContext,
): Happened | null {
  if (isCondition(signal)) {
    // A condition is asked when it is looked at; what is looked at after the timeout came too late.
    const inTime = context.now <= until && isTrue(signal.when, context.facts);
    return inTime ? { at: Math.max(context.now, at.stepEnteredAt), by: null } : null;
  }
  for (const interaction of context.events) {
    if (!counts(signal, interaction, step, at, until, context)) continue;
    if (step.provisional || !isProvisional(interaction))
      return { at: atOrAfterEntry(interaction, at), by: interaction.id };
    const { occurredAt } = interaction;
    const human = context.events.find(
      (other) => isHumanSignal(other) && other.occurredAt >= occurredAt && other.occurredAt <= until,
    );
    if (human !== undefined) return { at: atOrAfterEntry(human, at), by: interaction.id };
  }
  return null;
}

/** Time never runs backwards in an enrolment, although an event since its beginning may be older than the step. */
function atOrAfterEntry({ occurredAt }: Interaction, { stepEnteredAt }: Position): Instant {
  return Math.max(occurredAt, stepEnteredAt);
}

function counts(
  match: EventMatch,
  interaction: Interaction,
  step: WaitForStep,
  at: Position,
  until: Instant,
  { enrolment, messages }: StepContext,
): boolean {
  // What happened while a pause held the step counts too: it only does not run out meanwhile.
  // In a further round of a loop, what ended a round before would end each one after it.
  const ever = step.since === 'enrolment' && at.visit === 1;
  const from = ever ? enrolment.startedAt : at.stepEnteredAt - at.stepHeldMs;
  if (interaction.occurredAt < from || interaction.occurredAt > until) return false;
  if (interaction.id === at.stepEnteredBy || !matches(match, interaction)) return false;
  if (step.ofStep === undefined) return true;
  return messages.some(({ id, stepId }) => stepId === step.ofStep && id === interaction.properties.message);
}

function someUnconfirmed(step: WaitForStep, at: Position, until: Instant, context: StepContext): boolean {
  if (step.provisional) return false;
  return eventsAmong(signalsOf(step)).some((match) =>
    context.events.some(
      (interaction) => isProvisional(interaction) && counts(match, interaction, step, at, until, context),
    ),
  );
}
