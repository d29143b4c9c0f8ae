import type { Condition } from '../conditions/condition.ts';
import type { Instant } from '../instant.ts';
import type { LeadStage } from '../lead-stage.ts';
import { entryBarrier } from '../sequence/entry.ts';
import { conditionsAmong } from '../sequence/signal.ts';
import type { LiveSequence } from './snapshot.ts';

type Door = Pick<LiveSequence, 'sequence' | 'passes' | 'heldBefore'>;

/** The lead can't come in, in this stage or ever again: it is not kept awake for it. */
export function isShut({ sequence, passes }: Door, stage: LeadStage, now: Instant): boolean {
  const barrier = entryBarrier(sequence, stage, passes, now);
  return barrier === 'stage' || barrier === 'no-reentry';
}

/**
 * The conditions that a plan at `now` may ask to decide whether a lead comes into a published sequence. Where it can't,
 * only whether what was noted to hold has ceased; what comes true meanwhile counts once it can.
 */
export function askedToEnter(door: Door, stage: LeadStage, now: Instant): Condition[] {
  const { audience, entry } = door.sequence;
  if (isShut(door, stage, now)) return door.heldBefore ? conditionsAmong(entry) : [];
  return [...conditionsAmong(entry), ...(audience === undefined ? [] : [audience])];
}
