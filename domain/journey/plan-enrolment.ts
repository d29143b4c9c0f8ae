import type { Condition } from '../conditions/condition.ts';
import { attributesIn, eventsIn, scoresIn } from '../conditions/leaves.ts';
import { durationMs, type Instant } from '../instant.ts';
import { HUMAN_INTERESTS, interestKey, matches } from '../interaction/event-match.ts';
import { ATTRIBUTES_RECORDED } from '../interaction/interaction.ts';
import { fateOfLost } from '../sending/lost-claim.ts';
import { isFinal, type MessageInForce } from '../sending/message.ts';
import { type AdvanceContext, type Advanced, advance } from '../sequence/advance.ts';
import { entryBarrier, inAudience } from '../sequence/entry.ts';
import { anyHolds, conditionsAmong, eventsAmong, type Signal } from '../sequence/signal.ts';
import { type Effect, type MailToSend, NOTHING_WATCHED, type Waits, type Watched } from '../sequence/step-kind.ts';
import { type ContentGap, modelOf, trackFor } from '../sequence/stream.ts';
import { type Draft, SENDING_LOOK_MS, type Walker, withSales } from './draft.ts';
import type { EnrolmentInForce } from './snapshot.ts';

/** A mail at which an enrolment stands. */
export interface MailAtHand {
  readonly walker: Walker;
  readonly message: MessageInForce | null;
  readonly mail: MailToSend;
}

/**
 * Claims whose lease has ended without a result: whether the mail left is not known, and what then is as its sender says. Of
 * one that is sent again, the claim of then counts as sent meanwhile.
 */
export function settleLeases(draft: Draft, messages: readonly MessageInForce[]): MessageInForce[] {
  return messages.map((message) => {
    if (message.state !== 'claimed' || message.leaseUntil === null || message.leaseUntil > draft.now) return message;
    const fate = fateOfLost(message.ifLost, draft.now);
    draft.messages.push({ id: message.id, ...fate, detail: null });
    return { ...message, ...fate, leaseUntil: null, finishedAt: isFinal(fate.state) ? draft.now : null };
  });
}

/** Ends an enrolment whose lead, goal, exit or time says so. Returns whether it did, or is held by a claim until it can. */
export function endIfOver(draft: Draft, walker: Walker): boolean {
  const { snapshot, now } = draft;
  const { enrolment } = walker;
  const { sequence, paused, startedAt, heldMs } = enrolment;
  const { stage } = snapshot.lead;
  if (stage === 'disqualified' || !sequence.stages.includes(stage)) return leave(draft, walker, 'left-the-stage');
  // A pause holds people where they are, it never ejects them.
  if (paused) return false;
  const reached = happenedAt(draft, walker, sequence.goal);
  const exited = happenedAt(draft, walker, sequence.exits);
  if (reached !== null && (exited === null || reached <= exited)) return finish(draft, walker, reached, 'goal');
  if (exited !== null) return leave(draft, walker, 'exit', exited);
  if (sequence.expiry === undefined) return false;
  const expiresAt = startedAt + durationMs(sequence.expiry) + heldMs;
  if (now >= expiresAt) return leave(draft, walker, 'expired', expiresAt);
  draft.looks.push(expiresAt);
  return false;
}

/** When the first of `signals` happened in this enrolment; a condition happens when it is seen to hold. */
function happenedAt({ snapshot, now }: Draft, { enrolment }: Walker, signals: readonly Signal[]): Instant | null {
  if (signals.length === 0) return null;
  const events = eventsAmong(signals);
  const event = snapshot.events.find(
    (interaction) =>
      interaction.occurredAt >= enrolment.startedAt &&
      interaction.id !== enrolment.startedBy &&
      events.some((match) => matches(match, interaction)),
  );
  if (event !== undefined) return event.occurredAt;
  return anyHolds(signals, snapshot.facts) ? now : null;
}

/** Moves an enrolment on, and notes what its steps do elsewhere. */
export function walk(draft: Draft, walker: Walker): Advanced['state'] {
  const { enrolment } = walker;
  if (enrolment.paused) {
    holdMails(draft, walker);
    return { kind: 'waits', until: null, watched: NOTHING_WATCHED };
  }
  if (walker.waitsForFacts) return { kind: 'again' };
  const { position, jumps, passes, state } = advance(contextOf(draft, walker));
  for (const pass of passes) {
    draft.passes.push({ enrolmentId: enrolment.id, ...pass });
    if (pass.effect !== null) take(draft, walker, pass.effect, pass);
  }
  walker.enrolment = { ...enrolment, ...position, jumps };
  if (state.kind === 'again') {
    walker.waitsForFacts = true;
    draft.again = true;
  }
  if (state.kind === 'completed') finish(draft, walker, state.at, 'completed');
  return state;
}

/** What of a paused enrolment waits to be sent says why it does not go. */
function holdMails(draft: Draft, { messages }: Walker): void {
  for (const [index, message] of messages.entries()) {
    if (isFinal(message.state)) continue;
    if (message.state === 'claimed') {
      draft.looks.push(message.leaseUntil);
    } else if (message.reason !== 'sequence-paused') {
      const change = { state: 'delayed', reason: 'sequence-paused', detail: null, nextAttemptAt: null } as const;
      draft.messages.push({ id: message.id, ...change });
      messages[index] = { ...message, ...change };
    }
  }
}

function contextOf({ snapshot, now, received }: Draft, { enrolment, messages }: Walker): AdvanceContext {
  const { events, facts, outlook, calendar, contents, question } = snapshot;
  return { now, enrolment, messages, events, facts, outlook, calendar, contents, received, question };
}

function take(
  draft: Draft,
  { enrolment }: Walker,
  effect: Effect,
  { stepId, visit, passedAt: at }: { readonly stepId: string; readonly visit: number; readonly passedAt: Instant },
): void {
  const { snapshot } = draft;
  const { id: enrolmentId, sequence } = enrolment;
  switch (effect.kind) {
    case 'enrol': {
      const target = snapshot.live.find((live) => live.sequence.key === effect.sequence);
      const first = target?.sequence.steps[0];
      if (target === undefined || first === undefined) return;
      // Whom a step before this one took out of it has ended there by now.
      const passes = draft.leaving.has(effect.sequence)
        ? { ...target.passes, active: false, lastEndedAt: draft.now }
        : target.passes;
      const entered = draft.entries.some((entry) => entry.sequence === effect.sequence);
      // Two sequences that enrol in each other without a wait between would go on for ever, all in one instant.
      const justNow = passes.lastStartedAt !== null && passes.lastStartedAt >= at;
      if (entered || justNow || entryBarrier(target.sequence, snapshot.lead.stage, passes, draft.now) !== null) return;
      if (!inAudience(target.sequence, snapshot.facts)) return;
      const { versionId } = target;
      draft.entries.push({ sequence: effect.sequence, versionId, by: 'sequence', at, stepId: first.id });
      return;
    }
    case 'leave':
      if (effect.sequence !== sequence.key) draft.leaving.add(effect.sequence);
      return;
    case 'handOff':
      if (withSales(draft) || snapshot.lead.stage !== 'lead') return;
      draft.offer = { by: 'step', enrolmentId, sequence: sequence.key, stepId, reason: effect.reason };
      return;
    case 'record':
    case 'webhook':
    case 'notify':
      draft.effects.push({ enrolmentId, sequence: sequence.key, stepId, visit, at, effect });
      if (effect.kind === 'notify') draft.looks.push(draft.now + SENDING_LOOK_MS);
  }
}

/** The enrolment stays where it is: what it watches, and when it is looked at again. */
export function stay(draft: Draft, { enrolment }: Walker, waits: Waits | null): void {
  draft.open += 1;
  const { sequence, stepId, visit, stepEnteredAt, stepEnteredBy, jumps } = enrolment;
  const outer: readonly Signal[] = enrolment.paused ? [] : [...sequence.goal, ...sequence.exits];
  const conditions = conditionsAmong(outer);
  const watched: Watched = waits?.watched ?? NOTHING_WATCHED;
  draft.looks.push(waits?.until ?? null, ...conditions.map(draft.snapshot.outlook));
  const keys = new Set([
    ...[...eventsAmong(outer), ...watched.events].map(interestKey),
    ...[...conditions, ...watched.conditions].flatMap(interestsOf),
    ...(watched.humanSignals ? HUMAN_INTERESTS : []),
  ]);
  draft.enrolments.push({
    id: enrolment.id,
    kind: 'moved',
    stepId,
    visit,
    stepEnteredAt,
    stepEnteredBy,
    jumps,
    awaits: [...keys].sort(),
    exhausted: waits?.exhausted ?? false,
    gap: waits?.exhausted ? gapAt(draft, enrolment) : null,
  });
}

/** Where the stream of the present step has nothing more for the lead as it stands. */
function gapAt({ snapshot }: Draft, { sequence, stepId }: EnrolmentInForce): ContentGap | null {
  const step = sequence.steps.find(({ id }) => id === stepId);
  const stream = step?.kind === 'send' ? sequence.streams.find(({ id }) => id === step.stream) : undefined;
  if (stream === undefined) return null;
  const model = modelOf(stream);
  const cell = snapshot.standings.find(({ modelKey }) => modelKey === model)?.cell ?? null;
  return { stream: stream.id, track: trackFor(stream, snapshot)?.id ?? null, cell };
}

/** What news may change what a condition says: keys of events, and `score` where it asks for one. */
export function interestsOf(condition: Condition): string[] {
  const { lead, account } = attributesIn(condition);
  const attributes = lead.length + account.length > 0 ? [ATTRIBUTES_RECORDED] : [];
  const scores = scoresIn(condition).length > 0 ? ['score'] : [];
  return [...eventsIn(condition).map(interestKey), ...attributes, ...scores];
}

/** The enrolment is done. */
function finish(draft: Draft, walker: Walker, at: Instant, reason: 'completed' | 'goal'): boolean {
  return end(draft, walker, { state: 'completed', at, reason });
}

/** The enrolment ends before its time. */
export function leave(draft: Draft, walker: Walker, reason: string, at: Instant = draft.now): boolean {
  return end(draft, walker, { state: 'left', at, reason });
}

/** What of it has not been sent is superseded. A claimed mail is left to its result, and the enrolment stays until then. */
function end(
  draft: Draft,
  { enrolment, messages }: Walker,
  how: { readonly state: 'completed' | 'left'; readonly at: Instant; readonly reason: string },
): true {
  for (const message of messages) {
    if (isFinal(message.state)) continue;
    if (message.state === 'claimed') {
      // A step that takes the lead out says so once only; the sweep sees to the claim.
      if (how.reason === 'taken-out') continue;
      draft.open += 1;
      draft.looks.push(message.leaseUntil);
      return true;
    }
    const reason = how.reason === 'left-the-stage' ? how.reason : 'enrolment-ended';
    draft.messages.push({ id: message.id, state: 'superseded', reason, detail: how.reason, nextAttemptAt: null });
  }
  draft.enrolments.push({ id: enrolment.id, kind: 'ended', ...how });
  return true;
}
