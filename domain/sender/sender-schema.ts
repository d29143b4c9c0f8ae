import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import { returnPathProblem } from './return-path.ts';
import type { Sender } from './sender.ts';
import { unknownPolicies } from './unknown-policy.ts';

const localeKey = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language such as de, or de-AT');
const address = z.string().regex(/^[^\s@<>"]+@[^\s@<>"]+$/, 'must be a mail address such as hello@example.com');
const mailbox = z
  .string()
  .trim()
  .max(320)
  .regex(/^(?:[^<>\r\n]*<[^\s@<>"]+@[^\s@<>"]+>|[^\s@<>"]+@[^\s@<>"]+)$/, 'must be an address, or Name <address>');
const link = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).max(2_000);
const domain = z
  .string()
  .regex(
    /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a domain in lower case',
  );

/** A sender profile as a person writes it. */
export const senderSchema: z.ZodType<Sender> = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  from: mailbox,
  replyTo: mailbox.optional(),
  imprint: z
    .record(localeKey, z.string().trim().min(10, 'is too short to say who is responsible').max(2_000))
    .refine(
      (words) => Object.keys(words).length > 0,
      'is needed in at least one language: who is responsible for the mails',
    ),
  links: z.strictObject({ imprint: link.optional(), privacy: link.optional() }).default({}),
  server: definitionKeySchema.optional(),
  returnPath: z
    .string()
    .check(({ value, issues }) => {
      const message = returnPathProblem(value);
      if (message !== null) issues.push({ code: 'custom', input: value, message });
    })
    .optional(),
  dkim: z.strictObject({ domain, selector: domain }).optional(),
  forwardRepliesTo: address.optional(),
  unknown: z.enum(unknownPolicies, { error: `must be one of ${unknownPolicies.join(', ')}` }).default('ask'),
});
