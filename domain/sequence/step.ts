import { z } from 'zod';
import { oneOf, type Problem, problemsOf } from '../conditions/one-of.ts';
import type { Reference, StepKind } from './step-kind.ts';
import { ask } from './steps/ask.ts';
import { branch } from './steps/branch.ts';
import { end } from './steps/end.ts';
import { enrol } from './steps/enrol.ts';
import { goTo } from './steps/go-to.ts';
import { handOff } from './steps/hand-off.ts';
import { leave } from './steps/leave.ts';
import { notify } from './steps/notify.ts';
import { send } from './steps/send.ts';
import { split } from './steps/split.ts';
import { update } from './steps/update.ts';
import { wait } from './steps/wait.ts';
import { waitFor } from './steps/wait-for.ts';
import { webhook } from './steps/webhook.ts';

/** Every kind of step. Another kind is a file in steps/ and a line here. */
const kinds = { send, wait, waitFor, branch, split, update, enrol, leave, webhook, notify, handOff, ask, goTo, end };

type Kinds = typeof kinds;
export const stepKinds: readonly string[] = Object.keys(kinds);
export type Step = { [K in keyof Kinds]: Kinds[K] extends StepKind<infer S> ? S : never }[keyof Kinds];

const [first, ...others] = Object.values(kinds).map(({ schema }) => schema);

const anyStep = z.discriminatedUnion('kind', [first, ...others] as never) as unknown as z.ZodType<Step>;

export const stepSchema: z.ZodType<Step> = oneOf(anyStep, stepProblems);

/** What there is to know of the kind of `step`. */
export function kindOf(step: Step): StepKind<Step> {
  return kinds[step.kind] as unknown as StepKind<Step>;
}

/** What `step` needs outside of its sequence. */
export function referencesOf(step: Step): readonly Reference[] {
  return kindOf(step).refers?.(step) ?? [];
}

/** What is wrong with a step as the kind that it says to be. */
function stepProblems(input: unknown): readonly Problem[] {
  const known = stepKinds.join(', ');
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return [{ path: [], message: 'must be a step, such as { id: hello, kind: send, template: hello }' }];
  const { kind } = input as { kind?: unknown };
  if (kind === undefined) return [{ path: [], message: `needs a kind, one of ${known}` }];
  if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind))
    return [{ path: ['kind'], message: `must be one of ${known}, not ${JSON.stringify(kind)}` }];
  return problemsOf(kinds[kind as keyof Kinds].schema, input);
}
