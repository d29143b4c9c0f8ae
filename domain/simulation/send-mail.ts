import { basisOf } from '../consent/policy.ts';
import type { Instant } from '../instant.ts';
import { nextAttempt } from '../sending/backoff.ts';
import { canMail } from '../sending/gate.ts';
import { isFinal } from '../sending/message.ts';
import type { Subject, SubjectMessage } from './subject.ts';
import { mailOf, noteWithheld } from './take-plan.ts';

/**
 * Claims a mail and has it accepted at once, as store/claim-message.ts does with the gate. Returns the message once it is
 * sent; null where it is not to go now.
 */
export function sendMail(subject: Subject, messageId: string, now: Instant): SubjectMessage | null {
  const { world, lead } = subject;
  const message = subject.messages.find(({ id }) => id === messageId);
  if (message === undefined || isFinal(message.state)) return null;
  const template = world.contents.get(message.template);
  if (template === undefined) {
    const attempts = message.attempts + 1;
    const nextAttemptAt = nextAttempt(attempts, now);
    const change = { state: 'deferred', reason: 'template-missing', attempts, nextAttemptAt } as const;
    noteWithheld(subject, subject.change(message, change), null, now);
    return null;
  }
  const { purpose, deadlineAt, enrolmentId, question } = message;
  // A question is a content of its own: the same template may ask for another thing.
  const lineage = question === null ? template.lineage : `${template.lineage}.${question.attribute}`;
  const enrolment = subject.enrolments.find(({ id }) => id === enrolmentId);
  const basis = basisOf(world.consentPolicy, purpose);
  const answer = canMail(
    {
      basis,
      handoffOpen: subject.openHandoff !== undefined,
      paused: false,
      sequencePaused: false,
      mailsFrom: enrolment?.mailsFrom ?? null,
      address: lead.address,
      suppressed: false,
      consent: subject.consentTo(purpose),
      alreadyReceived: !template.repeatable && subject.received.has(lineage),
      deadlineAt,
      pace: { policy: world.pacing, purpose, sent: subject.sent, calendar: subject.calendar(now) },
    },
    now,
  );
  if (answer.kind !== 'now') {
    const dropped = answer.kind === 'never';
    const withheld = subject.change(message, {
      state: dropped ? 'dropped' : 'delayed',
      reason: answer.reason,
      nextAttemptAt: dropped ? null : answer.at,
      finishedAt: dropped ? now : null,
    });
    noteWithheld(subject, withheld, dropped ? null : (answer.detail ?? null), now);
    return null;
  }
  const accepted = subject.change(message, {
    state: 'accepted',
    reason: null,
    lineage,
    claimedAt: now,
    nextAttemptAt: null,
    finishedAt: now,
    attempts: message.attempts + 1,
  });
  if (basis === 'consent') subject.sent.push({ at: now, purpose });
  subject.received.add(lineage);
  subject.note({ at: now, kind: 'mail', calendar: subject.calendar(now), ...mailOf(subject, accepted) });
  return accepted;
}
