import { MINUTE } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { at, sql } from './sql.ts';

/** What PostgreSQL says should have been looked at and was not. */
export interface Overdue {
  readonly leads: readonly string[];
  readonly handoffs: readonly string[];
}

/** How late a timer may be before the sweep does its work; longer than a busy Temporal server takes. */
const GRACE_MS = 3_000;
/** How long a parked lead waits before it is tried once more: what parked it may have been mended. */
const PARKED_RETRY_MS = 10 * MINUTE;

/**
 * Finds leads and handoffs whose attention was raised and not planned, or whose next look is overdue, so that nothing
 * depends on a notification, a signal or a timer arriving: with all of Temporal gone, this rebuilds every journey.
 */
export async function findOverdue(database: Database, clock: Clock, limit = 500): Promise<Overdue> {
  const late = at(clock.now() - GRACE_MS);
  const leads = await database.query<{ id: string }>(sql`
    (SELECT id FROM lead WHERE attention_rev <> planned_rev AND parked_at IS NULL LIMIT ${limit}::int)
    UNION ALL
    (SELECT id FROM lead WHERE next_look_at < ${late} AND parked_at IS NULL ORDER BY next_look_at LIMIT ${limit}::int)
    UNION ALL
    (SELECT id FROM lead WHERE next_look_at IS NOT NULL AND NOT journey_open AND parked_at IS NULL LIMIT ${limit}::int)`);
  const handoffs = await database.query<{ id: string }>(sql`
    (SELECT id FROM handoff WHERE attention_rev <> planned_rev LIMIT ${limit}::int)
    UNION
    (SELECT id FROM handoff WHERE next_look_at < ${late} ORDER BY next_look_at LIMIT ${limit}::int)`);
  return { leads: [...new Set(leads.map(({ id }) => id))], handoffs: handoffs.map(({ id }) => id) };
}

/** Gives parked leads another try after a while. Returns how many. */
export async function unparkOld(database: Database, clock: Clock): Promise<number> {
  const rows = await database.query(sql`
    UPDATE lead SET parked_at = NULL, parked_error = NULL WHERE parked_at < ${at(clock.now() - PARKED_RETRY_MS)} RETURNING 1`);
  return rows.length;
}
