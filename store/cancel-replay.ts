import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { type Replay, readReplay } from './read-replay.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

/**
 * Ends a replay after the batch it is in, whose row's lock is waited for. What it found so far stays; one that has ended
 * already stays what it is. Throws `not-found`.
 */
export async function cancelReplay(database: Database, id: string, now: Instant): Promise<Replay> {
  assertId('replay', id);
  await database.query(sql`
    UPDATE model_replay SET state = 'cancelled', finished_at = ${at(now)}
    WHERE id = ${id}::uuid AND state IN ('waiting', 'running')`);
  return readReplay(database, id);
}
