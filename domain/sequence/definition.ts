import { z } from 'zod';
import { conditionSchema } from '../conditions/condition.ts';
import { mailPurposeSchema } from '../consent/mail-purpose.ts';
import { definitionKeySchema, uniqueBy } from '../definition/definition.ts';
import { durationSchema } from '../instant.ts';
import { sequenceProblems } from './check-sequence.ts';
import { signalSchema } from './signal.ts';
import { stepSchema } from './step.ts';
import { streamSchema } from './stream.ts';

/** Who gets which mail, when, until what. */
export const sequenceSchema = z
  .strictObject({
    key: definitionKeySchema,
    name: z.string().trim().min(1).max(200),
    /** The consent purpose under which its mails go. */
    purpose: mailPurposeSchema,
    /** Leads in one of these stages only; a lead that leaves them leaves the sequence. */
    stages: z
      .array(z.enum(['lead', 'customer']))
      .min(1)
      .default(['lead']),
    /** Who may come in, asked when somebody is about to. */
    audience: conditionSchema.optional(),
    /** What enrols a lead: events, or conditions that come true. Without one, leads come in by hand, API or another sequence. */
    entry: z.array(signalSchema).max(50).default([]),
    /** An entry event older than this, when it arrives, enrols nobody: an import of years must not mail thousands. */
    entryWithin: durationSchema.default({ days: 7 }),
    /** Whether a lead that has been through may come in again: never, after its end, or some time after its end. */
    reentry: z
      .union([z.enum(['never', 'after-end']), z.strictObject({ after: durationSchema })], {
        error: 'must be never, after-end, or { after: { days: 90 } }',
      })
      .default('never'),
    /** What it is for: a lead that reaches one of these leaves it, done. Counted from the enrolment's beginning. */
    goal: z.array(signalSchema).max(20).default([]),
    /** What ends it otherwise. */
    exits: z.array(signalSchema).max(20).default([]),
    /** 0 to 100: whose mail goes first where several sequences want to write to one person. */
    priority: z.number().int('must be a whole number').min(0).max(100).default(50),
    /** An enrolment that lasts longer ends. */
    expiry: durationSchema.optional(),
    streams: z.array(streamSchema).max(20).default([]).superRefine(uniqueBy('id')),
    steps: z.array(stepSchema).min(1).max(500).superRefine(uniqueBy('id')),
  })
  .superRefine((sequence, context) => {
    for (const { path, message } of sequenceProblems(sequence))
      context.addIssue({ code: 'custom', path: [...path], message });
  });

export type Sequence = z.infer<typeof sequenceSchema>;
