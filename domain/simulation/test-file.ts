import { z } from 'zod';
import { readExpectation } from './expectation.ts';
import { instantOf } from './local-words.ts';
import { populationSchema } from './persona.ts';
import { storySchema } from './story.ts';

/** A day. */
export const startSchema = z
  .string({ error: 'must be a day such as "2027-03-01", in quotes' })
  .regex(/^\d{4}-\d\d-\d\d$/, 'must be a day such as "2027-03-01"')
  .refine((text) => instantOf(text, 'UTC') !== null, 'is no date of the calendar');

/** A test: what must hold of what is published beside it. `kind: test`, in a file named `*.test.yaml`. */
export const testFileSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  /** Files and folders with the definitions, from the test's own folder on. Default: that folder. */
  with: z.array(z.string().min(1)).min(1).default(['.']),
  /** The first day. Always the same by default, so that a test says the same today and tomorrow. */
  start: startSchema.default('2027-03-01'),
  days: z.number().int('must be a whole number').min(1).max(3_660).default(90),
  leads: z.number().int('must be a whole number').min(1).max(1_000_000).default(300),
  seed: z.number().int('must be a whole number').min(0).max(4_294_967_295).default(1),
  /** Who comes: as it stands here, or the name of a `*.personas.yaml` file. Default: the built-in ones. */
  population: z.union([z.string().min(1), populationSchema]).optional(),
  /** Sentences that must hold of all leads: docs/simulator.md has every form. */
  expect: z
    .array(
      z
        .string()
        .trim()
        .min(1)
        .superRefine((sentence, context) => {
          const read = readExpectation(sentence);
          if ('problem' in read) context.addIssue({ code: 'custom', message: read.problem });
        }),
    )
    .max(200)
    .default([]),
  stories: z.array(storySchema).max(200).default([]),
});

export type TestFile = z.infer<typeof testFileSchema>;
