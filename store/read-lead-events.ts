import type { Condition } from '../domain/conditions/condition.ts';
import { eventLeavesIn } from '../domain/conditions/leaves.ts';
import { durationMs, earliest, type Instant } from '../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import type { EnrolmentInForce } from '../domain/journey/snapshot.ts';
import { needsOf } from '../domain/sequence/needs.ts';
import type { Queryable } from './database.ts';
import { at, sql } from './sql.ts';

/**
 * The assessed interactions of a lead that its plan at `now` may ask for, in fold order: what steps and goals of its
 * enrolments mean, since the first of those began; and what their conditions, and those `askedToEnter`, count, each as
 * far back as the longest `within` of its event goes. A history may be long, and a plan is made with every news.
 */
export async function readLeadEvents(
  queryable: Queryable,
  leadId: string,
  enrolments: readonly EnrolmentInForce[],
  askedToEnter: readonly Condition[],
  now: Instant,
): Promise<Interaction[]> {
  const needs = enrolments.map(({ sequence }) => needsOf(sequence));
  const began = earliest(...enrolments.map(({ startedAt, stepEnteredAt }) => Math.min(startedAt, stepEnteredAt)));
  const wanted: Wanted[] = [...needs.flatMap(({ conditions }) => conditions), ...askedToEnter]
    .flatMap(eventLeavesIn)
    .map(({ event, within }) => ({ match: event, since: within === undefined ? null : now - durationMs(within) }));
  for (const { events, humanSignals } of needs) {
    wanted.push(...events.map((match) => ({ match, since: began })));
    if (humanSignals) wanted.push(...PEOPLE.map((kind) => ({ match: { kind }, since: began })));
  }
  if (wanted.length === 0) return [];
  const names = furthestBack(wanted.flatMap(({ match, since }) => (match.event ? [[match.event, since]] : [])));
  const kinds = furthestBack(
    wanted.flatMap(({ match, since }) => (match.event === undefined && match.kind ? [[match.kind, since]] : [])),
  );
  const oldest = wanted.some(({ since }) => since === null) ? null : earliest(...wanted.map(({ since }) => since));
  const rows = await queryable.query<Interaction>(sql`
    SELECT id, source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt" FROM interaction
    WHERE lead_id = ${leadId}::uuid AND assessed_at IS NOT NULL AND discounted_at IS NULL
      AND occurred_at >= ${back(oldest)}::timestamptz
      AND (EXISTS (SELECT FROM unnest(${names.keys}::text[], ${names.since}::timestamptz[]) AS wanted(name, since)
                   WHERE wanted.name = interaction.name AND occurred_at >= wanted.since)
        OR EXISTS (SELECT FROM unnest(${kinds.keys}::text[], ${kinds.since}::timestamptz[]) AS wanted(kind, since)
                   WHERE wanted.kind = interaction.kind AND occurred_at >= wanted.since))`);
  return rows.sort(compareFoldOrder);
}

/** What only people do. */
const PEOPLE = ['track', 'page', 'identify', 'group'];

interface Wanted {
  readonly match: { readonly event?: string | undefined; readonly kind?: string | undefined };
  /** Null: from the beginning. */
  readonly since: Instant | null;
}

/** Each key once, from as far back as it is wanted. */
function furthestBack(wanted: readonly (readonly [string, Instant | null])[]): {
  readonly keys: string[];
  readonly since: (Date | '-infinity')[];
} {
  const byKey = new Map<string, Instant | null>();
  for (const [key, since] of wanted) {
    const known = byKey.get(key);
    byKey.set(key, since === null || known === null ? null : Math.min(since, known ?? since));
  }
  return { keys: [...byKey.keys()], since: [...byKey.values()].map(back) };
}

const back = (since: Instant | null) => (since === null ? '-infinity' : at(since));
