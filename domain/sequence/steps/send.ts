import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import { type Duration, durationMs, durationSchema, type Instant } from '../../instant.ts';
import { isFinal, type MessageInForce } from '../../sending/message.ts';
import type { Passed, Position, StepContext, StepKind } from '../step-kind.ts';
import { chooseContent, tracksOf } from '../stream.ts';
import { ambiguousTarget, stepFields, targetSchema } from './fields.ts';

const schema = z
  .strictObject({
    ...stepFields,
    kind: z.literal('send'),
    template: definitionKeySchema.optional(),
    /** Instead of a template: the next content of this stream that fits the lead's maturity. */
    stream: definitionKeySchema.optional(),
    /** How long the mail may be delayed before it is dropped, on record. */
    deadline: durationSchema.default({ days: 14 }),
    /**
     * When the stream has nothing more that fits: `wait` until the lead has matured or the enrolment ends, `next`, `end`,
     * or a later step.
     */
    onExhausted: targetSchema.optional(),
  })
  .superRefine((step, context) => {
    if ((step.template === undefined) === (step.stream === undefined))
      context.addIssue({ code: 'custom', message: 'needs either a template or a stream' });
    if (step.onExhausted !== undefined && step.stream === undefined)
      context.addIssue({
        code: 'custom',
        path: ['onExhausted'],
        message: 'is for streams: a template is never exhausted',
      });
  });

export type SendStep = z.infer<typeof schema>;

/** One mail. What a person was sent before, under whatever name, is not sent again. */
export const send: StepKind<SendStep> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: ({ onExhausted }) =>
    onExhausted === undefined || onExhausted === 'wait' || onExhausted === 'next'
      ? []
      : [{ path: ['onExhausted'], to: onExhausted }],
  refers: ({ template }) =>
    template === undefined ? [] : [{ kind: 'template', key: template, path: ['template'], recipient: 'lead' }],
  problems: ({ onExhausted }, steps) => ambiguousTarget(['onExhausted'], onExhausted, steps),
  pass(step, at, context) {
    const message = ownMessage(at, context);
    if (message !== null && isFinal(message.state)) return passedWith(message, at);
    const dueAt = message?.dueAt ?? at.stepEnteredAt;
    const rest = { dueAt, deadlineAt: message?.deadlineAt ?? deadlineOf(step, dueAt, context), question: null };
    if (step.template !== undefined) {
      const content = context.contents.get(step.template) ?? { lineage: step.template, repeatable: false };
      if (message === null && !content.repeatable && context.received.has(content.lineage))
        return { kind: 'passed', at: at.stepEnteredAt, outcome: 'already-received' };
      return { kind: 'mails', message, mail: { template: step.template, ...content, maturity: 0, ...rest } };
    }
    const stream = context.enrolment.sequence.streams.find(({ id }) => id === step.stream);
    const claimed = message?.state === 'claimed';
    const chosen = stream === undefined || claimed ? null : chooseContent(stream, context);
    if (chosen !== null) return { kind: 'mails', message, mail: { ...chosen, ...rest } };
    if (message !== null) {
      // What it was to be fits no longer, or came another way; the gate says so. A claimed mail is left to its result.
      const { lineage, template } = message;
      return { kind: 'mails', message, mail: { template, lineage, repeatable: claimed, maturity: 0, ...rest } };
    }
    const { onExhausted = 'wait' } = step;
    if (onExhausted === 'wait') {
      const conditions = stream === undefined ? [] : tracksOf(stream);
      const looks = conditions.map(context.outlook).filter((next) => next !== null);
      const until = looks.length === 0 ? null : Math.min(...looks);
      return { kind: 'waits', until, watched: { events: [], conditions }, exhausted: true };
    }
    const to = onExhausted === 'next' ? undefined : onExhausted;
    return { kind: 'passed', at: at.stepEnteredAt, to, outcome: 'exhausted' };
  },
};

/** Counted from when the mail may first go: to wait for one's turn after a pause is nobody's fault. */
export function deadlineOf(
  { deadline }: { readonly deadline: Duration },
  dueAt: Instant,
  { enrolment }: StepContext,
): Instant {
  return Math.max(dueAt, enrolment.mailsFrom ?? dueAt) + durationMs(deadline);
}

/** The message of this visit; null where none was made. */
export function ownMessage(at: Position, { messages }: StepContext): MessageInForce | null {
  return messages.find(({ stepId, visit }) => stepId === at.stepId && visit === at.visit) ?? null;
}

/** How a step goes on from a mail that is through. */
export function passedWith(message: MessageInForce, at: Position): Passed {
  // A mail that was dropped may have been claimed days before, for an attempt that came to nothing.
  const withheld = message.state === 'dropped' || message.state === 'superseded';
  const sentAt = withheld ? null : message.claimedAt;
  return {
    kind: 'passed',
    // What went just before a pause, which held the step since, counts from when the clock goes on.
    at: Math.max(sentAt ?? message.finishedAt ?? at.stepEnteredAt, at.stepEnteredAt),
    outcome: withheld ? (message.reason ?? message.state) : message.state,
  };
}
