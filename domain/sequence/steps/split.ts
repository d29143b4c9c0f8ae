import { z } from 'zod';
import { definitionKeySchema, uniqueBy } from '../../definition/definition.ts';
import { assignArm } from '../split/assign.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields, targetSchema } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('split'),
  arms: z
    .array(
      z.strictObject({
        id: definitionKeySchema,
        /** Its share, against the sum of all. */
        weight: z.number().positive('must be more than 0: leave the arm out instead').max(1_000).default(1),
        to: targetSchema,
        /** The group that is left alone, to hold the others against. */
        holdout: z.boolean().default(false),
      }),
    )
    .min(2, 'needs two arms or more')
    .max(10)
    .superRefine(uniqueBy('id'))
    .refine((arms) => arms.filter(({ holdout }) => holdout).length <= 1, 'has two holdout groups: one is enough'),
});

export type SplitStep = z.infer<typeof schema>;

/**
 * Divides people among arms by their weights. A person comes to the same arm whenever they come by, in any version of
 * the sequence, until somebody picks a winner: then whoever comes next goes the winner's way.
 */
export const split: StepKind<SplitStep> = {
  schema,
  takesTime: false,
  goesOn: () => false,
  targets: ({ arms }) => arms.map(({ to }, index) => ({ path: ['arms', index, 'to'], to })),
  pass(step, at, { enrolment }) {
    const winner = step.arms.find(({ id }) => id === enrolment.winners.get(step.id));
    const drawn = assignArm(step.arms, enrolment.leadId, `${enrolment.sequence.key} ${step.id}`);
    const arm = winner ?? step.arms.find(({ id }) => id === drawn);
    if (arm === undefined) throw new Error(`split "${step.id}" has no arm "${drawn}"`);
    // Who goes the winner's way was not drawn, and says nothing about the arms.
    return { kind: 'passed', at: at.stepEnteredAt, to: arm.to, outcome: winner === undefined ? arm.id : 'winner' };
  },
};
