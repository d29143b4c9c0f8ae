import { durationMs, type Instant } from '../instant.ts';
import type { MessageInForce, MessageState } from '../sending/message.ts';
import { type AdvanceContext, advance } from '../sequence/advance.ts';
import { END } from '../sequence/check-sequence.ts';
import type { Signal } from '../sequence/signal.ts';
import { kindOf, type Step } from '../sequence/step.ts';
import type { Mails, Waits } from '../sequence/step-kind.ts';
import { signalsOf, type WaitForStep } from '../sequence/steps/wait-for.ts';
import type { ContentGap } from '../sequence/stream.ts';
import type { EnrolmentChange, JourneyPlan } from './journey-plan.ts';
import type { EnrolmentInForce, JourneySnapshot } from './snapshot.ts';

/** Where an enrolment is and what it waits for. */
export interface ExplainedEnrolment {
  readonly step: { readonly id: string; readonly kind: Step['kind'] };
  readonly visit: number;
  readonly since: Instant;
  readonly doing: Doing;
  /** When it ends at the latest. */
  readonly expiresAt: Instant | null;
}

export type Doing =
  | { readonly kind: 'paused' }
  /** A pause of the sequence's own: until then, and on with the step `next`. */
  | { readonly kind: 'waits'; readonly until: Instant | null; readonly next: string }
  | ({ readonly kind: 'waits-for' } & WaitingFor)
  /** A stream has nothing more: until the lead has matured, or somebody adds a content. */
  | { readonly kind: 'exhausted'; readonly gap: ContentGap | null }
  | ({ readonly kind: 'mails' } & MailAtStep)
  /** It is over, and that is about to be noted. */
  | { readonly kind: 'ends'; readonly reason: string }
  /** A step has changed what is known of the lead, and it goes on by that in a moment. */
  | { readonly kind: 'goes-on' };

export interface WaitingFor {
  /** All of `signals` must happen, or one of them. */
  readonly all: boolean;
  readonly signals: readonly WatchedSignal[];
  /** Only as to the mail of this step. */
  readonly ofStep: string | null;
  /** When it goes on without. */
  readonly until: Instant;
  /** The step with which it then goes on. */
  readonly next: string;
}

export interface WatchedSignal {
  readonly signal: Signal;
  readonly happened: boolean;
  /** It was seen, but only by what a machine may have done: it waits for something that only a person does. */
  readonly unconfirmed: boolean;
}

/** A step's mail, as a plan made now would leave it. */
export interface MailAtStep {
  /** Null: it has no row yet. */
  readonly id: string | null;
  readonly template: string;
  readonly state: MessageState;
  readonly reason: string | null;
  /** In figures or a name, what the reason is in this case: `2 in 7 days`. */
  readonly detail: string | null;
  readonly nextAttemptAt: Instant | null;
  readonly dueAt: Instant;
  readonly deadlineAt: Instant | null;
}

/**
 * What `enrolment` does after everything that `plan` (made from `snapshot` at `now`, and not written) does with it. A
 * plan names a rule's `detail` only where it changes; `detailOf` gives what is stored with a message.
 */
export function explainEnrolment(
  snapshot: JourneySnapshot,
  plan: JourneyPlan,
  enrolment: EnrolmentInForce,
  now: Instant,
  detailOf: (messageId: string) => string | null,
): ExplainedEnrolment {
  const change = plan.enrolments.find(({ id }) => id === enrolment.id);
  const { sequence, startedAt, heldMs } = enrolment;
  const moved = change?.kind === 'moved' ? { ...enrolment, ...placeIn(change, enrolment) } : enrolment;
  const step = sequence.steps.find(({ id }) => id === moved.stepId);
  if (step === undefined) throw new Error(`sequence ${sequence.key} has no step "${moved.stepId}"`);
  return {
    step: { id: step.id, kind: step.kind },
    visit: moved.visit,
    since: moved.stepEnteredAt,
    doing: doingOf({ snapshot, plan, enrolment: moved, step, change, now, detailOf }),
    expiresAt: sequence.expiry === undefined ? null : startedAt + durationMs(sequence.expiry) + heldMs,
  };
}

type Moved = Extract<EnrolmentChange, { kind: 'moved' }>;

function placeIn({ stepId, visit, stepEnteredAt, stepEnteredBy, jumps }: Moved, before: EnrolmentInForce) {
  const stayed = stepId === before.stepId && visit === before.visit;
  return { stepId, visit, stepEnteredAt, stepEnteredBy, stepHeldMs: stayed ? before.stepHeldMs : 0, jumps };
}

interface Asked {
  readonly snapshot: JourneySnapshot;
  readonly plan: JourneyPlan;
  readonly enrolment: EnrolmentInForce;
  readonly step: Step;
  readonly change: EnrolmentChange | undefined;
  readonly now: Instant;
  readonly detailOf: (messageId: string) => string | null;
}

function doingOf(asked: Asked): Doing {
  const { plan, enrolment, step, change } = asked;
  if (change !== undefined && change.kind !== 'moved') return { kind: 'ends', reason: change.reason };
  if (enrolment.paused) return { kind: 'paused' };
  // What a step has just recorded is not among the facts of this snapshot.
  if (plan.effects.some(({ enrolmentId, effect }) => enrolmentId === enrolment.id && effect.kind === 'record'))
    return { kind: 'goes-on' };
  const mails = mailsOf(asked);
  const context = contextOf(asked, mails);
  const { state } = advance(context);
  switch (state.kind) {
    case 'mails':
      return { kind: 'mails', ...mailAt(state, mails) };
    case 'waits':
      if (step.kind === 'waitFor') return { kind: 'waits-for', ...waitingFor(step, state, context) };
      if (state.exhausted === true) return { kind: 'exhausted', gap: change?.gap ?? null };
      return { kind: 'waits', until: state.until, next: following(context.enrolment.sequence.steps, step) };
    case 'completed':
      return { kind: 'ends', reason: 'completed' };
    case 'again':
      return { kind: 'goes-on' };
  }
}

function mailAt({ mail, message }: Mails, mails: readonly PlannedMail[]): MailAtStep {
  const { template, dueAt, deadlineAt } = mail;
  const found = mails.find(({ message: { id } }) => id === message?.id);
  if (found === undefined)
    return { id: null, template, state: 'due', reason: null, detail: null, nextAttemptAt: null, dueAt, deadlineAt };
  const { id, state, reason, nextAttemptAt } = found.message;
  const { stored, detail } = found;
  return { id: stored ? id : null, template, state, reason, detail, nextAttemptAt, dueAt, deadlineAt };
}

interface PlannedMail {
  readonly message: MessageInForce;
  readonly detail: string | null;
  readonly stored: boolean;
}

/** The enrolment's messages as the plan would leave them. */
function mailsOf({ snapshot, plan, enrolment, detailOf, now }: Asked): PlannedMail[] {
  const stored = snapshot.messages
    .filter(({ enrolmentId }) => enrolmentId === enrolment.id)
    .map((message): PlannedMail => {
      const change = plan.messages.find(({ id }) => id === message.id);
      if (change === undefined) return { message, detail: detailOf(message.id), stored: true };
      const { state, reason, detail, nextAttemptAt, content } = change;
      return { message: { ...message, ...content, state, reason, nextAttemptAt }, detail, stored: true };
    });
  const intended = plan.intents
    .filter(({ enrolmentId }) => enrolmentId === enrolment.id)
    .map(({ detail, sendNow: _sendNow, ...intent }): PlannedMail => {
      const id = `${intent.stepId} ${intent.visit}`;
      const message = { ...intent, id, claimedAt: null, leaseUntil: null, finishedAt: now };
      return { message, detail, stored: false };
    });
  return [...stored, ...intended];
}

function contextOf({ snapshot, enrolment, now }: Asked, mails: readonly PlannedMail[]): AdvanceContext {
  const { events, facts, calendar, contents, received, question } = snapshot;
  const messages = mails.map(({ message }) => message);
  // Without an outlook a wait names its own end, and not when it is looked at meanwhile.
  return { now, enrolment, messages, events, facts, outlook: () => null, calendar, contents, received, question };
}

function waitingFor(step: WaitForStep, { until }: Waits, context: AdvanceContext): WaitingFor {
  const { steps } = context.enrolment.sequence;
  return {
    all: step.allOf !== undefined,
    signals: signalsOf(step).map((signal) => ({ signal, ...seen(step, signal, context) })),
    ofStep: step.ofStep ?? null,
    until: until ?? context.now,
    next: step.onTimeout ?? following(steps, step),
  };
}

/** Whether one signal of several was seen: asked as if the step waited for it alone. */
function seen(step: WaitForStep, signal: Signal, context: AdvanceContext): Omit<WatchedSignal, 'signal'> {
  const alone: Step = { ...step, event: signal, anyOf: undefined, allOf: undefined };
  const result = kindOf(alone).pass(alone, context.enrolment, { ...context, stoodHere: true });
  return {
    happened: result.kind === 'passed' && result.outcome === 'event',
    unconfirmed: result.kind === 'waits' && result.watched.humanSignals === true,
  };
}

function following(steps: readonly Step[], { id }: Step): string {
  return steps[steps.findIndex((step) => step.id === id) + 1]?.id ?? END;
}
