import { earliest, type Instant } from '../instant.ts';
import { isFinal } from '../sending/message.ts';
import { type Draft, newDraft, type Walker, withSales } from './draft.ts';
import type { EnrolmentChange, JourneyPlan, MessageChange, Offer } from './journey-plan.ts';
import { endIfOver, leave, type MailAtHand, settleLeases, stay, walk } from './plan-enrolment.ts';
import { admitEntering, planEntries } from './plan-entries.ts';
import { planLooseMails } from './plan-loose-mails.ts';
import { planMails } from './plan-mails.ts';
import { planNotices } from './plan-notices.ts';
import { ANY_MODEL, type JourneySnapshot } from './snapshot.ts';

/**
 * Decides what happens next in a lead's journey at `now`. Repeatable: planning again from what the plan left behind
 * gives the same open commands and changes nothing more.
 */
export function planJourney(snapshot: JourneySnapshot, now: Instant): JourneyPlan {
  if (snapshot.lead.gone) return endEverything(snapshot, now);
  const draft = newDraft(snapshot, now);
  if (snapshot.openHandoff === null) draft.offer = offerDue(snapshot);
  const walkers = [...snapshot.enrolments, ...admitEntering(draft)].map((enrolment): Walker => {
    const messages = snapshot.messages.filter(({ enrolmentId }) => enrolmentId === enrolment.id);
    return { enrolment, messages: settleLeases(draft, messages), waitsForFacts: false };
  });
  planWalkers(draft, walkers);
  takeOutOfHeld(draft);
  planEntries(draft);
  planLooseMails(draft);
  planNotices(draft);
  // Who is a customer, or was given up, is not scored any more.
  const standingChangesAt = snapshot.lead.stage === 'lead' ? snapshot.standingChangesAt : null;
  draft.looks.push(standingChangesAt);
  const nextLookAt = earliest(...draft.looks);
  const { enrolments, passes, effects, entries, conditionsHeld, intents, messages, send, offer } = draft;
  return {
    enrolments,
    passes,
    effects,
    entries,
    conditionsHeld,
    intents,
    messages,
    send,
    offer,
    nextLookAt,
    closed: draft.open === 0 && entries.length === 0 && !withSales(draft) && nextLookAt === null,
    again: draft.again || entries.length > 0,
  };
}

/**
 * Every enrolment goes as far as it can, up to a mail or a wait; then the mails that are due are weighed against each
 * other. One that is refused for good lets its enrolment go on, in this same plan.
 */
function planWalkers(draft: Draft, walkers: readonly Walker[]): void {
  let going = walkers.filter((walker) => !endIfOver(draft, walker));
  for (;;) {
    const atMail: MailAtHand[] = [];
    const waiting: (() => void)[] = [];
    const next: Walker[] = [];
    for (const walker of going) {
      if (draft.leaving.has(walker.enrolment.sequence.key)) {
        leave(draft, walker, 'taken-out');
        continue;
      }
      const state = walk(draft, walker);
      if (state.kind === 'completed') continue;
      next.push(walker);
      if (state.kind === 'mails') atMail.push({ walker, ...state });
      else if (state.kind === 'again') waiting.push(() => stay(draft, walker, null));
      else waiting.push(() => stay(draft, walker, state));
    }
    // A step may have taken the lead out of a sequence that was planned before it.
    const taken = next.filter(({ enrolment }) => draft.leaving.has(enrolment.sequence.key));
    going = next;
    if (taken.length > 0) continue;
    const dropped = planMails(draft, atMail);
    if (dropped) continue;
    for (const note of waiting) note();
    for (const { walker } of atMail) stay(draft, walker, null);
    return;
  }
}

/** Who waits, held by a pause, to come into a sequence that a step took the lead out of does not come in. */
function takeOutOfHeld({ snapshot, leaving, enrolments, now }: Draft): void {
  for (const { id, sequence, paused } of snapshot.entering)
    if (paused && leaving.has(sequence.key))
      enrolments.push({ id, kind: 'ended', state: 'left', at: now, reason: 'taken-out' });
}

/** A lead is offered once each time it comes to qualify; one that sales gives back must come to qualify anew after that. */
function offerDue(snapshot: JourneySnapshot): Offer | null {
  if (snapshot.lead.stage !== 'lead') return null;
  const crossed = snapshot.standings.filter(({ modelKey, qualifiedSince, held }) => {
    if (qualifiedSince === null || held) return false;
    const closedAt = Math.max(snapshot.lastClosedAt.get(modelKey) ?? 0, snapshot.lastClosedAt.get(ANY_MODEL) ?? 0);
    return qualifiedSince > closedAt;
  });
  const [standing] = crossed.sort(
    (a, b) => (a.qualifiedSince ?? 0) - (b.qualifiedSince ?? 0) || (a.modelKey < b.modelKey ? -1 : 1),
  );
  return standing === undefined ? null : { by: 'standing', standing };
}

function endEverything(snapshot: JourneySnapshot, now: Instant): JourneyPlan {
  // A claim whose lease runs is left to its result: the mail is leaving, and an erasure waits for it.
  const messages = [...snapshot.messages, ...snapshot.looseMails, ...snapshot.notices]
    .filter(({ state, ...mail }) => !isFinal(state) && !(state === 'claimed' && (mail.leaseUntil ?? 0) > now))
    .map(
      ({ id, state }): MessageChange =>
        state === 'claimed'
          ? { id, state: 'unknown', reason: 'no-result', detail: null, nextAttemptAt: null }
          : { id, state: 'superseded', reason: 'enrolment-ended', detail: null, nextAttemptAt: null },
    );
  const enrolments = [...snapshot.enrolments, ...snapshot.entering].map(
    ({ id }): EnrolmentChange => ({ id, kind: 'ended', state: 'left', at: now, reason: 'lead-gone' }),
  );
  return {
    enrolments,
    passes: [],
    effects: [],
    entries: [],
    conditionsHeld: [],
    intents: [],
    messages,
    send: [],
    offer: null,
    nextLookAt: null,
    closed: true,
    again: false,
  };
}
