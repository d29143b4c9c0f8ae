import type { Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { listOpenJobs, type SequenceJob } from './sequence-job.ts';
import { sql } from './sql.ts';

/** What goes on with a sequence besides its versions. */
export interface SequenceLife {
  /** Null: it is not paused. */
  readonly pausedAt: Instant | null;
  readonly pausedBy: string | null;
  /** Leads in it, by version. */
  readonly active: readonly { readonly version: number; readonly leads: number }[];
  /** What goes through its leads just now: a publishing, a pause, its end, a migration. */
  readonly underWay: readonly SequenceJob[];
}

export async function readSequenceLife(queryable: Queryable, key: string): Promise<SequenceLife> {
  const [pause] = await queryable.query<{ pausedAt: Instant; pausedBy: string }>(sql`
    SELECT paused_at AS "pausedAt", paused_by AS "pausedBy" FROM sequence_pause WHERE sequence_key = ${key} AND resumed_at IS NULL`);
  const active = await queryable.query<SequenceLife['active'][number]>(sql`
    SELECT version.version, count(*) AS leads
    FROM enrolment JOIN definition_version AS version ON version.id = sequence_version_id JOIN lead ON lead.id = lead_id AND NOT lead.test
    WHERE sequence_key = ${key} AND enrolment.state = 'active' GROUP BY 1 ORDER BY 1`);
  const underWay = await listOpenJobs(queryable, key);
  return { pausedAt: pause?.pausedAt ?? null, pausedBy: pause?.pausedBy ?? null, active, underWay };
}
