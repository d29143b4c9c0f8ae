import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('webhook'),
  endpoint: definitionKeySchema,
  /** The event's type, as the receiver sees it. */
  event: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_.-]{0,99}$/, 'must be lower-case words joined by dots, such as sequence.step')
    .default('sequence.step'),
  /** What is sent beside the ids. */
  include: z.array(z.enum(['profile', 'score'])).default([]),
});

/** Tells another system, by Standard Webhooks. The sequence goes on at once, whether or not it answers. */
export const webhook: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  refers: ({ endpoint }) => [{ kind: 'endpoint', key: endpoint, path: ['endpoint'] }],
  pass: ({ endpoint, event, include }, at) => ({
    kind: 'passed',
    at: at.stepEnteredAt,
    effect: { kind: 'webhook', endpoint, event, include },
  }),
};
