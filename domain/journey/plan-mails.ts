import { basisOf } from '../consent/policy.ts';
import { earliest, type Instant } from '../instant.ts';
import { nextAllowed } from '../pacing/next-allowed.ts';
import { type Candidate, inTurn } from '../pacing/turn.ts';
import { canMail, type GateAnswer, type WithheldReason } from '../sending/gate.ts';
import type { MessageInForce } from '../sending/message.ts';
import { obstaclesTo } from '../sending/obstacle.ts';
import { type Draft, SENDING_LOOK_MS, withSales } from './draft.ts';
import type { MailAtHand } from './plan-enrolment.ts';

/**
 * Weighs all mails that are due against each other and against the rules, in the order in which their turn comes. Where
 * one is refused for good nothing else is decided, and true is returned: its enrolment goes on, and may have another.
 */
export function planMails(draft: Draft, mails: readonly MailAtHand[]): boolean {
  const asking = mails.filter((at) => !isUnderWay(draft, at));
  const refused = asking.flatMap((at) => {
    const answer = ask(draft, at);
    return answer.kind === 'never' ? [{ at, reason: answer.reason }] : [];
  });
  for (const { at, reason } of refused) drop(draft, at, reason);
  if (refused.length > 0) return true;
  const ahead: Ahead[] = [];
  for (const { at } of inTurn(
    mails.map(candidateOf),
    draft.sent.map((mail) => mail.at),
    placeAfter(draft, asking),
  )) {
    if (isUnderWay(draft, at)) {
      lookAfter(draft, at);
      if (!isExempt(draft, at)) keepPlace(ahead, at, at.message?.nextAttemptAt ?? null);
      continue;
    }
    const answer = ask(draft, at);
    // What a contract needs takes no turn, and takes none away.
    if (answer.kind === 'now' && isExempt(draft, at)) {
      sendNow(draft, at);
      continue;
    }
    // The same content, wanted twice: who comes second is told so in its own plan, once the first has gone.
    if (answer.kind === 'never') {
      withhold(draft, at, { kind: 'later', reason: 'another-first', at: null });
      draft.looks.push(draft.now + SENDING_LOOK_MS);
      continue;
    }
    if (answer.kind === 'later') {
      if (!isExempt(draft, at)) keepPlace(ahead, at, answer.at);
      withhold(draft, at, answer);
      continue;
    }
    const first = ahead.find((other) => wouldPutOff(draft, at, other));
    if (first !== undefined) {
      const { key } = first.at.walker.enrolment.sequence;
      withhold(draft, at, { kind: 'later', reason: 'another-first', at: first.until, detail: key });
    } else sendNow(draft, at);
  }
  return false;
}

/** A mail that has its turn, and waits for its instant: who comes after it must not put it off. */
interface Ahead {
  readonly at: MailAtHand;
  readonly until: Instant;
}

/** One that waits for no instant, or for one after its deadline, holds up nobody. */
function keepPlace(ahead: Ahead[], at: MailAtHand, until: Instant | null): void {
  const { deadlineAt } = at.mail;
  if (until !== null && (deadlineAt === null || until < deadlineAt)) ahead.push({ at, until });
}

type InTurn = Candidate & { readonly at: MailAtHand };

function candidateOf(at: MailAtHand): InTurn {
  const { enrolment } = at.walker;
  const { dueAt, deadlineAt, maturity } = at.mail;
  return { id: enrolment.id, priority: enrolment.sequence.priority, dueAt, deadlineAt, maturity, at };
}

/** On its way, or with a time to come again. */
function isUnderWay({ now }: Draft, { message }: MailAtHand): boolean {
  if (message === null) return false;
  if (message.state === 'claimed') return true;
  // The mail server's, or the throttle's: the time to come again was given to this mail, and asking earlier is in vain.
  const toldWhen = message.state === 'deferred' || (message.state === 'delayed' && message.reason === 'throttle');
  if (!toldWhen || message.nextAttemptAt === null || message.nextAttemptAt <= now) return false;
  return message.deadlineAt === null || message.deadlineAt > now;
}

function lookAfter(draft: Draft, { message }: MailAtHand): void {
  if (message?.state === 'claimed') draft.looks.push(message.leaseUntil);
  else draft.looks.push(message?.nextAttemptAt ?? null, message?.deadlineAt ?? null);
}

/** When the place after the next free one is: who can't wait for that has to go first. */
function placeAfter(draft: Draft, mails: readonly MailAtHand[]): Instant {
  let after: Instant | null = null;
  for (const at of mails) {
    if (isExempt(draft, at)) continue;
    const { purpose } = at.walker.enrolment.sequence;
    const next = paceAt(draft, purpose, draft.sent, draft.now);
    after = earliest(after, paceAt(draft, purpose, [...draft.sent, { at: next, purpose }], next));
  }
  return after ?? draft.now;
}

/** True where sending this mail now would put off one of higher rank that has its instant already. */
function wouldPutOff(draft: Draft, { walker }: MailAtHand, other: Ahead): boolean {
  const { purpose } = walker.enrolment.sequence;
  const theirs = other.at.walker.enrolment.sequence.purpose;
  const then = paceAt(draft, theirs, [...draft.sent, { at: draft.now, purpose }], other.until);
  return then > other.until;
}

function paceAt(draft: Draft, purpose: string, sent: Draft['sent'], now: Instant): Instant {
  const { pacing: policy, calendar, consents, preferences } = draft.snapshot;
  const consent = consents.get(purpose);
  const promise = consent?.kind === 'granted' ? consent.promise : null;
  return nextAllowed({ policy, calendar, purpose, promise, ownLimit: preferences.limit, sent }, now).at;
}

function ask(draft: Draft, { walker, mail }: MailAtHand): GateAnswer {
  const { snapshot, sent, received, now } = draft;
  const { paused: sequencePaused, mailsFrom, sequence } = walker.enrolment;
  const { purpose } = sequence;
  return canMail(
    {
      basis: basisOf(snapshot.consentPolicy, purpose),
      handoffOpen: withSales(draft),
      paused: snapshot.paused,
      sequencePaused,
      mailsFrom,
      address: snapshot.lead.address,
      suppressed: snapshot.lead.suppressed,
      consent: snapshot.consents.get(purpose) ?? { kind: 'none' },
      preferences: snapshot.preferences,
      obstacles: obstaclesTo(snapshot.ways, snapshot.contents.get(mail.template)?.sender),
      alreadyReceived: !mail.repeatable && received.has(mail.lineage),
      deadlineAt: mail.deadlineAt,
      pace: { policy: snapshot.pacing, calendar: snapshot.calendar, purpose, sent },
    },
    now,
  );
}

function isExempt({ snapshot }: Draft, { walker }: MailAtHand): boolean {
  return basisOf(snapshot.consentPolicy, walker.enrolment.sequence.purpose) === 'exempt';
}

function sendNow(draft: Draft, at: MailAtHand): void {
  const { message, mail, walker } = at;
  if (!isExempt(draft, at)) draft.sent.push({ at: draft.now, purpose: walker.enrolment.sequence.purpose });
  draft.received.add(mail.lineage);
  draft.looks.push(draft.now + SENDING_LOOK_MS);
  if (message === null) {
    draft.intents.push({
      ...intentOf(at),
      state: 'due',
      reason: null,
      detail: null,
      nextAttemptAt: null,
      sendNow: true,
    });
    return;
  }
  draft.send.push(message.id);
  const content = contentChange(message, at);
  if (message.state === 'delayed' || content !== undefined)
    draft.messages.push({
      id: message.id,
      state: message.state === 'delayed' ? 'due' : message.state,
      reason: null,
      detail: null,
      nextAttemptAt: null,
      ...content,
    });
}

function withhold(draft: Draft, at: MailAtHand, answer: Extract<GateAnswer, { kind: 'later' }>): void {
  const { message, mail } = at;
  const { reason, at: nextAttemptAt, detail = null } = answer;
  draft.looks.push(nextAttemptAt, mail.deadlineAt);
  if (message === null) {
    draft.intents.push({ ...intentOf(at), state: 'delayed', reason, detail, nextAttemptAt, sendNow: false });
    return;
  }
  const content = contentChange(message, at);
  const same = message.state === 'delayed' && message.reason === reason && message.nextAttemptAt === nextAttemptAt;
  if (same && content === undefined) return;
  draft.messages.push({ id: message.id, state: 'delayed', reason, detail, nextAttemptAt, ...content });
}

function contentChange({ template, lineage }: MessageInForce, { mail }: MailAtHand) {
  if (template === mail.template && lineage === mail.lineage) return undefined;
  return { content: { template: mail.template, lineage: mail.lineage } };
}

/** The mail is dropped, on record; its message is final from here on. */
function drop(draft: Draft, at: MailAtHand, reason: WithheldReason): void {
  const { walker, message, mail } = at;
  const { enrolment, messages } = walker;
  if (message !== null) {
    draft.messages.push({ id: message.id, state: 'dropped', reason, detail: null, nextAttemptAt: null });
    messages[messages.indexOf(message)] = { ...message, state: 'dropped', reason, finishedAt: draft.now };
    return;
  }
  const intent = intentOf(at);
  draft.intents.push({ ...intent, state: 'dropped', reason, detail: null, nextAttemptAt: null, sendNow: false });
  messages.push({
    id: `${enrolment.id} ${intent.stepId} ${intent.visit}`,
    ...intent,
    state: 'dropped',
    reason,
    dueAt: mail.dueAt,
    nextAttemptAt: null,
    claimedAt: null,
    leaseUntil: null,
    finishedAt: draft.now,
  });
}

function intentOf({ walker, mail }: MailAtHand) {
  const { id: enrolmentId, stepId, visit, sequence } = walker.enrolment;
  const { template, lineage, question, dueAt, deadlineAt } = mail;
  return { enrolmentId, stepId, visit, template, lineage, question, purpose: sequence.purpose, dueAt, deadlineAt };
}
