import { entryBarrier, inAudience } from '../sequence/entry.ts';
import { anyHolds, conditionsAmong } from '../sequence/signal.ts';
import { isShut } from './asked-to-enter.ts';
import type { Draft } from './draft.ts';
import type { EnrolmentInForce } from './snapshot.ts';

/**
 * Lets in whoever an event brought and the sequence is for; the others are turned away, on record. Whoever came during a
 * pause is asked when it ends.
 */
export function admitEntering(draft: Draft): readonly EnrolmentInForce[] {
  const { snapshot, now } = draft;
  return snapshot.entering.filter(({ id, sequence, paused }) => {
    if (paused) {
      draft.open += 1;
      return false;
    }
    if (inAudience(sequence, snapshot.facts)) return true;
    draft.enrolments.push({ id, kind: 'turned-away', at: now, reason: 'audience' });
    return false;
  });
}

/**
 * Sequences that a lead comes into by a condition: when it comes to hold, not as long as it holds. What held before
 * stays noted, so that it has to cease first; what holds when a sequence is published counts as the publisher chose.
 */
export function planEntries(draft: Draft): void {
  const { snapshot, now } = draft;
  for (const live of snapshot.live) {
    const { sequence, versionId, passes, heldBefore, firstLook } = live;
    const conditions = conditionsAmong(sequence.entry);
    if (conditions.length === 0) continue;
    // `askedToEnter`: of what else they might ask, not everything was read.
    if (isShut(live, snapshot.lead.stage, now)) {
      if (heldBefore && !anyHolds(sequence.entry, snapshot.facts))
        draft.conditionsHeld.push({ sequence: sequence.key, held: false });
      continue;
    }
    const held = anyHolds(sequence.entry, snapshot.facts);
    if (held !== heldBefore) draft.conditionsHeld.push({ sequence: sequence.key, held });
    draft.looks.push(...conditions.map(snapshot.outlook));
    const comesIn = firstLook === null ? !heldBefore : firstLook.existing === 'enrol';
    if (!held || !comesIn) continue;
    const [first] = sequence.steps;
    if (first === undefined || entryBarrier(sequence, snapshot.lead.stage, passes, now) !== null) continue;
    if (!inAudience(sequence, snapshot.facts) || draft.entries.some((entry) => entry.sequence === sequence.key))
      continue;
    draft.entries.push({ sequence: sequence.key, versionId, by: 'condition', at: now, stepId: first.id });
  }
}
