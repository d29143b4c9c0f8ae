import { definitionKeySchema } from '../definition/definition.ts';
import { RESERVED_PURPOSES } from './policy.ts';

/**
 * A purpose that a company writes for. Tend's own are none: a sequence under `double-opt-in` would need no consent at all.
 */
export const mailPurposeSchema = definitionKeySchema.refine(
  (purpose) => !RESERVED_PURPOSES.includes(purpose),
  'is a name that Tend uses itself: take another',
);
