import { z } from 'zod';
import type { Interaction } from './interaction.ts';

/** Which interactions are meant: by kind, by name, by equal properties. At least one of kind and event is given. */
export const eventMatchSchema = z
  .strictObject({
    kind: z.enum(['track', 'identify', 'page', 'tend']).optional(),
    event: z.string().trim().min(1).max(200).optional(),
    properties: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()])).optional(),
  })
  .refine((match) => match.kind !== undefined || match.event !== undefined, 'needs an event name or a kind');

export type EventMatch = z.infer<typeof eventMatchSchema>;

/** True when `interaction` is one that `match` means. A property that is missing is not equal to anything. */
export function matches(match: EventMatch, interaction: Pick<Interaction, 'kind' | 'name' | 'properties'>): boolean {
  if (match.kind !== undefined && match.kind !== interaction.kind) return false;
  if (match.event !== undefined && match.event !== interaction.name) return false;
  if (match.properties === undefined) return true;
  for (const [name, value] of Object.entries(match.properties)) {
    if (interaction.properties[name] !== value) return false;
  }
  return true;
}

/**
 * A key for "might this interaction interest somebody who waits": the event's name, or `kind:<kind>` where only a kind
 * is given. Coarser than `matches` (properties are left out), so a look may come in vain but never fails to come.
 */
export function interestKey(match: EventMatch): string {
  return match.event ?? `kind:${match.kind}`;
}

/** The interest keys that `interaction` answers to. */
export function interestKeysOf(interaction: Pick<Interaction, 'kind' | 'name'>): readonly [string, string] {
  return [interaction.name, `kind:${interaction.kind}`];
}
