import { z } from 'zod';
import { type Condition, conditionSchema } from '../conditions/condition.ts';
import { isTrue } from '../conditions/evaluate.ts';
import type { Facts } from '../conditions/facts.ts';
import { oneOf, type Problem, problemsOf } from '../conditions/one-of.ts';
import { type EventMatch, eventMatchSchema } from '../interaction/event-match.ts';
import { eventProblem } from './event-problem.ts';

/** Something that happens to a lead: an event, or a condition that comes true. */
export type Signal = EventMatch | WhenTrue;

export interface WhenTrue {
  readonly when: Condition;
}

const whenSchema: z.ZodType<WhenTrue> = z.strictObject({ when: conditionSchema });

/** `{ event: Order Completed }` or `{ when: { lead: need, is: now } }`. */
export const signalSchema: z.ZodType<Signal> = oneOf<Signal>(z.union([whenSchema, eventMatchSchema]), signalProblems);

export function isCondition(signal: Signal): signal is WhenTrue {
  return 'when' in signal;
}

/** The conditions among `signals`. */
export function conditionsAmong(signals: readonly Signal[]): Condition[] {
  return signals.flatMap((signal) => (isCondition(signal) ? [signal.when] : []));
}

/** The events among `signals`. */
export function eventsAmong(signals: readonly Signal[]): EventMatch[] {
  return signals.flatMap((signal) => (isCondition(signal) ? [] : [signal]));
}

/** True where one of the conditions among `signals` holds. */
export function anyHolds(signals: readonly Signal[], facts: Facts): boolean {
  return signals.some((signal) => isCondition(signal) && isTrue(signal.when, facts));
}

function signalProblems(input: unknown): readonly Problem[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return [{ path: [], message: 'must be an event such as { event: Order Completed }, or { when: <a condition> }' }];
  }
  if ('when' in input) return problemsOf(whenSchema, input);
  const problems = problemsOf(eventMatchSchema, input);
  if (problems.length > 0) return problems;
  const problem = eventProblem(input as EventMatch);
  return problem === null ? [] : [problem];
}
