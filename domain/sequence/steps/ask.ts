import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import { durationSchema } from '../../instant.ts';
import { isFinal } from '../../sending/message.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';
import { deadlineOf, ownMessage, passedWith } from './send.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('ask'),
  /** A template that asks: it shows `question.text` and a link for each of `question.choices`. */
  template: definitionKeySchema,
  /** The scoring model whose cell the answer is to change. */
  model: definitionKeySchema,
  deadline: durationSchema.default({ days: 14 }),
});

export type AskStep = z.infer<typeof schema>;

/**
 * Progressive profiling: mails the one question, among those not answered and not asked before, whose answer would
 * change the lead's cell most. Where none is left, it goes on without a mail.
 */
export const ask: StepKind<AskStep> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  refers: ({ template, model }) => [
    { kind: 'template', key: template, path: ['template'], recipient: 'lead' },
    { kind: 'scoring_model', key: model, path: ['model'] },
  ],
  pass(step, at, context) {
    const message = ownMessage(at, context);
    if (message !== null && isFinal(message.state)) return passedWith(message, at);
    // Once it is asked it stays this question: the person may have read it.
    const question = message === null ? context.question(step.model) : message.question;
    if (question === null) return { kind: 'passed', at: at.stepEnteredAt, outcome: 'nothing-to-ask' };
    const dueAt = message?.dueAt ?? at.stepEnteredAt;
    const content = context.contents.get(step.template) ?? { lineage: step.template, repeatable: false };
    const lineage = `${content.lineage}.${question.attribute}`;
    if (message === null && context.received.has(lineage))
      return { kind: 'passed', at: at.stepEnteredAt, outcome: 'already-received' };
    const deadlineAt = message?.deadlineAt ?? deadlineOf(step, dueAt, context);
    const mail = { template: step.template, lineage, repeatable: false, dueAt, deadlineAt, maturity: 0, question };
    return { kind: 'mails', message, mail };
  },
};
