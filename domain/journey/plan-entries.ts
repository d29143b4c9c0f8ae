import { entryBarrier, inAudience } from '../sequence/entry.ts';
import { anyHolds, conditionsAmong } from '../sequence/signal.ts';
import type { Draft } from './draft.ts';
import type { EnrolmentInForce } from './snapshot.ts';

/** Lets in whoever an event brought and the sequence is for; the others are turned away, on record. */
export function admitEntering(draft: Draft): readonly EnrolmentInForce[] {
  const { snapshot, now } = draft;
  return snapshot.entering.filter(({ id, sequence }) => {
    if (inAudience(sequence, snapshot.facts)) return true;
    draft.enrolments.push({ id, kind: 'turned-away', at: now, reason: 'audience' });
    return false;
  });
}

/**
 * Sequences that a lead comes into by a condition: when it comes to hold, not as long as it holds. What held before
 * stays noted, so that it has to cease first.
 */
export function planEntries(draft: Draft): void {
  const { snapshot, now } = draft;
  for (const { sequence, versionId, paused, passes, heldBefore } of snapshot.live) {
    const conditions = conditionsAmong(sequence.entry);
    // A pause keeps people out, and what comes true meanwhile is seen when it ends.
    if (conditions.length === 0 || paused) continue;
    const held = anyHolds(sequence.entry, snapshot.facts);
    if (held !== heldBefore) draft.conditionsHeld.push({ sequence: sequence.key, held });
    draft.looks.push(...conditions.map(snapshot.outlook));
    if (!held || heldBefore) continue;
    const [first] = sequence.steps;
    if (first === undefined || entryBarrier(sequence, snapshot.lead.stage, passes, now) !== null) continue;
    if (!inAudience(sequence, snapshot.facts) || draft.entries.some((entry) => entry.sequence === sequence.key))
      continue;
    draft.entries.push({ sequence: sequence.key, versionId, by: 'condition', at: now, stepId: first.id });
  }
}
