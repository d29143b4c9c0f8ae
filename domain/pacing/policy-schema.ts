import { z } from 'zod';
import { definitionKeySchema, isTimeZone } from '../definition/definition.ts';
import { DAY, durationMs, durationSchema } from '../instant.ts';
import { checkPolicy } from './check-policy.ts';
import type { PacingPolicy } from './policy.ts';
import { timeOfDaySchema, weekdaySchema } from './time-of-week.ts';

/** How far back a rule may look: so far back are a person's mails read for each decision. */
const LONGEST_LOOK_BACK_DAYS = 366;
/** A thousand a second: more than one row that all workers take in turn could count. */
const HIGHEST_RATE = 60_000;

const rateSchema = z
  .number()
  .int('must be a whole number of mails a minute')
  .min(1, 'must be at least 1: to hold back all mails, use tend pause')
  .max(HIGHEST_RATE, `must be at most ${HIGHEST_RATE}: leave it out where nothing needs to be held back`);

const countrySchema = z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters, such as DE');
const regionSchema = z.string().trim().min(1).max(60);

const capSchema = z.strictObject({
  channel: z.enum(['email'], { error: 'must be email, the only channel so far' }).default('email'),
  purpose: definitionKeySchema.optional(),
  max: z
    .number()
    .int('must be a whole number of mails')
    .min(1, 'must be at least 1: a cap of 0 would never let a mail go; to hold back all mails, use tend pause'),
  days: z
    .number()
    .int('must be a whole number of days')
    .min(1, 'must be at least 1: today alone')
    .max(LONGEST_LOOK_BACK_DAYS, `must be at most ${LONGEST_LOOK_BACK_DAYS}`),
});

const windowSchema = z.strictObject({
  purpose: definitionKeySchema.optional(),
  weekdays: z
    .array(weekdaySchema)
    .min(1, 'must name at least one day, such as [mon, tue]; leave it out for every day')
    .optional(),
  from: timeOfDaySchema,
  to: timeOfDaySchema,
});

const spacingSchema = z
  .union([z.literal('none'), durationSchema], { error: 'must be a duration such as { hours: 20 }, or none' })
  .refine(
    (spacing) => spacing === 'none' || durationMs(spacing) <= LONGEST_LOOK_BACK_DAYS * DAY,
    `must be at most ${LONGEST_LOOK_BACK_DAYS} days`,
  );

const sendOrWait = z.enum(['send', 'wait'], { error: 'must be send or wait' });

const policyShape = z.strictObject({
  key: definitionKeySchema,
  name: z.string().trim().min(1).max(200),
  timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin'),
  country: countrySchema.optional(),
  region: regionSchema.optional(),
  caps: z.array(capSchema).max(50).default([]),
  spacing: spacingSchema.default({ hours: 20 }),
  windows: z.array(windowSchema).max(200).default([]),
  quiet: z.strictObject({ from: timeOfDaySchema, to: timeOfDaySchema }).optional(),
  weekends: sendOrWait.default('wait'),
  holidays: sendOrWait.default('wait'),
  throttle: z
    .strictObject({
      perMinute: rateSchema.optional(),
      perSendingDomain: z.record(z.string(), rateSchema).optional(),
    })
    .default({}),
});

/** A file of `kind: pacing`. What it gives can be read again: it is stored that way. */
export const pacingSchema: z.ZodType<PacingPolicy> = policyShape.superRefine(checkPolicy);

/**
 * A policy as a version keeps it. That its parts fit each other was checked when it was stored, and is not checked again:
 * a region that a later list of holidays does not have must not stop anybody's mail after an upgrade.
 */
export function storedPolicy(content: unknown): PacingPolicy {
  return policyShape.parse(content);
}
