import { z } from 'zod';
import { conditionSchema } from '../conditions/condition.ts';
import { definitionKeySchema } from '../definition/definition.ts';
import { localeSchema } from '../definition/template.ts';
import { durationSchema } from '../instant.ts';
import { checkAttributeSet } from './check-definition.ts';
import { type AttributeSet, attributeNameSchema, attributeOwners, attributeRoles } from './definition.ts';
import { sourcesSchema } from './source-order.ts';
import { attributeTypes } from './value.ts';

const text = (longest: number) => z.string().trim().min(1).max(longest);

const inferenceSchema = z.strictObject({
  id: definitionKeySchema,
  name: text(200).optional(),
  when: conditionSchema,
  value: z.union([text(500), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' }),
  confidence: z.number().min(0, 'must be 0 to 1').max(1, 'must be 0 to 1').default(0.7),
});

const wordingSchema = z.strictObject({
  question: text(500).optional(),
  choices: z.record(text(200), text(200)).optional(),
});

const attributeSchema = z.strictObject({
  name: attributeNameSchema,
  of: z.enum(attributeOwners).default('lead'),
  type: z.enum(attributeTypes),
  choices: z
    .array(z.string({ error: 'must be a text: put numbers, yes and no into quotes' }).trim().min(1).max(200))
    .min(1)
    .max(200)
    .optional(),
  label: text(200).optional(),
  question: text(500).optional(),
  wordings: z.record(localeSchema, wordingSchema).optional(),
  role: z.enum(attributeRoles).optional(),
  sources: sourcesSchema.optional(),
  validFor: durationSchema.optional(),
  infer: z.array(inferenceSchema).max(50).default([]),
});

/** A file of `kind: attributes`. What it gives can be read again: it is stored that way. */
export const attributesSchema: z.ZodType<AttributeSet> = z
  .strictObject({
    key: definitionKeySchema,
    name: text(200),
    attributes: z.array(attributeSchema).min(1).max(500),
  })
  .superRefine(checkAttributeSet);
