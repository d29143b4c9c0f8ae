import { z } from 'zod';
import { conditionSchema } from '../conditions/condition.ts';
import { grades } from '../conditions/facts.ts';
import { definitionKeySchema, isTimeZone, uniqueBy } from '../definition/definition.ts';
import { behaviourRuleSchema, decayFields } from './behaviour-rule.ts';

const points = z.number({ error: 'must be a number' }).min(-100_000).max(100_000);

/** The least and the most that a sum counts for; what is over it is kept, and counts once there is room. */
const limits = { atMost: points.optional(), atLeast: points.optional() };

const groupSchema = z.strictObject({
  id: definitionKeySchema,
  name: z.string().trim().min(1).max(200).optional(),
  ...limits,
  ...decayFields,
});

/** A trait that the target group has. It gives its points where the condition holds, and none where it is unknown. */
const criterionSchema = z.strictObject({
  id: definitionKeySchema,
  name: z.string().trim().min(1).max(200).optional(),
  when: conditionSchema,
  points: z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(-1_000)
    .max(1_000)
    .refine((points) => points !== 0, 'must not be 0: such a criterion changes nothing'),
});

/** "No authority" makes a good profile no better than this grade, whatever else fits. */
const capSchema = z.strictObject({
  id: definitionKeySchema,
  name: z.string().trim().min(1).max(200).optional(),
  when: conditionSchema,
  atMost: z.enum(grades),
});

const profileSchema = z.strictObject({
  criteria: z.array(criterionSchema).min(1).max(200).superRefine(uniqueBy('id')),
  /** Points from which on a grade is given; below C it is D. */
  grades: z.strictObject({ A: points, B: points, C: points }),
  caps: z.array(capSchema).max(50).superRefine(uniqueBy('id')).default([]),
});

/** `A1`: that cell. `A`: every A. `1`: every 1. */
export const cellPatternSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const text = String(value);
  if (/^(?:[A-D][1-4]?|[1-4])$/.test(text)) return text;
  context.addIssue({
    code: 'custom',
    message: 'must be a cell such as A1, a whole grade such as A, or a whole band such as 1',
  });
  return z.NEVER;
});

/**
 * A scoring model: behaviour in points, banded 1 (most active) to 4; the profile in a grade, A (best fit) to D; and
 * what of it goes to sales: a threshold of points, or cells of the grid A1 … D4. Either side may stand alone.
 */
export const modelShape = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  /** IANA zone whose midnight ends a "day" for every lead: a property of the model, so that a fold depends on nothing else. */
  timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin'),
  rules: z.array(behaviourRuleSchema).max(500).superRefine(uniqueBy('id')).default([]),
  groups: z.array(groupSchema).max(50).superRefine(uniqueBy('id')).default([]),
  total: z.strictObject(limits).default({}),
  /** Firm points from which on a band is given; below 3 it is 4. */
  bands: z.strictObject({ 1: points, 2: points, 3: points }).optional(),
  profile: profileSchema.optional(),
  /** Firm points at which a lead is handed to sales. */
  threshold: z.number({ error: 'must be a whole number' }).int('must be a whole number').min(1).optional(),
  /** Cells whose leads are handed to sales (marketing qualified), as marketing and sales agreed. */
  mql: z.array(cellPatternSchema).max(20).optional(),
});

export type ModelShape = z.infer<typeof modelShape>;
export type Profile = NonNullable<ModelShape['profile']>;
export type Group = ModelShape['groups'][number];
