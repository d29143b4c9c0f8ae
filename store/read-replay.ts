import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { ReplayReport } from '../domain/scoring/replay-report.ts';
import type { Queryable } from './database.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

export type ReplayState = 'waiting' | 'running' | 'done' | 'cancelled' | 'failed';

export interface Replay {
  readonly id: string;
  readonly model: string;
  readonly version: number;
  /** The version it is compared with; null: none was live. */
  readonly against: number | null;
  readonly state: ReplayState;
  readonly leads: number;
  readonly leadsDone: number;
  readonly perWeek: number | null;
  readonly askedBy: string;
  readonly askedAt: Instant;
  readonly finishedAt: Instant | null;
  readonly error: string | null;
  /** Of the leads done so far; null before the first are. */
  readonly report: ReplayReport | null;
}

/** A replay, how far it is and what it has found. Throws `not-found`. */
export async function readReplay(queryable: Queryable, id: string): Promise<Replay> {
  assertId('replay', id);
  const [replay] = await queryable.query<Replay>(sql`
    SELECT replay.id, version.key AS model, version.version, against.version AS against, replay.state, leads, leads_done AS "leadsDone",
           per_week AS "perWeek", asked_by AS "askedBy", asked_at AS "askedAt", finished_at AS "finishedAt", error, report
    FROM model_replay AS replay
    JOIN definition_version AS version ON version.id = replay.version_id
    LEFT JOIN definition_version AS against ON against.id = replay.against_version_id
    WHERE replay.id = ${id}::uuid`);
  if (replay === undefined) throw new TendError('not-found', `There is no replay ${id}.`);
  return replay;
}
