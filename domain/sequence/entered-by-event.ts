import type { Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { LeadStage } from '../lead-stage.ts';
import type { Sequence } from './definition.ts';
import { type EarlierPasses, entryBarrier, isEntryEvent } from './entry.ts';
import { eventsAmong } from './signal.ts';

/** A published sequence. */
export interface PublishedSequence {
  readonly versionId: number;
  readonly definition: Sequence;
}

/** An interaction brings the lead into a sequence. */
export interface EventEntry {
  readonly versionId: number;
  readonly sequence: Sequence;
  readonly trigger: Interaction;
  /** Who is to be in its audience is asked by the plan, which knows all that conditions ask. */
  readonly state: 'entering' | 'active';
  readonly stepId: string;
}

/** The sequences that `news`, in fold order, brings a lead into at `now`: each by the first of them that is its entry event. */
export function enteredByEvent(
  live: readonly PublishedSequence[],
  lead: { readonly stage: LeadStage; passes(sequenceKey: string): EarlierPasses },
  news: readonly Interaction[],
  now: Instant,
): EventEntry[] {
  const entries: EventEntry[] = [];
  for (const { versionId, definition: sequence } of live) {
    if (eventsAmong(sequence.entry).length === 0) continue;
    if (entryBarrier(sequence, lead.stage, lead.passes(sequence.key), now) !== null) continue;
    const trigger = news.find((interaction) => isEntryEvent(sequence, interaction, now));
    const first = sequence.steps[0];
    if (trigger === undefined || first === undefined) continue;
    const state = sequence.audience === undefined ? 'active' : 'entering';
    entries.push({ versionId, sequence, trigger, state, stepId: first.id });
  }
  return entries;
}
