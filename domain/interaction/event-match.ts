import { z } from 'zod';
import { compare } from '../conditions/compare.ts';
import type { Comparison, Scalar } from '../conditions/comparison.ts';
import { comparisonSchema } from '../conditions/comparison-schema.ts';
import { contradictionIn } from '../conditions/contradiction.ts';
import { oneOf, type Problem, problemsOf } from '../conditions/one-of.ts';
import { OUTCOME_EVENTS } from '../handoff/outcome.ts';
import {
  ATTRIBUTES_RECORDED,
  CONSENT_RENEWED,
  EMAIL_BOUNCED,
  EMAIL_COMPLAINED,
  EMAIL_LINK_CLICKED,
  EMAIL_OPENED,
  EMAIL_REPLIED,
  GROUP_IDENTIFIED,
  type Interaction,
  PERSONAL_TEND_EVENTS,
  SCORE_ADJUSTED,
  SUBSCRIPTION_CONFIRMED,
  UNSUBSCRIBED,
} from './interaction.ts';

/** What a property must be: a value that is exactly equal, or a comparison, whose dates count from the event. */
export type PropertyMatch = Scalar | Comparison;

const propertySchema: z.ZodType<PropertyMatch> = oneOf<PropertyMatch>(
  z.union([z.string(), z.number(), z.boolean(), comparisonSchema]),
  propertyProblems,
);

/**
 * Which interactions are meant: by kind, by name, by properties that are equal or compare well. At least one of kind
 * and event is given.
 */
export const eventMatchSchema = z
  .strictObject({
    kind: z
      .enum(['track', 'identify', 'page', 'group', 'tend'], {
        error: 'must be one of track, identify, page, group, tend',
      })
      .optional(),
    event: z.string().trim().min(1).max(200).optional(),
    properties: z.record(z.string().min(1), propertySchema).optional(),
  })
  .refine((match) => match.kind !== undefined || match.event !== undefined, 'needs an event name or a kind');

export type EventMatch = z.infer<typeof eventMatchSchema>;

/** What of an interaction a match looks at. */
export type Matchable = Pick<Interaction, 'kind' | 'name' | 'properties' | 'occurredAt'>;

/** True when `interaction` is one that `match` means. A property that is missing satisfies `exists: false` only. */
export function matches(match: EventMatch, interaction: Matchable): boolean {
  if (match.kind !== undefined && match.kind !== interaction.kind) return false;
  if (match.event !== undefined && match.event !== interaction.name) return false;
  const wanted = match.properties;
  if (wanted === undefined) return true;
  // for…in, as this runs for every rule and every event, and Object.entries would make a list each time.
  for (const name in wanted) {
    const property = wanted[name];
    if (typeof property !== 'object') {
      if (interaction.properties[name] !== property) return false;
      continue;
    }
    const value = Object.hasOwn(interaction.properties, name) ? interaction.properties[name] : undefined;
    if (compare(property, value, interaction.occurredAt) !== 'true') return false;
  }
  return true;
}

/** The name of every identify. */
export const IDENTIFIED = 'Identified';
/** What Tend records itself; nobody else can send events of kind `tend`. */
export const TEND_EVENTS: readonly string[] = [
  EMAIL_OPENED,
  EMAIL_LINK_CLICKED,
  EMAIL_BOUNCED,
  EMAIL_COMPLAINED,
  EMAIL_REPLIED,
  UNSUBSCRIBED,
  SUBSCRIPTION_CONFIRMED,
  CONSENT_RENEWED,
  ATTRIBUTES_RECORDED,
  SCORE_ADJUSTED,
  ...Object.values(OUTCOME_EVENTS),
];

/** Why no interaction can ever be one that `match` means, as the end of a sentence; null where nothing is in its way. */
export function canNeverMatch({ kind, event, properties = {} }: EventMatch): string | null {
  if (kind === 'identify' && event !== undefined && event !== IDENTIFIED)
    return `every identify is named "${IDENTIFIED}", not "${event}": leave out the event, or the kind`;
  if (kind === 'group' && event !== undefined && event !== GROUP_IDENTIFIED)
    return `every group is named "${GROUP_IDENTIFIED}", not "${event}": leave out the event, or the kind`;
  if (kind === 'tend' && event !== undefined && !TEND_EVENTS.includes(event))
    return `Tend records no "${event}", only ${TEND_EVENTS.join(', ')}: check its spelling, or leave out the kind`;
  for (const [name, property] of Object.entries(properties)) {
    const contradiction = typeof property === 'object' ? contradictionIn(property) : null;
    if (contradiction !== null) return `properties.${name}.${contradiction.key}: ${contradiction.problem}`;
  }
  return null;
}

/**
 * A key for "might this interaction interest somebody who waits": the event's name, or `kind:<kind>` where only a kind
 * is given. Coarser than `matches` (properties are left out), so a look may come in vain but never fails to come.
 */
export function interestKey(match: EventMatch): string {
  return match.event ?? `kind:${match.kind}`;
}

/** The keys of everything that only a person does. */
export const HUMAN_INTERESTS: readonly string[] = [
  'kind:track',
  'kind:identify',
  'kind:page',
  'kind:group',
  ...PERSONAL_TEND_EVENTS,
];

/** The interest keys that `interaction` answers to. */
export function interestKeysOf(interaction: Pick<Interaction, 'kind' | 'name'>): readonly [string, string] {
  return [interaction.name, `kind:${interaction.kind}`];
}

function propertyProblems(input: unknown): readonly Problem[] {
  switch (typeof input) {
    case 'string':
    case 'boolean':
      return [];
    case 'number':
      return Number.isFinite(input) ? [] : [{ path: [], message: 'must be a number that is finite' }];
    case 'object':
      if (input !== null && !Array.isArray(input)) return problemsOf(comparisonSchema, input);
  }
  const message = Array.isArray(input)
    ? 'is a list: for one of several values write { in: [..] }'
    : 'must be a text, a number, true or false, or a comparison such as { atLeast: 100 }';
  return [{ path: [], message }];
}
