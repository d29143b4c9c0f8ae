import { DAY, type Instant } from '../domain/instant.ts';
import type { Held } from '../domain/scoring/held.ts';
import { type Approval, readApprovals } from './approve-model.ts';
import type { RefoldState } from './continue-refolds.ts';
import type { Database } from './database.ts';
import type { StoredPublication } from './make-model-live.ts';
import { at, sql } from './sql.ts';

/** How far a version's standings are computed. */
export interface RefoldProgress {
  readonly leads: number;
  /** Marked to be scored anew, in batches. */
  readonly marked: number;
  /** Still to be scored: those not marked yet, and those marked and not done. */
  readonly toScore: number;
}

/** Where a scoring model is in its life, beside its versions. */
export interface ModelLife {
  /** How the live version came to live; null: none is live. */
  readonly publication: (Omit<StoredPublication, 'previousVersionId'> & { readonly previous: number | null }) | null;
  readonly refold: RefoldProgress | null;
  /** Leads whose offer is held back since the publishing, not they, made them ready for sales. */
  readonly held: Readonly<Record<Held, number>>;
  /** How many of them had their turn in the last 24 hours. */
  readonly releasedLastDay: number;
  readonly shadow: { readonly version: number; readonly refold: RefoldProgress | null } | null;
  /** Who has agreed that the draft goes live. */
  readonly approvals: readonly Approval[];
}

/** The life of a model that is known to exist. */
export async function readModelLife(database: Database, key: string, now: Instant): Promise<ModelLife> {
  const [row] = await database.query<LifeRow>(sql`
    SELECT live.id AS "liveId", live.publication, live.compiled AS "liveState", previous.version AS previous,
           shadow.version AS "shadowVersion", shadow.compiled AS "shadowState", definition.draft_version_id AS "draftId",
           (SELECT count(*) FROM lead WHERE refold AND parked_at IS NULL AND merged_into IS NULL AND erased_at IS NULL) AS "toScore"
    FROM definition
    LEFT JOIN definition_version AS live ON live.id = definition.live_version_id
    LEFT JOIN definition_version AS previous ON previous.id = (live.publication->>'previousVersionId')::bigint
    LEFT JOIN definition_version AS shadow ON shadow.id = definition.shadow_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  if (row === undefined) throw new Error(`the scoring model ${key} has gone`);
  const { liveId, publication, toScore } = row;
  const held = await database.query<{ held: Held; leads: number }>(sql`
    SELECT held, count(*) AS leads FROM held_back WHERE model_version_id = ${liveId}::bigint GROUP BY held`);
  const [released] = await database.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM standing WHERE model_version_id = ${liveId}::bigint AND released_at > ${at(now - DAY)}`);
  return {
    publication: publication === null ? null : shownPublication(publication, row.previous),
    refold: progress(row.liveState, toScore),
    held: {
      'hand-off': 0,
      'next-interaction': 0,
      never: 0,
      ...Object.fromEntries(held.map(({ held, leads }) => [held, leads])),
    },
    releasedLastDay: released?.leads ?? 0,
    shadow:
      row.shadowVersion === null ? null : { version: row.shadowVersion, refold: progress(row.shadowState, toScore) },
    approvals: row.draftId === null ? [] : await readApprovals(database, row.draftId),
  };
}

interface LifeRow {
  readonly liveId: number | null;
  readonly publication: StoredPublication | null;
  readonly liveState: Partial<RefoldState> | null;
  readonly previous: number | null;
  readonly shadowVersion: number | null;
  readonly shadowState: Partial<RefoldState> | null;
  readonly draftId: number | null;
  readonly toScore: number;
}

function shownPublication({ changed, perDay, note, earlier }: StoredPublication, previous: number | null) {
  return { changed, perDay, note, previous, earlier: earlier ?? [] };
}

/** All models share the leads that are marked: what one has still to do may be another's. It is never too little. */
function progress(state: Partial<RefoldState> | null, toScore: number): RefoldProgress | null {
  if (state === null || state.leads === undefined || state.leads === null) return null;
  const { leads, marked = 0 } = state;
  const unmarked = state.refold === 'pending' ? Math.max(0, leads - marked) : 0;
  return { leads, marked, toScore: unmarked + toScore };
}
