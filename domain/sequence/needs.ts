import type { Condition } from '../conditions/condition.ts';
import type { EventMatch } from '../interaction/event-match.ts';
import type { Sequence } from './definition.ts';
import { conditionsAmong, eventsAmong } from './signal.ts';
import { kindOf } from './step.ts';
import { tracksOf } from './stream.ts';

/** What must be known of a lead to decide about it in a sequence. */
export interface Needs {
  /** Events since the enrolment began. */
  readonly events: readonly EventMatch[];
  /** Whatever only a person does, since the enrolment began: it confirms clicks and opens. */
  readonly humanSignals: boolean;
  /** Conditions that are asked anywhere in it. */
  readonly conditions: readonly Condition[];
  /** A step asks questions. */
  readonly questions: boolean;
}

const known = new WeakMap<Sequence, Needs>();

/** What the whole of `sequence` may ask for. Versions never change, so it is worked out once for each. */
export function needsOf(sequence: Sequence): Needs {
  let needs = known.get(sequence);
  if (needs === undefined) {
    needs = collect(sequence);
    known.set(sequence, needs);
  }
  return needs;
}

function collect({ steps, streams, audience, entry, goal, exits }: Sequence): Needs {
  const watched = steps.map((step) => kindOf(step).watches?.(step)).filter((one) => one !== undefined);
  return {
    events: [...eventsAmong([...goal, ...exits]), ...watched.flatMap(({ events }) => events)],
    humanSignals: watched.some(({ humanSignals }) => humanSignals === true),
    conditions: [
      ...(audience === undefined ? [] : [audience]),
      ...conditionsAmong([...entry, ...goal, ...exits]),
      ...streams.flatMap(tracksOf),
      ...watched.flatMap(({ conditions }) => conditions),
      ...steps.flatMap((step) => kindOf(step).asks?.(step) ?? []),
    ],
    questions: steps.some(({ kind }) => kind === 'ask'),
  };
}
