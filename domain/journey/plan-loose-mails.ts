import { basisOf } from '../consent/policy.ts';
import { canMail, type GateAnswer } from '../sending/gate.ts';
import { fateOfLost } from '../sending/lost-claim.ts';
import { obstaclesTo } from '../sending/obstacle.ts';
import { type Draft, SENDING_LOOK_MS, withSales } from './draft.ts';
import type { LooseMail } from './snapshot.ts';

/**
 * Mails to the lead that no sequence sends: the confirmation of a sign-up, contractual mail, the question whether a
 * consent still holds. Each passes the same gate; where it is marketing, what sequences send now counts against it.
 */
export function planLooseMails(draft: Draft): void {
  for (const mail of draft.snapshot.looseMails) planOne(draft, mail);
}

function planOne(draft: Draft, mail: LooseMail): void {
  const { now } = draft;
  const { id, state, reason, deadlineAt, nextAttemptAt, leaseUntil, ifLost } = mail;
  if (state === 'claimed') {
    if (leaseUntil !== null && leaseUntil <= now) {
      const fate = fateOfLost(ifLost, now);
      draft.messages.push({ id, ...fate, detail: null });
      if (fate.nextAttemptAt === null) return;
      draft.looks.push(fate.nextAttemptAt, deadlineAt);
      draft.open += 1;
      return;
    }
    draft.looks.push(leaseUntil);
    draft.open += 1;
    return;
  }
  // The mail server's time to come again, or the throttle's, was given to this mail.
  const toldWhen = state === 'deferred' || (state === 'delayed' && reason === 'throttle');
  if (toldWhen && nextAttemptAt !== null && nextAttemptAt > now && (deadlineAt === null || deadlineAt > now)) {
    draft.looks.push(nextAttemptAt, deadlineAt);
    draft.open += 1;
    return;
  }
  const answer = ask(draft, mail);
  if (answer.kind === 'never') {
    draft.messages.push({ id, state: 'dropped', reason: answer.reason, detail: null, nextAttemptAt: null });
    return;
  }
  draft.open += 1;
  if (answer.kind === 'later') {
    const { reason: why, at, detail = null } = answer;
    draft.looks.push(at, deadlineAt);
    if (state !== 'delayed' || reason !== why || nextAttemptAt !== at)
      draft.messages.push({ id, state: 'delayed', reason: why, detail, nextAttemptAt: at });
    return;
  }
  draft.send.push(id);
  draft.looks.push(now + SENDING_LOOK_MS);
  if (state === 'delayed') draft.messages.push({ id, state: 'due', reason: null, detail: null, nextAttemptAt: null });
  if (basisOf(draft.snapshot.consentPolicy, mail.purpose) === 'consent')
    draft.sent.push({ at: now, purpose: mail.purpose });
}

function ask(draft: Draft, { purpose, template, deadlineAt, to }: LooseMail): GateAnswer {
  const { snapshot, sent, now } = draft;
  const { address, suppressed, ways } = to ?? { ...snapshot.lead, ways: snapshot.ways };
  return canMail(
    {
      basis: basisOf(snapshot.consentPolicy, purpose),
      handoffOpen: withSales(draft),
      paused: snapshot.paused,
      sequencePaused: false,
      mailsFrom: null,
      address,
      suppressed,
      consent: snapshot.consents.get(purpose) ?? { kind: 'none' },
      preferences: snapshot.preferences,
      obstacles: obstaclesTo(ways, snapshot.contents.get(template)?.sender),
      // Each was asked for by itself: it is not the same content once more.
      alreadyReceived: false,
      deadlineAt,
      pace: { policy: snapshot.pacing, calendar: snapshot.calendar, purpose, sent },
    },
    now,
  );
}
