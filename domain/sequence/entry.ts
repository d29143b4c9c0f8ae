import { durationMs, type Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { LeadStage } from '../journey/snapshot.ts';
import type { Sequence } from './definition.ts';

/** What is known of a lead's passes through one sequence. */
export interface EarlierPasses {
  readonly any: boolean;
  readonly active: boolean;
}

/** True when `interaction` enrols the lead in `sequence` at `now`. */
export function enters(
  sequence: Sequence,
  interaction: Interaction,
  stage: LeadStage,
  earlier: EarlierPasses,
  now: Instant,
): boolean {
  if (stage === 'disqualified' || !sequence.stages.includes(stage)) return false;
  if (earlier.active || (earlier.any && sequence.reentry === 'never')) return false;
  if (interaction.occurredAt < now - durationMs(sequence.entryWithin)) return false;
  return sequence.entry.some((match) => matches(match, interaction));
}
