import { z } from 'zod';
import { conditionSchema } from '../../conditions/condition.ts';
import { isTrue } from '../../conditions/evaluate.ts';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields, targetSchema } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('branch'),
  arms: z
    .array(
      z.strictObject({
        /** What reports call it. Default: where it leads. */
        id: definitionKeySchema.optional(),
        when: conditionSchema,
        to: targetSchema,
      }),
    )
    .min(1)
    .max(20),
  /** Where to go on when none holds. Default: the next step. */
  otherwise: targetSchema.optional(),
});

export type BranchStep = z.infer<typeof schema>;

/** Goes the way of the first arm whose condition holds. What is unknown does not hold. */
export const branch: StepKind<BranchStep> = {
  schema,
  takesTime: false,
  goesOn: ({ otherwise }) => otherwise === undefined,
  targets: ({ arms, otherwise }) => [
    ...arms.map(({ to }, index) => ({ path: ['arms', index, 'to'], to })),
    ...(otherwise === undefined ? [] : [{ path: ['otherwise'], to: otherwise }]),
  ],
  asks: ({ arms }) => arms.map(({ when }) => when),
  pass({ arms, otherwise }, at, { facts }) {
    const arm = arms.find(({ when }) => isTrue(when, facts));
    const outcome = arm === undefined ? 'otherwise' : (arm.id ?? arm.to);
    return { kind: 'passed', at: at.stepEnteredAt, to: arm === undefined ? otherwise : arm.to, outcome };
  },
};
