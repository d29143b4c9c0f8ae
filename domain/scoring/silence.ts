import { earliest, type Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import { type Interaction, isHumanSignal } from '../interaction/interaction.ts';
import type { CompiledModel, CompiledSilence } from './compile-model.ts';
import { type FoldState, own } from './fold-state.ts';

/** Silence that has lasted: an award without an event of its own. */
export interface SilenceDue {
  readonly silence: CompiledSilence;
  readonly at: Instant;
  /** The interaction that it has been silent since. */
  readonly since: number;
}

/** When the next silence rule is due, whichever that is; null: none any more until the person does something. */
export function nextSilence(model: CompiledModel, state: FoldState): SilenceDue | null {
  let next: SilenceDue | null = null;
  for (const silence of model.silences) {
    const counting = own(state.silence, silence.rule.id);
    if (counting === undefined || counting.noted >= silence.times) continue;
    const at = counting.since + silence.after * (counting.noted + 1);
    if (next === null || at < next.at) next = { silence, at, since: counting.by };
  }
  return next;
}

/** A reaction ends the silence of every rule that it is a reaction for; the first event of all begins it. */
export function noteReaction(model: CompiledModel, state: FoldState, interaction: Interaction): void {
  for (const { rule } of model.silences) {
    const { on } = rule.silence;
    const reacts = on === undefined ? isHumanSignal(interaction) : on.some((match) => matches(match, interaction));
    if (reacts || own(state.silence, rule.id) === undefined) {
      state.silence[rule.id] = { since: interaction.occurredAt, by: interaction.id, noted: 0 };
    }
  }
}

/** The next instant after which the state's points change at a stroke: a silence is due, or points expire. */
export function nextBreak(model: CompiledModel, state: FoldState, after: Instant): Instant | null {
  const silence = nextSilence(model, state);
  let next = silence === null ? null : silence.at;
  for (const { until } of state.expiring) if (until > after) next = earliest(next, until);
  return next;
}
