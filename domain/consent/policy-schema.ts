import { z } from 'zod';
import { definitionKeySchema, uniqueBy } from '../definition/definition.ts';
import { durationMs, durationSchema } from '../instant.ts';
import { mailPurposeSchema } from './mail-purpose.ts';
import { type ConsentPolicy, noConsentPolicy } from './policy.ts';

const localeKey = z.string().regex(/^[a-z]{2,3}(-[A-Z]{2})?$/, 'must be a language such as de, or de-AT');
const wordsSchema = z
  .record(localeKey, z.string().trim().min(1).max(2_000))
  .refine((words) => Object.keys(words).length > 0, 'needs at least one language, such as { en: … }');
const count = z.number().int('must be a whole number').min(1, 'must be at least 1').max(3_660);

const purposeSchema = z.strictObject({
  key: mailPurposeSchema,
  name: wordsSchema,
  description: wordsSchema.optional(),
  basis: z.enum(['consent', 'contract'], { error: 'must be consent or contract' }).default('consent'),
  promise: z.strictObject({ max: count, days: count }).optional(),
});

/** A consent policy as a person writes it. */
export const consentPolicySchema: z.ZodType<ConsentPolicy> = z
  .strictObject({
    key: definitionKeySchema,
    name: z.string().trim().min(1).max(200),
    purposes: z.array(purposeSchema).max(100).superRefine(uniqueBy('key')).default([]),
    doubleOptIn: z
      .strictObject({
        template: definitionKeySchema.default(noConsentPolicy.doubleOptIn.template),
        expiresAfter: durationSchema.default(noConsentPolicy.doubleOptIn.expiresAfter),
      })
      .default(noConsentPolicy.doubleOptIn),
    staleness: z
      .strictObject({ after: durationSchema, askBefore: durationSchema, template: definitionKeySchema })
      .refine(({ after, askBefore }) => durationMs(askBefore) < durationMs(after), {
        path: ['askBefore'],
        message: 'must be shorter than "after": the person is asked before the consent is stale',
      })
      .nullable()
      .default(null),
    tracking: z.enum(['consent', 'never'], { error: 'must be consent or never' }).default('consent'),
  })
  .superRefine(({ purposes }, context) => {
    purposes.forEach(({ basis, promise }, index) => {
      if (basis === 'contract' && promise !== undefined)
        context.addIssue({
          code: 'custom',
          path: ['purposes', index, 'promise'],
          message: 'belongs to a purpose that needs consent: leave it out',
        });
    });
  });
