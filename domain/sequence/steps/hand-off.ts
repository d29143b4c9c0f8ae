import { z } from 'zod';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('handOff'),
  /** What the representative reads: why this lead, now. */
  reason: z.string().trim().min(1).max(500).optional(),
});

/**
 * Offers the lead to sales, whatever its score; marketing is silent from then on until the outcome. The sequence goes on,
 * its mails wait for the outcome. Where sales has the lead already nothing is offered.
 */
export const handOff: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  pass: ({ reason = null }, at) => ({ kind: 'passed', at: at.stepEnteredAt, effect: { kind: 'handOff', reason } }),
};
