import type { Erasure } from '../domain/erasure/erasure.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Queryable } from './database.ts';
import { at, type Sql, sql } from './sql.ts';

/** The erasure that was asked for this lead, or for the one that it was merged into; null: none was. */
export async function readErasure(queryable: Queryable, leadId: string): Promise<Erasure | null> {
  const [row] = await queryable.query<Row>(sql`
    SELECT lead_id AS "leadId", lead_ids AS "leadIds", because, keep_hash AS "keepHash", requested_at AS "requestedAt",
           requested_by AS "requestedBy", done_at AS "doneAt"
    FROM erasure WHERE lead_id = ${leadId}::uuid`);
  return row === undefined ? null : withState(row);
}

export interface ErasurePage {
  /** Those asked for at this instant or later. */
  readonly since: Instant | null;
  readonly limit: number;
  /** As the page before gave it. */
  readonly cursor?: string | undefined;
}

/**
 * Erasures in the order in which they were asked for: who puts a backup back asks again for all that came after it.
 */
export async function listErasures(
  database: Database,
  { since, limit, cursor }: ErasurePage,
): Promise<{ readonly erasures: Erasure[]; readonly next: string | null }> {
  const [instant, id] = cursor === undefined ? [null, null] : parseCursor(cursor);
  const rows = await database.query<Row>(page(since, instant, id, limit));
  const erasures = rows.map(withState);
  const last = erasures.at(-1);
  const next = last === undefined || erasures.length < limit ? null : `${last.requestedAt}_${last.leadId}`;
  return { erasures, next };
}

function page(since: Instant | null, after: Instant | null, id: string | null, limit: number): Sql {
  return sql`
    SELECT lead_id AS "leadId", lead_ids AS "leadIds", because, keep_hash AS "keepHash", requested_at AS "requestedAt",
           requested_by AS "requestedBy", done_at AS "doneAt"
    FROM erasure
    WHERE (${at(since)}::timestamptz IS NULL OR requested_at >= ${at(since)}::timestamptz)
      AND (${at(after)}::timestamptz IS NULL OR (requested_at, lead_id) > (${at(after)}::timestamptz, ${id}::uuid))
    ORDER BY requested_at, lead_id LIMIT ${limit}::int`;
}

/** A cursor that nobody was given starts at the beginning. */
function parseCursor(cursor: string): [Instant | null, string | null] {
  const found = /^(\d{1,15})_([0-9a-f-]{36})$/.exec(cursor);
  return found === null ? [null, null] : [Number(found[1]), found[2] as string];
}

/** Erasures that are not done, those that failed least first. */
export async function openErasures(database: Database, limit: number): Promise<string[]> {
  const rows = await database.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM erasure WHERE done_at IS NULL ORDER BY attempts, requested_at LIMIT ${limit}::int`);
  return rows.map(({ leadId }) => leadId);
}

/** Puts on record that a try failed. `code` says nothing of the person. */
export async function noteErasureFailed(database: Database, leadId: string, code: string): Promise<void> {
  await database.query(sql`
    UPDATE erasure SET attempts = attempts + 1, error = ${code} WHERE lead_id = ${leadId}::uuid AND done_at IS NULL`);
}

type Row = Omit<Erasure, 'state'>;

function withState(row: Row): Erasure {
  return { ...row, state: row.doneAt === null ? 'waiting' : 'done' };
}
