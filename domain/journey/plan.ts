import { earliest, type Instant, MINUTE } from '../instant.ts';
import { canMail, type GateAnswer, type WithheldReason } from '../sending/gate.ts';
import { advance } from '../sequence/advance.ts';
import {
  type EnrolmentInForce,
  isFinal,
  type JourneySnapshot,
  type MessageInForce,
  type MessageState,
  type StandingInForce,
} from './snapshot.ts';

/** What `plan` found to be done. The store writes it in the transaction that read the snapshot. */
export interface JourneyPlan {
  readonly enrolments: readonly EnrolmentChange[];
  readonly intents: readonly MessageIntent[];
  readonly messages: readonly MessageChange[];
  /** Ids of messages already stored that are to be sent now. */
  readonly send: readonly string[];
  /** Offer the lead to sales. */
  readonly offer: StandingInForce | null;
  /** The next instant at which the plan changes by time alone. */
  readonly nextLookAt: Instant | null;
  /** Nothing is enrolled, open or due, and no standing changes by itself. */
  readonly closed: boolean;
}

export type EnrolmentChange =
  | {
      readonly id: string;
      readonly kind: 'moved';
      readonly stepId: string;
      readonly visit: number;
      readonly stepEnteredAt: Instant;
      readonly stepEnteredBy: number | null;
      readonly awaits: readonly string[];
    }
  | {
      readonly id: string;
      readonly kind: 'ended';
      readonly state: 'completed' | 'left';
      readonly at: Instant;
      readonly reason: string;
    };

export interface MessageIntent {
  readonly enrolmentId: string;
  readonly stepId: string;
  readonly visit: number;
  readonly template: string;
  readonly purpose: string;
  readonly dueAt: Instant;
  readonly deadlineAt: Instant;
  readonly state: MessageState;
  readonly reason: WithheldReason | null;
  readonly nextAttemptAt: Instant | null;
  readonly sendNow: boolean;
}

export interface MessageChange {
  readonly id: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly nextAttemptAt: Instant | null;
}

/** When to see what became of a mail that was to be sent: a workflow that was lost with its command is found by this. */
const SENDING_LOOK_MS = MINUTE;

/**
 * Decides what happens next in a lead's journey at `now`. Repeatable: planning again from what the plan left behind
 * gives the same open commands and changes nothing more.
 */
export function planJourney(snapshot: JourneySnapshot, now: Instant): JourneyPlan {
  if (snapshot.lead.gone) return endEverything(snapshot, now);
  const offer = snapshot.openHandoff === null ? offerDue(snapshot) : null;
  const draft: Draft = {
    snapshot,
    now,
    handoffOpen: snapshot.openHandoff !== null || offer !== null,
    sent: new Map([...snapshot.sent].map(([purpose, instants]) => [purpose, [...instants]])),
    enrolments: [],
    intents: [],
    messages: [],
    send: [],
    looks: [],
    open: 0,
  };
  for (const enrolment of snapshot.enrolments) planEnrolment(draft, enrolment);
  // Who is a customer, or was given up, is not scored any more.
  const standingChangesAt = snapshot.lead.stage === 'lead' ? snapshot.standingChangesAt : null;
  draft.looks.push(standingChangesAt);
  return {
    enrolments: draft.enrolments,
    intents: draft.intents,
    messages: draft.messages,
    send: draft.send,
    offer,
    nextLookAt: earliest(...draft.looks),
    closed: draft.open === 0 && !draft.handoffOpen && standingChangesAt === null,
  };
}

interface Draft {
  readonly snapshot: JourneySnapshot;
  readonly now: Instant;
  readonly handoffOpen: boolean;
  /** Grows with what this very plan sends, so that two mails do not share one free place. */
  readonly sent: Map<string, Instant[]>;
  readonly enrolments: EnrolmentChange[];
  readonly intents: MessageIntent[];
  readonly messages: MessageChange[];
  readonly send: string[];
  readonly looks: (Instant | null)[];
  open: number;
}

/** A lead is offered once each time it comes to qualify; one that sales gives back must come to qualify anew after that. */
function offerDue(snapshot: JourneySnapshot): StandingInForce | null {
  if (snapshot.lead.stage !== 'lead') return null;
  const crossed = snapshot.standings.filter(({ modelKey, qualifiedSince, held }) => {
    if (qualifiedSince === null || held) return false;
    const closedAt = snapshot.lastClosedAt.get(modelKey);
    return closedAt === undefined || qualifiedSince > closedAt;
  });
  return (
    crossed.sort(
      (a, b) => (a.qualifiedSince ?? 0) - (b.qualifiedSince ?? 0) || (a.modelKey < b.modelKey ? -1 : 1),
    )[0] ?? null
  );
}

function planEnrolment(draft: Draft, enrolment: EnrolmentInForce): void {
  const { snapshot, now } = draft;
  const own = snapshot.messages
    .filter(({ enrolmentId }) => enrolmentId === enrolment.id)
    .map((message) => settleLease(draft, message));
  const { stage } = snapshot.lead;
  if (stage === 'disqualified' || !enrolment.sequence.stages.includes(stage)) {
    leave(draft, enrolment, own, 'left-the-stage');
    return;
  }
  let advanced = advance(enrolment, own, snapshot.awaited, now);
  // A mail that the gate refuses for good lets the enrolment go on in this same plan.
  while (advanced.kind === 'sending' || advanced.kind === 'wantsToSend') {
    const dropped =
      advanced.kind === 'sending' ? planOpenMessage(draft, advanced.message) : planIntent(draft, enrolment, advanced);
    if (dropped === null) break;
    const index = own.findIndex(({ id }) => id === dropped.id);
    if (index === -1) own.push(dropped);
    else own[index] = dropped;
    advanced = advance(enrolment, own, snapshot.awaited, now);
  }
  if (advanced.kind === 'completed') {
    draft.enrolments.push({
      id: enrolment.id,
      kind: 'ended',
      state: 'completed',
      at: advanced.at,
      reason: 'completed',
    });
    return;
  }
  draft.open += 1;
  if (advanced.kind === 'waits') draft.looks.push(advanced.until);
  const awaits = advanced.kind === 'waits' ? advanced.awaits : [];
  const { stepId, visit, stepEnteredAt, stepEnteredBy } = advanced;
  draft.enrolments.push({ id: enrolment.id, kind: 'moved', stepId, visit, stepEnteredAt, stepEnteredBy, awaits });
}

/** A claim whose lease has ended without a result: whether the mail left is not known, and it is not sent again. */
function settleLease(draft: Draft, message: MessageInForce): MessageInForce {
  if (message.state !== 'claimed' || message.leaseUntil === null || message.leaseUntil > draft.now) return message;
  draft.messages.push({ id: message.id, state: 'unknown', reason: 'no-result', nextAttemptAt: null });
  return { ...message, state: 'unknown', reason: 'no-result', finishedAt: draft.now };
}

/** The enrolment ends; what of it has not been sent is superseded. A claimed mail is left to its result. */
function leave(
  draft: Draft,
  enrolment: EnrolmentInForce,
  own: readonly MessageInForce[],
  reason: WithheldReason,
): void {
  for (const message of own) {
    if (isFinal(message.state)) continue;
    if (message.state === 'claimed') {
      draft.open += 1;
      draft.looks.push(message.leaseUntil);
      return; // The enrolment stays until the result is known, so that the plan goes on seeing the claim.
    }
    draft.messages.push({ id: message.id, state: 'superseded', reason, nextAttemptAt: null });
  }
  draft.enrolments.push({ id: enrolment.id, kind: 'ended', state: 'left', at: draft.now, reason });
}

/** Plans a mail that has its row. Returns it when it was dropped just now, else null. */
function planOpenMessage(draft: Draft, message: MessageInForce): MessageInForce | null {
  if (message.state === 'claimed') {
    draft.looks.push(message.leaseUntil);
    return null;
  }
  if (message.state === 'deferred' && message.nextAttemptAt !== null && message.nextAttemptAt > draft.now) {
    const pastDeadline = message.deadlineAt !== null && message.deadlineAt <= draft.now;
    if (!pastDeadline) {
      draft.looks.push(message.nextAttemptAt, message.deadlineAt);
      return null;
    }
  }
  const answer = askGate(draft, message.purpose, message.deadlineAt);
  switch (answer.kind) {
    case 'now':
      noteSent(draft, message.purpose);
      draft.send.push(message.id);
      draft.looks.push(draft.now + SENDING_LOOK_MS);
      if (message.state === 'delayed')
        draft.messages.push({ id: message.id, state: 'due', reason: null, nextAttemptAt: null });
      return null;
    case 'later':
      draft.looks.push(answer.at, message.deadlineAt);
      if (message.state !== 'delayed' || message.reason !== answer.reason || message.nextAttemptAt !== answer.at) {
        draft.messages.push({ id: message.id, state: 'delayed', reason: answer.reason, nextAttemptAt: answer.at });
      }
      return null;
    case 'never':
      draft.messages.push({ id: message.id, state: 'dropped', reason: answer.reason, nextAttemptAt: null });
      return { ...message, state: 'dropped', reason: answer.reason, finishedAt: draft.now };
  }
}

type WantsToSend = Extract<ReturnType<typeof advance>, { kind: 'wantsToSend' }>;

/** Makes the intent of a mail that is due. Returns it as a message when it was dropped at once, else null. */
function planIntent(draft: Draft, enrolment: EnrolmentInForce, wants: WantsToSend): MessageInForce | null {
  const { purpose } = enrolment.sequence;
  const answer = askGate(draft, purpose, wants.deadlineAt);
  const intent = {
    enrolmentId: enrolment.id,
    stepId: wants.stepId,
    visit: wants.visit,
    template: wants.template,
    purpose,
    dueAt: wants.dueAt,
    deadlineAt: wants.deadlineAt,
  };
  switch (answer.kind) {
    case 'now':
      noteSent(draft, purpose);
      draft.intents.push({ ...intent, state: 'due', reason: null, nextAttemptAt: null, sendNow: true });
      draft.looks.push(draft.now + SENDING_LOOK_MS);
      return null;
    case 'later':
      draft.looks.push(answer.at, wants.deadlineAt);
      draft.intents.push({
        ...intent,
        state: 'delayed',
        reason: answer.reason,
        nextAttemptAt: answer.at,
        sendNow: false,
      });
      return null;
    case 'never':
      draft.intents.push({ ...intent, state: 'dropped', reason: answer.reason, nextAttemptAt: null, sendNow: false });
      return {
        id: `${enrolment.id} ${wants.stepId} ${wants.visit}`,
        ...intent,
        state: 'dropped',
        reason: answer.reason,
        nextAttemptAt: null,
        claimedAt: null,
        leaseUntil: null,
        finishedAt: draft.now,
      };
  }
}

function askGate(draft: Draft, purpose: string, deadlineAt: Instant | null): GateAnswer {
  const { snapshot } = draft;
  return canMail(
    {
      handoffOpen: draft.handoffOpen,
      paused: snapshot.paused,
      address: snapshot.lead.address,
      suppressed: snapshot.lead.suppressed,
      consent: snapshot.consents.get(purpose) ?? { kind: 'none' },
      sent: draft.sent.get(purpose) ?? [],
      deadlineAt,
    },
    draft.now,
  );
}

function noteSent(draft: Draft, purpose: string): void {
  const sent = draft.sent.get(purpose);
  if (sent === undefined) draft.sent.set(purpose, [draft.now]);
  else sent.push(draft.now);
}

function endEverything(snapshot: JourneySnapshot, now: Instant): JourneyPlan {
  const messages = snapshot.messages
    .filter(({ state }) => !isFinal(state))
    .map(
      ({ id, state }): MessageChange =>
        state === 'claimed'
          ? { id, state: 'unknown', reason: 'no-result', nextAttemptAt: null }
          : { id, state: 'superseded', reason: 'enrolment-ended', nextAttemptAt: null },
    );
  const enrolments = snapshot.enrolments.map(
    ({ id }): EnrolmentChange => ({ id, kind: 'ended', state: 'left', at: now, reason: 'lead-gone' }),
  );
  return { enrolments, intents: [], messages, send: [], offer: null, nextLookAt: null, closed: true };
}
