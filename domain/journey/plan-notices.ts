import { fateOfLost } from '../sending/lost-claim.ts';
import { type Draft, SENDING_LOOK_MS } from './draft.ts';

/** Mails to colleagues go at once: nothing of what protects the lead stands in their way. */
export function planNotices(draft: Draft): void {
  const { snapshot, now } = draft;
  for (const { id, state, deadlineAt, nextAttemptAt, leaseUntil, ifLost } of snapshot.notices) {
    if (state === 'claimed') {
      if (leaseUntil !== null && leaseUntil <= now) {
        const fate = fateOfLost(ifLost, now);
        draft.messages.push({ id, ...fate, detail: null });
        if (fate.nextAttemptAt === null) continue;
        draft.looks.push(fate.nextAttemptAt);
      } else draft.looks.push(leaseUntil);
    } else if (deadlineAt !== null && deadlineAt <= now) {
      draft.messages.push({ id, state: 'dropped', reason: 'deadline-passed', detail: null, nextAttemptAt: null });
      continue;
    } else if (state === 'deferred' && nextAttemptAt !== null && nextAttemptAt > now) {
      draft.looks.push(nextAttemptAt);
    } else {
      draft.send.push(id);
      draft.looks.push(now + SENDING_LOOK_MS);
    }
    draft.open += 1;
  }
}
