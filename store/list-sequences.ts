import type { Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** A sequence at a glance. Test leads are not counted. */
export interface SequenceSummary {
  readonly key: string;
  readonly name: string;
  readonly liveVersion: number | null;
  readonly draftVersion: number | null;
  readonly publishedAt: Instant | null;
  readonly pausedAt: Instant | null;
  /** Leads in it now. */
  readonly active: number;
  /** Those of them that wait because a stream has nothing more for them. */
  readonly exhausted: number;
  /** Those of them on another version than the live one. */
  readonly onOldVersions: number;
  /** A pause is over, and lets out those whom it held. */
  readonly resuming: boolean;
}

/** All sequences, by key. */
export async function listSequences(queryable: Queryable): Promise<SequenceSummary[]> {
  return queryable.query<SequenceSummary>(sql`
    SELECT definition.key, coalesce(live.content, draft.content)->>'name' AS name, live.version AS "liveVersion", draft.version AS "draftVersion",
           live.published_at AS "publishedAt", definition.paused_at AS "pausedAt", coalesce(inside.active, 0) AS active,
           coalesce(inside.exhausted, 0) AS exhausted, coalesce(inside.old, 0) AS "onOldVersions",
           EXISTS (SELECT 1 FROM sequence_pause WHERE sequence_key = definition.key AND resumed_at IS NOT NULL AND released_at IS NULL) AS resuming
    FROM definition
    LEFT JOIN definition_version AS live ON live.id = definition.live_version_id
    LEFT JOIN definition_version AS draft ON draft.id = definition.draft_version_id
    LEFT JOIN LATERAL (
      SELECT count(*) AS active, count(*) FILTER (WHERE exhausted) AS exhausted,
             count(*) FILTER (WHERE sequence_version_id <> definition.live_version_id) AS old
      FROM enrolment JOIN lead ON lead.id = lead_id AND NOT lead.test
      WHERE sequence_key = definition.key AND enrolment.state = 'active') AS inside ON true
    WHERE definition.kind = 'sequence' ORDER BY definition.key`);
}
