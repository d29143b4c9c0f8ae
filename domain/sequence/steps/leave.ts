import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({ ...stepFields, kind: z.literal('leave'), sequence: definitionKeySchema });

/** Takes the lead out of another sequence, if it is in it. This one goes on; it leaves itself with an `end` step. */
export const leave: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  refers: ({ sequence }) => [{ kind: 'sequence', key: sequence, path: ['sequence'] }],
  pass: ({ sequence }, at) => ({ kind: 'passed', at: at.stepEnteredAt, effect: { kind: 'leave', sequence } }),
};
