import { z } from 'zod';
import { DAY, durationMs, durationSchema } from '../domain/instant.ts';

const LONGEST_SPREAD = 7 * DAY;

/** How a sequence or a mailing is resumed: over what time the mails that a pause held come. */
export const resumeSchema = z.strictObject({
  over: durationSchema
    .refine(
      (over) => durationMs(over) <= LONGEST_SPREAD,
      'must be at most 7 days: mails would come too late to be of use',
    )
    .nullable()
    .default(null),
});
