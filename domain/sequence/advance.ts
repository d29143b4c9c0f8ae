import { durationMs, type Instant } from '../instant.ts';
import { interestKey, matches } from '../interaction/event-match.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { type EnrolmentInForce, isFinal, type MessageInForce } from '../journey/snapshot.ts';
import { END, type Sequence, type Step } from './definition.ts';

/** Where an enrolment is after everything that is due at `now` has been done with it. */
export type Advanced =
  | { readonly kind: 'completed'; readonly at: Instant }
  | ({ readonly kind: 'waits' } & At & { readonly until: Instant; readonly awaits: readonly string[] })
  /** A mail is due that has no intent yet. */
  | ({ readonly kind: 'wantsToSend' } & At & {
        readonly template: string;
        readonly dueAt: Instant;
        readonly deadlineAt: Instant;
      })
  /** The step's mail is on its way, or withheld. */
  | ({ readonly kind: 'sending' } & At & { readonly message: MessageInForce });

interface At {
  readonly stepId: string;
  readonly visit: number;
  readonly stepEnteredAt: Instant;
  readonly stepEnteredBy: number | null;
}

/**
 * Moves an enrolment on as far as `now` allows. Steps count from the logical instant at which the step before was done
 * (a wait's end, a mail's claim, an event's occurrence), not from when Tend came round to it: an hour of downtime does
 * not shift a sequence by an hour, and the simulator gives the same instants.
 */
export function advance(
  enrolment: EnrolmentInForce,
  messages: readonly MessageInForce[],
  awaited: readonly Interaction[],
  now: Instant,
): Advanced {
  let at: At = {
    stepId: enrolment.stepId,
    visit: enrolment.visit,
    stepEnteredAt: enrolment.stepEnteredAt,
    stepEnteredBy: enrolment.stepEnteredBy,
  };
  for (;;) {
    const step = enrolment.sequence.steps.find(({ id }) => id === at.stepId);
    if (step === undefined) return { kind: 'completed', at: at.stepEnteredAt };
    const passed = passStep(step, at, messages, awaited, now);
    if (passed.kind !== 'passed') return passed;
    const next = nextStepId(enrolment.sequence, step, passed.to);
    if (next === END) return { kind: 'completed', at: passed.at };
    at = { stepId: next, visit: 1, stepEnteredAt: passed.at, stepEnteredBy: passed.by ?? null };
  }
}

type Passed = { readonly kind: 'passed'; readonly at: Instant; readonly to?: string | undefined; readonly by?: number };

function passStep(
  step: Step,
  at: At,
  messages: readonly MessageInForce[],
  awaited: readonly Interaction[],
  now: Instant,
): Advanced | Passed {
  switch (step.kind) {
    case 'send': {
      const message = messages.find(({ stepId, visit }) => stepId === at.stepId && visit === at.visit);
      if (message === undefined) {
        const deadlineAt = at.stepEnteredAt + durationMs(step.deadline);
        return { kind: 'wantsToSend', ...at, template: step.template, dueAt: at.stepEnteredAt, deadlineAt };
      }
      if (!isFinal(message.state)) return { kind: 'sending', ...at, message };
      // A mail that was dropped may have been claimed days before, for an attempt that came to nothing.
      const sentAt = message.state === 'dropped' || message.state === 'superseded' ? null : message.claimedAt;
      return { kind: 'passed', at: sentAt ?? message.finishedAt ?? at.stepEnteredAt };
    }
    case 'wait': {
      const until = at.stepEnteredAt + durationMs(step.for);
      return now >= until ? { kind: 'passed', at: until } : { kind: 'waits', ...at, until, awaits: [] };
    }
    case 'waitFor': {
      // An event at the very instant of the timeout counts as in time; one event ends one step.
      const until = at.stepEnteredAt + durationMs(step.timeout);
      const event = awaited.find(
        (interaction) =>
          interaction.occurredAt >= at.stepEnteredAt &&
          interaction.id !== at.stepEnteredBy &&
          interaction.occurredAt <= until &&
          matches(step.event, interaction),
      );
      if (event !== undefined) return { kind: 'passed', at: event.occurredAt, to: step.onEvent, by: event.id };
      if (now >= until) return { kind: 'passed', at: until, to: step.onTimeout };
      return { kind: 'waits', ...at, until, awaits: [interestKey(step.event)] };
    }
  }
}

function nextStepId(sequence: Sequence, step: Step, to: string | undefined): string {
  if (to !== undefined) return to;
  const next = sequence.steps[sequence.steps.indexOf(step) + 1];
  return next === undefined ? END : next.id;
}
