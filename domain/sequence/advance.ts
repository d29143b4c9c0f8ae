import type { Instant } from '../instant.ts';
import { END } from './check-sequence.ts';
import { kindOf, type Step } from './step.ts';
import type { Effect, EnrolmentOfSteps, Mails, Position, StepContext, Waits } from './step-kind.ts';

/** Where an enrolment is after everything that is due at `now` has been done with it. */
export interface Advanced {
  readonly position: Position;
  /** By goTo step, how often it has jumped. */
  readonly jumps: Readonly<Record<string, number>>;
  /** The steps that were done on the way. */
  readonly passes: readonly StepPass[];
  readonly state: Waits | Mails | { readonly kind: 'completed'; readonly at: Instant } | Again;
}

/** A step has changed what is known of the lead: what follows is to be decided by that. */
export interface Again {
  readonly kind: 'again';
}

/** One step that an enrolment has done. */
export interface StepPass {
  readonly stepId: string;
  readonly visit: number;
  readonly enteredAt: Instant;
  readonly passedAt: Instant;
  readonly outcome: string | null;
  readonly effect: Effect | null;
}

/** What steps look at, and where among them the enrolment is. */
export type AdvanceContext = Omit<StepContext, 'stoodHere'> & {
  readonly enrolment: EnrolmentOfSteps & Position & { readonly sequence: { readonly steps: readonly Step[] } };
};

/** More than any sequence has between two waits; what goes on after that runs in circles. */
const MOST_STEPS = 10_000;

/**
 * Moves an enrolment on as far as `now` allows. Steps count from the logical instant at which the step before was done
 * (a wait's end, a mail's claim, an event's occurrence), not from when Tend came round to it: an hour of downtime does
 * not shift a sequence by an hour, and the simulator gives the same instants.
 */
export function advance(context: AdvanceContext): Advanced {
  const { sequence, stepId, visit, stepEnteredAt, stepEnteredBy, stepHeldMs } = context.enrolment;
  const passes: StepPass[] = [];
  let { jumps } = context.enrolment;
  let position: Position = { stepId, visit, stepEnteredAt, stepEnteredBy, stepHeldMs };
  for (let count = 0; count < MOST_STEPS; count += 1) {
    const index = sequence.steps.findIndex(({ id }) => id === position.stepId);
    const step = sequence.steps[index];
    if (step === undefined)
      return { position, jumps, passes, state: { kind: 'completed', at: position.stepEnteredAt } };
    const result = kindOf(step).pass(step, position, {
      ...context,
      stoodHere: count === 0,
      enrolment: { ...context.enrolment, jumps },
    });
    if (result.kind !== 'passed') return { position, jumps, passes, state: result };
    const { at, to, by = null, outcome = null, effect = null, jump = false } = result;
    const { stepId, visit, stepEnteredAt: enteredAt } = position;
    passes.push({ stepId, visit, enteredAt, passedAt: at, outcome, effect });
    if (jump) jumps = { ...jumps, [step.id]: (jumps[step.id] ?? 0) + 1 };
    const next = to ?? sequence.steps[index + 1]?.id ?? END;
    if (next === END) return { position, jumps, passes, state: { kind: 'completed', at } };
    const back = sequence.steps.findIndex(({ id }) => id === next) <= index;
    position = {
      stepId: next,
      visit: back ? visit + 1 : visit,
      stepEnteredAt: at,
      // What ended a step at this very instant ends no other, also where steps that take no time lie between.
      stepEnteredBy: by ?? (at === position.stepEnteredAt ? position.stepEnteredBy : null),
      stepHeldMs: 0,
    };
    if (effect?.kind === 'record') return { position, jumps, passes, state: { kind: 'again' } };
  }
  throw new Error(`sequence ${sequence.key}: ${MOST_STEPS} steps at once, at "${position.stepId}"`);
}
