import type { Actor } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { newId } from './new-id.ts';
import { readModelVersion } from './read-model-version.ts';
import { at, sql } from './sql.ts';

export interface ReplayInput {
  readonly key: string;
  /** Default: the draft. */
  readonly version: number | undefined;
  /** How many leads sales can take a week; for the report's words. */
  readonly perWeek: number | null;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface ReplayRequested {
  readonly id: string;
  readonly model: string;
  readonly version: number;
}

/**
 * Asks for a version to be played over the recorded history of all leads, as of now and beside the version that is live
 * now; the worker does it (`replayBatch`). Nothing changes for any lead. Throws `not-found`.
 */
export async function requestReplay(database: Database, input: ReplayInput): Promise<ReplayRequested> {
  const { key, perWeek, actor, now } = input;
  const { id: versionId, version, liveVersionId } = await readModelVersion(database, key, input.version);
  const id = newId();
  await database.query(sql`
    INSERT INTO model_replay (id, version_id, against_version_id, per_week, state, asked_by, asked_at)
    VALUES (${id}::uuid, ${versionId}::bigint, ${liveVersionId}::bigint, ${perWeek}::int, 'waiting', ${actor.name}, ${at(now)})`);
  return { id, model: key, version };
}
