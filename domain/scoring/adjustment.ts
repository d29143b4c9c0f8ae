import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import { durationSchema, type Instant } from '../instant.ts';
import { type Interaction, SCORE_ADJUSTED } from '../interaction/interaction.ts';

/** The rule of points given by hand, in ledgers and explanations; no rule of a model may take this id. */
export const BY_HAND = 'by-hand';

/** What a person says of one lead that no rule can see: these points, under this model, and why. */
export const adjustmentSchema = z.strictObject({
  model: definitionKeySchema,
  points: z
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(-1_000)
    .max(1_000)
    .refine((points) => points !== 0, 'must not be 0: that changes nothing'),
  reason: z.string({ error: 'must say why, for whoever asks later' }).trim().min(1).max(500),
  /** After this time the points count no more; default: they stay. */
  validFor: durationSchema.optional(),
});

/** Points given by hand, as the lead's history has them. */
export interface Adjustment {
  /** The model's key: they count under each version of it. */
  readonly model: string;
  readonly points: number;
  readonly reason: string;
  readonly by: string;
  /** The first instant at which they count no more; null: they stay. */
  readonly endsAt: Instant | null;
}

export function isAdjustment({ kind, name }: Pick<Interaction, 'kind' | 'name'>): boolean {
  return kind === 'tend' && name === SCORE_ADJUSTED;
}

/** What `interaction` gave by hand; null where it is no adjustment. */
export function adjustmentOf(interaction: Pick<Interaction, 'kind' | 'name' | 'properties'>): Adjustment | null {
  if (!isAdjustment(interaction)) return null;
  const { model, points, reason, by, endsAt } = interaction.properties;
  if (typeof model !== 'string' || typeof points !== 'number') return null;
  return {
    model,
    points,
    reason: typeof reason === 'string' ? reason : '',
    by: typeof by === 'string' ? by : '',
    endsAt: typeof endsAt === 'string' ? Date.parse(endsAt) : null,
  };
}

/** What stands where a rule's name would. */
export function adjustmentName(reason: string): string {
  return `By hand: ${reason}`;
}
