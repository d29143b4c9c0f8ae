import { eventsIn } from '../domain/conditions/leaves.ts';
import { earliest } from '../domain/instant.ts';
import type { EventMatch } from '../domain/interaction/event-match.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import type { EnrolmentInForce } from '../domain/journey/snapshot.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import type { Queryable } from './database.ts';
import { at, sql } from './sql.ts';

/**
 * The assessed interactions of a lead that its plan may ask for, in fold order: what steps and goals of its enrolments
 * mean, since the first of those began; and what conditions count, from the beginning.
 */
export async function readLeadEvents(
  queryable: Queryable,
  leadId: string,
  enrolments: readonly EnrolmentInForce[],
  live: readonly Sequence[],
): Promise<Interaction[]> {
  const needs = enrolments.map(({ sequence }) => needsOf(sequence));
  const counted = [...needs, ...live.map(needsOf)].flatMap(({ conditions }) => conditions.flatMap(eventsIn));
  const watched = needs.flatMap(({ events }) => events);
  const people = needs.some(({ humanSignals }) => humanSignals) ? ['track', 'page', 'identify', 'group'] : [];
  if (counted.length === 0 && watched.length === 0) return [];
  const since = earliest(...enrolments.map(({ startedAt, stepEnteredAt }) => Math.min(startedAt, stepEnteredAt)));
  const ever = namesAndKinds(counted);
  const lately = namesAndKinds(watched);
  const rows = await queryable.query<Interaction>(sql`
    SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt" FROM interaction
    WHERE lead_id = ${leadId}::uuid AND assessed_at IS NOT NULL AND discounted_at IS NULL
      AND ((occurred_at >= ${at(since)}::timestamptz AND (name = ANY(${lately.names}::text[]) OR kind = ANY(${[...lately.kinds, ...people]}::text[])))
        OR name = ANY(${ever.names}::text[]) OR kind = ANY(${ever.kinds}::text[]))`);
  return rows.sort(compareFoldOrder);
}

interface NamesAndKinds {
  readonly names: string[];
  /** Of matches that name no event. */
  readonly kinds: string[];
}

function namesAndKinds(matches: readonly EventMatch[]): NamesAndKinds {
  const names = matches.flatMap(({ event }) => (event === undefined ? [] : [event]));
  const kinds = matches.flatMap(({ event, kind }) => (event === undefined && kind !== undefined ? [kind] : []));
  return { names: [...new Set(names)], kinds: [...new Set(kinds)] };
}
