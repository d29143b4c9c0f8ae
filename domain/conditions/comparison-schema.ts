import { z } from 'zod';
import { durationSchema } from '../instant.ts';
import { type Comparison, comparisonKeys } from './comparison.ts';
import { contradictionIn } from './contradiction.ts';
import { ISO_DATE, instantIn } from './read-value.ts';

const text = z.string({ error: 'must be a text' }).max(1_000, 'is longer than 1,000 characters: shorten it');
const filled = (given: string) => given.trim() !== '';
const sought = text.refine(filled, 'is blank: write what to look for');
const value = text.refine(filled, 'is blank: to ask for what is not known, write exists: false');
const number = z.number({ error: 'must be a number, without quotes' });
const scalar = z.union([value, number, z.boolean()], {
  error: ({ input }) =>
    Array.isArray(input) ? 'must be one value: for several write in: [..]' : 'must be a text, a number, true or false',
});
const date = z
  .string({ error: 'must be a date such as "2026-11-03", in quotes' })
  .regex(ISO_DATE, {
    error: 'must be a date such as 2026-11-03, or an instant such as 2026-11-03T10:00:00Z',
    abort: true,
  })
  .refine((given) => instantIn(given) !== null, 'is in no calendar: check day, month and time');

/** The fields of a comparison, for schemas that have others beside them. */
export const comparisonFields = {
  is: scalar.optional(),
  in: z
    .array(scalar, { error: 'must be a list, such as [Berlin, Hamburg]' })
    .min(1, { error: 'is empty, and nothing is in an empty list: name at least one value', abort: true })
    .max(1_000, 'has more than 1,000 values: ask for an attribute that is made from the list instead')
    .optional(),
  atLeast: number.optional(),
  atMost: number.optional(),
  above: number.optional(),
  below: number.optional(),
  contains: z.union([sought, number], { error: 'must be a text or a number' }).optional(),
  startsWith: sought.optional(),
  before: date.optional(),
  after: date.optional(),
  inLast: durationSchema.optional(),
  inNext: durationSchema.optional(),
  exists: z.boolean({ error: 'must be true or false' }).optional(),
} satisfies { readonly [K in keyof Comparison]-?: z.ZodType<Comparison[K]> };

/** A zod refinement: something is asked, and the answer can be yes. */
export function checkComparison(comparison: Comparison, context: z.RefinementCtx): void {
  if (comparisonKeys.every((key) => comparison[key] === undefined)) {
    context.addIssue({
      code: 'custom',
      message: 'says nothing about the value: add a comparison such as is, in, atLeast, contains, inLast or exists',
    });
    return;
  }
  checkContradiction(comparison, context);
}

/** A zod refinement: the answer can be yes. */
export function checkContradiction(comparison: Comparison, context: z.RefinementCtx): void {
  const contradiction = contradictionIn(comparison);
  if (contradiction === null) return;
  context.addIssue({ code: 'custom', path: [contradiction.key], message: contradiction.problem });
}

/** A comparison on its own, as event properties have it. */
export const comparisonSchema: z.ZodType<Comparison> = z.strictObject(comparisonFields).superRefine(checkComparison);
