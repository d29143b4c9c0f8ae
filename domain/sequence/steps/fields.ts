import { z } from 'zod';
import type { Problem } from '../../conditions/one-of.ts';
import { definitionKeySchema } from '../../definition/definition.ts';

/** What every step has. */
export const stepFields = { id: definitionKeySchema } as const;

/** A step's id, or `end`. */
export const targetSchema = z.string().min(1).max(63);

/** `HH:MM`, from 00:00 to 23:59. */
export const timeOfDaySchema = z
  .string({ error: 'must be a time of day such as "09:00", in quotes' })
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "09:00"');

/** A step may be called `wait` or `next`, but not be meant where these words mean something else. */
export function ambiguousTarget(
  path: readonly (string | number)[],
  target: string | undefined,
  steps: ReadonlyMap<string, unknown>,
): Problem[] {
  if ((target !== 'wait' && target !== 'next') || !steps.has(target)) return [];
  const message = `"${target}" may mean the step of that name, or what the word says: give the step another id`;
  return [{ path, message }];
}
