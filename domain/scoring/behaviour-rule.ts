import { z } from 'zod';
import { conditionSchema } from '../conditions/condition.ts';
import { oneOf, problemsOf } from '../conditions/one-of.ts';
import { definitionKeySchema } from '../definition/definition.ts';
import { durationSchema } from '../instant.ts';
import { eventMatchSchema } from '../interaction/event-match.ts';

const times = z.number().int('must be a whole number').min(1).max(10_000);

/** How points lose weight with time; a rule's own, or its group's. */
export const decayFields = {
  /** After this time half of a point's weight is left, after twice the time a quarter. */
  halfLife: durationSchema.optional(),
  /** After this time a point counts no more, all at once. */
  validFor: durationSchema.optional(),
};

const shared = {
  id: definitionKeySchema,
  /** What a person reads in the explanation of a point. */
  name: z.string().trim().min(1).max(200).optional(),
  points: z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(-1_000)
    .max(1_000)
    .refine((points) => points !== 0, 'must not be 0: such a rule changes nothing'),
  /** The group whose limits its points share. */
  group: definitionKeySchema.optional(),
  ...decayFields,
};

/** At most `times` awards per lead, local calendar day, mail or session, or in any period of that length. */
const perPeriodSchema = z.strictObject({
  times: times.default(1),
  per: z.enum(['lead', 'day', 'message', 'session'], { error: 'must be one of lead, day, message, session' }),
});
const rollingSchema = z.strictObject({ times: times.default(1), within: durationSchema });
const limitSchema = oneOf(z.union([perPeriodSchema, rollingSchema]), (input) =>
  problemsOf(has(input, 'within') ? rollingSchema : perPeriodSchema, input),
);

/** Lasting engagement: only every so many distinct days (weeks, sessions, events) within a period match. */
const recurringSchema = z.strictObject({
  times: times.min(2, 'must be at least 2: once is no recurrence').max(1_000),
  of: z.enum(['events', 'sessions', 'days', 'weeks']).default('days'),
  within: durationSchema,
});

/** Points for something that a person does. */
const eventRuleSchema = z.strictObject({
  ...shared,
  on: eventMatchSchema,
  /** Counts only where this holds of the lead at that instant. Unknown is not enough. */
  when: conditionSchema.optional(),
  recurring: recurringSchema.optional(),
  limit: limitSchema.optional(),
});

/** Points for what a person does not do: `after` without a reaction, `times` over. */
const silenceRuleSchema = z.strictObject({
  ...shared,
  silence: z.strictObject({
    after: durationSchema,
    /** What counts as a reaction. Default: anything that a website saw. */
    on: z.array(eventMatchSchema).min(1).max(20).optional(),
    times: times.max(100, 'must be at most 100').default(1),
  }),
});

export const behaviourRuleSchema = oneOf(z.union([eventRuleSchema, silenceRuleSchema]), (input) =>
  problemsOf(has(input, 'silence') ? silenceRuleSchema : eventRuleSchema, input),
);

function has(input: unknown, field: string): boolean {
  return typeof input === 'object' && input !== null && field in input;
}

export type EventRule = z.infer<typeof eventRuleSchema>;
export type SilenceRule = z.infer<typeof silenceRuleSchema>;
export type BehaviourRule = z.infer<typeof behaviourRuleSchema>;
export type Limit = z.infer<typeof limitSchema>;
export type Recurring = z.infer<typeof recurringSchema>;

export function isSilenceRule(rule: BehaviourRule): rule is SilenceRule {
  return 'silence' in rule;
}
