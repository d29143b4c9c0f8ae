import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('goTo'),
  step: definitionKeySchema,
  /** How often it jumps in one enrolment; after that the sequence goes on with the next step. */
  atMost: z
    .number({ error: 'must say how often it may jump, such as 3' })
    .int('must be a whole number')
    .min(1)
    .max(100),
});

/** Jumps to another step, back too, a bounded number of times. */
export const goTo: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: ({ step }) => [{ path: ['step'], to: step, backward: true }],
  pass({ id, step, atMost }, at, { enrolment }) {
    const done = enrolment.jumps[id] ?? 0;
    if (done >= atMost) return { kind: 'passed', at: at.stepEnteredAt, outcome: 'enough' };
    return { kind: 'passed', at: at.stepEnteredAt, to: step, jump: true, outcome: 'jumped' };
  },
};
