import type { Actor } from '../domain/actor.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import type { Database } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { publishDefinition } from '../store/publish-definition.ts';
import { putDraft } from '../store/put-draft.ts';
import { at, sql } from '../store/sql.ts';
import { EVENT_NAMES, EVERYTHING, fiftyRules, MODEL_KEY } from './fifty-rules.ts';

export const actor: Actor = { kind: 'system', name: 'bench' };
const LEADS_A_BATCH = 2_000;
const HISTORY_MS = 180 * DAY;

/** A live model of 50 plain rules, and a draft of it in which points fade, expire and are held in groups. */
export async function publishModels(database: Database, now: Instant): Promise<void> {
  const model = { kind: 'scoring_model', key: MODEL_KEY, actor, now } as const;
  await putDraft(database, { ...model, content: fiftyRules([]) });
  await publishDefinition(database, model);
  await putDraft(database, { ...model, content: fiftyRules(EVERYTHING) });
}

/** Leads, each with as many events over half a year, as they lie in a database that has scored them. */
export async function fill(
  database: Database,
  leads: number,
  events: number,
  now: Instant,
  say: (done: number) => void,
): Promise<void> {
  for (let done = 0; done < leads; done += LEADS_A_BATCH) {
    const ids = Array.from({ length: Math.min(LEADS_A_BATCH, leads - done) }, () => newId());
    await insertLeads(database, ids, events, now);
    say(done + ids.length);
  }
  await database.query(sql`VACUUM ANALYZE`);
}

async function insertLeads(database: Database, ids: readonly string[], events: number, now: Instant): Promise<void> {
  const since = at(now - HISTORY_MS);
  await database.transaction(async (transaction) => {
    await transaction.query(
      sql`INSERT INTO lead (id, created_at) SELECT id, ${since}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`,
    );
    const identities = await transaction.query<{ id: number; leadId: string }>(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      SELECT 'user_id', 'bench-' || id, id, ${since}::timestamptz, ${since}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)
      RETURNING id, lead_id AS "leadId"`);
    await transaction.query(sql`
      INSERT INTO interaction (source, message_id, identity_id, lead_id, kind, name, properties, occurred_at, received_at, assessed_at)
      SELECT 'website', 'm' || identity_id || '-' || number, identity_id, lead_id, 'track', (${EVENT_NAMES}::text[])[1 + floor(random() * ${EVENT_NAMES.length}::int)::int],
             '{"path": "/products/paper", "title": "Paper and ink", "referrer": "search"}', moment, moment, moment
      FROM unnest(${identities.map(({ id }) => id)}::bigint[], ${identities.map(({ leadId }) => leadId)}::uuid[]) AS of(identity_id, lead_id),
           generate_series(1, ${events}::int) AS number,
           LATERAL (SELECT date_trunc('milliseconds', ${since}::timestamptz + random() * interval '180 days') + number * interval '0' AS moment) AS at`);
  });
}
