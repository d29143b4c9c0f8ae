import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({ ...stepFields, kind: z.literal('end') });

/** Ends the enrolment here, where other ways go on below. */
export const end: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => false,
  targets: () => [{ path: ['kind'], to: 'end' }],
  pass: (_step, at) => ({ kind: 'passed', at: at.stepEnteredAt, to: 'end' }),
};
