import { z } from 'zod';
import { definitionKeySchema } from '../../definition/definition.ts';
import type { StepKind } from '../step-kind.ts';
import { stepFields } from './fields.ts';

const schema = z.strictObject({
  ...stepFields,
  kind: z.literal('notify'),
  /** A representative, by key. */
  rep: definitionKeySchema,
  /** A template for colleagues. */
  template: definitionKeySchema,
});

/** Mails a colleague about the lead. It is no mail to the lead: no consent, no cap, no silence stands in its way. */
export const notify: StepKind<z.infer<typeof schema>> = {
  schema,
  takesTime: false,
  goesOn: () => true,
  targets: () => [],
  refers: ({ rep, template }) => [
    { kind: 'rep', key: rep, path: ['rep'] },
    { kind: 'template', key: template, path: ['template'], recipient: 'colleague' },
  ],
  pass: ({ rep, template }, at) => ({
    kind: 'passed',
    at: at.stepEnteredAt,
    effect: { kind: 'notify', rep, template },
  }),
};
