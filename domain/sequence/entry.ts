import { isTrue } from '../conditions/evaluate.ts';
import type { Facts } from '../conditions/facts.ts';
import { durationMs, type Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { LeadStage } from '../lead-stage.ts';
import type { Sequence } from './definition.ts';
import { eventsAmong } from './signal.ts';

/** What is known of a lead's passes through one sequence; who was turned away has not been in it. */
export interface EarlierPasses {
  readonly any: boolean;
  readonly active: boolean;
  readonly lastStartedAt: Instant | null;
  readonly lastEndedAt: Instant | null;
}

export const NO_PASSES: EarlierPasses = { any: false, active: false, lastStartedAt: null, lastEndedAt: null };

/** Why a lead may not come in. Stable codes. */
export type TurnedAway = 'stage' | 'already-in' | 'no-reentry' | 'too-soon' | 'audience';

/** Why a lead may not come into `sequence` at `now`, its audience apart; null where it may. */
export function entryBarrier(
  sequence: Pick<Sequence, 'stages' | 'reentry'>,
  stage: LeadStage,
  earlier: EarlierPasses,
  now: Instant,
): TurnedAway | null {
  if (stage === 'disqualified' || !sequence.stages.includes(stage)) return 'stage';
  if (earlier.active) return 'already-in';
  if (!earlier.any || sequence.reentry === 'after-end') return null;
  if (sequence.reentry === 'never') return 'no-reentry';
  return (earlier.lastEndedAt ?? 0) + durationMs(sequence.reentry.after) <= now ? null : 'too-soon';
}

/** True where the lead is one of those whom `sequence` is for. */
export function inAudience({ audience }: Pick<Sequence, 'audience'>, facts: Facts): boolean {
  return audience === undefined || isTrue(audience, facts);
}

/** True when `interaction` is one that enrols in `sequence` at `now`; who may come in is another question. */
export function isEntryEvent(
  sequence: Pick<Sequence, 'entry' | 'entryWithin'>,
  interaction: Interaction,
  now: Instant,
): boolean {
  if (interaction.occurredAt < now - durationMs(sequence.entryWithin)) return false;
  return eventsAmong(sequence.entry).some((match) => matches(match, interaction));
}
