import type { Instant } from '../instant.ts';
import { ATTRIBUTES_RECORDED, type Json, TEND_SOURCE } from '../interaction/interaction.ts';
import type { EnrolmentChange, Entry, JourneyPlan, MessageIntent, Offer, StepEffect } from '../journey/journey-plan.ts';
import type { JourneySnapshot } from '../journey/snapshot.ts';
import { isFinal } from '../sending/message.ts';
import { newEnrolment } from './assess.ts';
import type { MailOfLife } from './life.ts';
import type { Subject, SubjectMessage } from './subject.ts';

/**
 * Applies a plan to a simulated lead, as store/write-plan.ts does in PostgreSQL. Returns the ids of the mails that it
 * sends, in the order in which they go.
 */
export function takePlan(subject: Subject, snapshot: JourneySnapshot, plan: JourneyPlan, now: Instant): string[] {
  for (const { enrolmentId, stepId, visit, enteredAt, passedAt, outcome } of plan.passes) {
    const sequence = sequenceOf(subject, enrolmentId);
    subject.note({
      at: passedAt,
      kind: 'step',
      sequence,
      enrolment: enrolmentId,
      step: stepId,
      visit,
      enteredAt,
      outcome,
    });
  }
  for (const change of plan.enrolments) takeEnrolment(subject, change, now);
  for (const entry of plan.entries) enter(subject, entry, now);
  for (const { sequence, held } of plan.conditionsHeld)
    if (held) subject.conditionsHeld.add(sequence);
    else subject.conditionsHeld.delete(sequence);
  const created: string[] = [];
  for (const intent of plan.intents) {
    const id = intend(subject, intent, now);
    if (intent.sendNow) created.push(id);
  }
  for (const effect of plan.effects) takeEffect(subject, effect, now);
  for (const { id, state, reason, detail, nextAttemptAt, content } of plan.messages) {
    const message = subject.messages.find((one) => one.id === id);
    if (message === undefined) throw new Error(`the plan changes the message ${id}, which is not there`);
    const finishedAt = isFinal(state) ? now : null;
    const changed = subject.change(message, { state, reason, nextAttemptAt, leaseUntil: null, finishedAt, ...content });
    noteWithheld(subject, changed, detail, now);
  }
  if (plan.offer !== null) offer(subject, plan.offer, snapshot, now);
  subject.nextLookAt = plan.nextLookAt;
  subject.planned = true;
  return [...plan.send, ...created];
}

/** A message as it is told. */
export function mailOf(subject: Subject, message: SubjectMessage): MailOfLife {
  const { id, enrolmentId, stepId, template, lineage, purpose, dueAt } = message;
  const sequence = sequenceOf(subject, enrolmentId);
  return { message: id, sequence, enrolment: enrolmentId, step: stepId, template, lineage, purpose, dueAt };
}

/** Notes that a message waits, or will not go. */
export function noteWithheld(subject: Subject, message: SubjectMessage, detail: string | null, at: Instant): void {
  const { state, reason, nextAttemptAt: until } = message;
  const mail = mailOf(subject, message);
  if (state === 'delayed' || state === 'deferred')
    subject.note({ at, kind: 'delayed', ...mail, reason: reason ?? state, detail, until });
  if (state === 'dropped' || state === 'superseded')
    subject.note({ at, kind: 'withheld', ...mail, state, reason: reason ?? state });
}

function sequenceOf({ enrolments }: Subject, enrolmentId: string): string {
  return enrolments.find(({ id }) => id === enrolmentId)?.sequence.key ?? '';
}

function takeEnrolment(subject: Subject, change: EnrolmentChange, now: Instant): void {
  const index = subject.enrolments.findIndex(({ id }) => id === change.id);
  const enrolment = subject.enrolments[index];
  if (enrolment === undefined) throw new Error(`the plan changes the enrolment ${change.id}, which is not there`);
  const { id } = enrolment;
  const sequence = enrolment.sequence.key;
  switch (change.kind) {
    case 'moved': {
      const { kind: _, gap, ...place } = change;
      const moved = place.stepId !== enrolment.stepId || place.visit !== enrolment.visit;
      const stepHeldMs = moved ? 0 : enrolment.stepHeldMs;
      if (enrolment.state === 'entering')
        subject.note({ at: now, kind: 'entered', sequence, enrolment: id, by: 'event' });
      if (gap !== null && (moved || !enrolment.exhausted))
        subject.note({ at: now, kind: 'exhausted', sequence, ...gap });
      subject.enrolments[index] = { ...enrolment, ...place, stepHeldMs, state: 'active' };
      return;
    }
    case 'ended': {
      const { state, at, reason } = change;
      if (enrolment.state === 'entering')
        subject.note({ at: now, kind: 'entered', sequence, enrolment: id, by: 'event' });
      subject.enrolments[index] = { ...enrolment, state, endedAt: at, awaits: [], exhausted: false };
      subject.note({ at, kind: 'ended', sequence, enrolment: id, state, reason });
      return;
    }
    case 'turned-away':
      subject.enrolments[index] = {
        ...enrolment,
        state: 'turned-away',
        endedAt: change.at,
        awaits: [],
        exhausted: false,
      };
      subject.note({ at: change.at, kind: 'turned-away', sequence, reason: change.reason, by: 'event' });
  }
}

function enter(subject: Subject, { sequence: key, versionId, by, at, stepId }: Entry, now: Instant): void {
  const published = subject.world.sequences.find(({ definition }) => definition.key === key);
  if (published === undefined) throw new Error(`the plan enters the sequence ${key}, which is not published`);
  const id = subject.newId('e');
  const sequence = published.definition;
  subject.enrolments.push({ ...newEnrolment(subject, id, stepId, at), versionId, sequence, state: 'active' });
  subject.note({ at: now, kind: 'entered', sequence: key, enrolment: id, by });
}

function intend(subject: Subject, intent: MessageIntent, now: Instant): string {
  const { sendNow: _, detail, ...fields } = intent;
  const id = subject.newId('m');
  const finishedAt = isFinal(intent.state) ? now : null;
  const message = { ...fields, id, claimedAt: null, leaseUntil: null, finishedAt, attempts: 0 };
  subject.messages.push(message);
  noteWithheld(subject, message, detail, now);
  return id;
}

function takeEffect(
  subject: Subject,
  { enrolmentId, sequence, stepId, visit, at, effect }: StepEffect,
  now: Instant,
): void {
  switch (effect.kind) {
    case 'record': {
      const { values } = effect;
      subject.say('lead', values, 'sequence', at);
      subject.note({ at: now, kind: 'told', values, source: 'sequence' });
      const told = Object.entries(values).map(([name, value]): [string, Json] => [`attribute.${name}`, value]);
      subject.take({
        source: TEND_SOURCE,
        messageId: `step:${enrolmentId}:${stepId}:${visit}`,
        kind: 'tend',
        name: ATTRIBUTES_RECORDED,
        properties: Object.fromEntries<Json>([['source', 'sequence'], ...told]),
        occurredAt: at,
      });
      return;
    }
    case 'webhook':
      subject.note({ at: now, kind: 'effect', sequence, text: `webhook ${effect.event} to ${effect.endpoint}` });
      return;
    case 'notify':
      subject.note({ at: now, kind: 'effect', sequence, text: `mail "${effect.template}" to ${effect.rep}` });
  }
}

function offer(subject: Subject, made: Offer, { standings }: JourneySnapshot, now: Instant): void {
  const number = subject.handoffs.length + 1;
  const best = made.by === 'standing' ? made.standing : [...standings].sort((a, b) => b.firmPoints - a.firmPoints)[0];
  const modelKey = made.by === 'standing' ? made.standing.modelKey : null;
  subject.handoffs.push({ number, modelKey, state: 'offered', closedAt: null, outcome: null });
  subject.note({
    at: now,
    kind: 'offered',
    handoff: number,
    model: modelKey,
    cell: best?.cell ?? null,
    firmPoints: best?.firmPoints ?? 0,
    reason: made.by === 'step' ? (made.reason ?? `step ${made.stepId} of ${made.sequence}`) : null,
  });
}
