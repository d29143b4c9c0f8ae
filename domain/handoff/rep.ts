import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import { normaliseEmail } from '../identity/normalise.ts';

/** A sales representative, as the API and `team.yaml` give one. */
export const repSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  email: z.string().transform((text, context) => {
    const email = normaliseEmail(text);
    if (email !== null) return email;
    context.addIssue({ code: 'custom', message: 'must be a mail address' });
    return z.NEVER;
  }),
  /** Only active ones are asked to take leads. */
  active: z.boolean().default(true),
});

export type Rep = z.infer<typeof repSchema>;
