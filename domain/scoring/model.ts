import { z } from 'zod';
import { definitionKeySchema, isTimeZone, uniqueBy } from '../definition/definition.ts';
import { eventMatchSchema } from '../interaction/event-match.ts';

const ruleSchema = z.strictObject({
  id: definitionKeySchema,
  /** What a person reads in the explanation of a point. */
  name: z.string().trim().min(1).max(200).optional(),
  on: eventMatchSchema,
  points: z.number().int('must be a whole number').min(-1_000).max(1_000),
  /** At most `times` awards per lead, per local calendar day, or per mail. Without it, every match counts. */
  limit: z
    .strictObject({ times: z.number().int().min(1).max(10_000).default(1), per: z.enum(['lead', 'day', 'message']) })
    .optional(),
});

/** A scoring model: points per rule with limits, and the threshold over which a lead goes to sales. */
export const scoringModelSchema = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  /** IANA zone whose midnight ends a "day" for every lead: a property of the model, so that a fold depends on nothing else. */
  timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin'),
  /** Firm points at which a lead is handed to sales. */
  threshold: z.number().int('must be a whole number').min(1),
  rules: z.array(ruleSchema).min(1).max(500).superRefine(uniqueBy('id')),
});

export type ScoringModel = z.infer<typeof scoringModelSchema>;
export type ScoringRule = ScoringModel['rules'][number];
