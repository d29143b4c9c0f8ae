import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({ ...stepFields, kind: z.literal('enrol'), sequence: definitionKeySchema });

/** Puts the lead into another sequence, where that takes it. This one goes on. */
export const enrol: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  refers: ({ sequence }) => [{ kind: 'sequence', key: sequence, path: ['sequence'] }],
  pass: ({ sequence }, at) => ({ kind: 'passed', at: at.stepEnteredAt, effect: { kind: 'enrol', sequence } }),
};
