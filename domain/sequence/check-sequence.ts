import type { Problem } from '../conditions/one-of.ts';
import { kindOf, type Step } from './step.ts';
import type { Stream } from './stream.ts';

export const END = 'end';
/** What is wrong in how the steps of a sequence hang together, each with its place and its mend. */
export function sequenceProblems(sequence: {
  readonly steps: readonly Step[];
  readonly streams: readonly Stream[];
}): Problem[] {
  const { steps } = sequence;
  const place = new Map(steps.map((step, index) => [step.id, index]));
  const byId = new Map(steps.map((step) => [step.id, step]));
  const problems: Problem[] = [];
  steps.forEach((step, index) => {
    const report = (path: readonly (string | number)[], message: string) =>
      problems.push({ path: ['steps', index, ...path], message });
    if (step.id === END) report(['id'], '"end" means the end of the sequence: take another id');
    const kind = kindOf(step);
    for (const { path, to, backward = false } of kind.targets(step)) {
      if (to === END) continue;
      const target = place.get(to);
      if (target === undefined) report(path, `there is no step "${to}": name one that is, or "end"`);
      else if (target === index) report(path, 'leads to itself: name another step');
      else if (target < index && !backward)
        report(path, `"${to}" is not a later step: a sequence only goes forward, but for a goTo step`);
    }
    for (const { path, message } of kind.problems?.(step, byId) ?? []) report(path, message);
    if (step.kind === 'send' && step.stream !== undefined && !sequence.streams.some(({ id }) => id === step.stream))
      report(['stream'], `there is no stream "${step.stream}": add it under streams`);
  });
  // What hangs together can only be said of steps that exist.
  if (problems.length > 0) return problems;
  return [...unreachable(steps), ...timelessLoops(steps)];
}

/** The places that may come after `step`; the length of the list stands for the end. */
function followers(steps: readonly Step[], index: number): number[] {
  const step = steps[index];
  if (step === undefined) return [];
  const kind = kindOf(step);
  const named = kind
    .targets(step)
    .map(({ to }) => (to === END ? steps.length : steps.findIndex(({ id }) => id === to)));
  return kind.goesOn(step) ? [...named, index + 1] : named;
}

function unreachable(steps: readonly Step[]): Problem[] {
  const seen = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    open.push(...followers(steps, index));
  }
  return steps.flatMap((step, index) =>
    seen.has(index)
      ? []
      : [
          {
            path: ['steps', index],
            message: `no way leads to the step "${step.id}": name it as somebody's target, or take it out`,
          },
        ],
  );
}

/** Loops that could be run through in one instant: their mails would all be due at once. */
function timelessLoops(steps: readonly Step[]): Problem[] {
  return steps.flatMap((step, index): Problem[] => {
    if (step.kind !== 'goTo') return [];
    const back = steps.findIndex(({ id }) => id === step.step);
    if (back > index) return [];
    const seen = new Set<number>();
    const open = [back];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const passing = steps[at];
      if (at === index)
        return [
          {
            path: ['steps', index, 'step'],
            message: `from "${step.step}" back to here no time need pass: put a wait into the loop`,
          },
        ];
      if (passing !== undefined && !kindOf(passing).takesTime) open.push(...followers(steps, at));
    }
    return [];
  });
}
