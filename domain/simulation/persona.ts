import { z } from 'zod';
import { attributeNameSchema } from '../attributes/definition.ts';
import { definitionKeySchema, isTimeZone, uniqueBy } from '../definition/definition.ts';
import { handoffOutcomes } from '../handoff/outcome.ts';
import { durationSchema } from '../instant.ts';

const probability = z
  .number({ error: 'must be a number from 0 to 1, such as 0.3' })
  .min(0, 'must be 0 to 1: write 0.3 for 30 %')
  .max(1, 'must be 0 to 1: write 0.3 for 30 %');
const weight = z.number({ error: 'must be a number' }).min(0, 'must not be negative');
const perDay = z.number({ error: 'must be a number of times a day, such as 0.2' }).min(0).max(1_000);

/** One for all mails, or by template and by track of a stream: the template's counts first, then the track's. */
const byMailSchema = z.union(
  [
    probability,
    z.strictObject({
      default: probability,
      templates: z.record(definitionKeySchema, probability).default({}),
      tracks: z.record(definitionKeySchema, probability).default({}),
    }),
  ],
  { error: 'must be a number from 0 to 1, or { default: 0.3, templates: { newsletter: 0.5 }, tracks: { warm: 0.6 } }' },
);

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Always this; or one of several by weight; or a whole number of a range. `known`: for this share of the people only. */
const attributeSchema = z.union(
  [
    scalar,
    z.strictObject({ values: z.record(z.string(), weight), known: probability.default(1) }),
    z.strictObject({ from: z.number(), to: z.number(), known: probability.default(1) }),
  ],
  { error: 'must be a value, { values: { retail: 3, crafts: 1 } } by weight, or { from: 5, to: 200 }' },
);

const doingSchema = z.strictObject({
  event: z.string().trim().min(1).max(200),
  kind: z.enum(['track', 'page'], { error: 'must be track or page' }).default('track'),
  properties: z.record(z.string(), scalar).default({}),
});

/** A kind of people, as far as it matters what they do with mails and on the website. */
export const personaSchema = z.strictObject({
  name: definitionKeySchema,
  /** Its part of all, against the sum of the shares. */
  share: z.number({ error: 'must be a number' }).positive('must be more than 0: leave it out instead'),
  /** Of the mails, how many are opened, and of the opened ones how many are clicked in. */
  opens: byMailSchema.default(0),
  clicks: byMailSchema.default(0),
  /** Whoever has clicked looks around on the website: how often that is told by an event. */
  looksAround: probability.default(0.8),
  /** From a mail to the reaction: half of them react sooner. The spread is that of the logarithm (log-normal). */
  reacts: z
    .strictObject({ medianHours: z.number().positive().max(1_000), spread: z.number().min(0).max(4).default(1) })
    .default({ medianHours: 5, spread: 1.2 }),
  /** Of the mails, how many are the last one. */
  unsubscribes: probability.default(0),
  /** Of questions by mail, how many are answered; and what with, by attribute and weight. */
  answers: probability.default(0),
  answersWith: z.record(attributeNameSchema, z.record(z.string(), weight)).default({}),
  /** What they do by themselves, each independently, so many times a day on average. */
  does: z.array(doingSchema.extend({ perDay })).max(50).default([]),
  /** The same, of whatever the scoring models and sequences ask for. */
  browses: perDay.default(0),
  /** From then on nothing comes of them any more. */
  silentAfter: durationSchema.optional(),
  /** What they tell of themselves when they come, in a form. */
  attributes: z.record(attributeNameSchema, attributeSchema).default({}),
  /** How many tell their birthday (the attribute `birthday`). */
  tellsBirthday: probability.default(0),
  /** Where they live, by weight: ISO 3166-1, such as DE. Without it: as the pacing policy has it. */
  countries: z.record(z.string().regex(/^[A-Z]{2}$/, 'must be a country such as DE'), weight).optional(),
  /** What their browser tells, by weight. */
  timeZones: z
    .record(z.string().refine(isTimeZone, 'must be an IANA time zone such as Europe/Berlin'), weight)
    .optional(),
  /** By what they come: one of these events. Default: by what enrols in one of the sequences. */
  comesBy: z.array(doingSchema).min(1).max(20).optional(),
});

export type Persona = z.infer<typeof personaSchema>;
export type ByMail = z.infer<typeof byMailSchema>;

export const salesSchema = z.strictObject({
  /** How many leads the team can take a week: held against the handoffs that are to be expected. */
  capacityPerWeek: z.number().positive().max(1_000_000).default(25),
  /** From the offer until somebody takes it: the median. */
  acceptHours: z.number().positive().max(10_000).default(4),
  /** From there until the outcome is known: the median. */
  outcomeDays: z.number().positive().max(1_000).default(10),
  /** By weight. */
  outcomes: z.partialRecord(z.enum(handoffOutcomes), weight).default({ won: 2, lost: 3, recycled: 4, rejected: 1 }),
});

export type Sales = z.infer<typeof salesSchema>;

/** Who comes, and what sales does with them: `kind: personas`, in a file of its own (`*.personas.yaml`) or in a test. */
export const populationSchema = z.strictObject({
  personas: z.array(personaSchema).min(1).max(50).superRefine(uniqueBy('name')),
  sales: salesSchema.default(salesSchema.parse({})),
  /** They come one by one during this time. Default: the first half of what is simulated. */
  arriveWithin: durationSchema.optional(),
});

export type Population = z.infer<typeof populationSchema>;
