import type { Actor } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import type { Publication } from '../domain/scoring/held.ts';
import { REFOLD_PENDING } from './continue-refolds.ts';
import type { Transaction } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/** What a publisher says beside the version itself. */
export type PublicationChoice = Pick<Publication, 'changed' | 'perDay' | 'note'>;

/** Whoever is ready for sales under the new version is handed over. */
export const HAND_OFF_ALL: PublicationChoice = { changed: 'hand-off', perDay: null, note: null };

/** A publication as it is kept on the version: a version that comes to live again keeps what was said before. */
export type StoredPublication = Publication & { readonly earlier: readonly EarlierPublication[] };

export type EarlierPublication = PublicationChoice & { readonly at: Instant; readonly by: string };

export interface ModelToMakeLive {
  readonly key: string;
  readonly versionId: number;
  readonly version: number;
  readonly choice: PublicationChoice;
  readonly action: 'definition.published' | 'definition.rolled-back';
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Makes a version of a scoring model the live one, under the lock of its definition's row, and leaves on it that every
 * lead is to be scored anew (`continueRefolds` marks them, in batches). A version that was a shadow is one no longer:
 * nothing would act on it.
 */
export async function makeModelLive(transaction: Transaction, model: ModelToMakeLive): Promise<void> {
  const { key, versionId, version, choice, actor, now } = model;
  const [before] = await transaction.query<{ liveVersionId: number | null; liveVersion: number | null }>(sql`
    SELECT live_version_id AS "liveVersionId", live.version AS "liveVersion"
    FROM definition LEFT JOIN definition_version AS live ON live.id = live_version_id
    WHERE definition.kind = 'scoring_model' AND definition.key = ${key}`);
  await transaction.query(sql`
    UPDATE definition SET live_version_id = ${versionId}::bigint,
           shadow_version_id = nullif(shadow_version_id, ${versionId}::bigint)
    WHERE kind = 'scoring_model' AND key = ${key}`);
  const publication: StoredPublication = {
    ...choice,
    previousVersionId: before?.liveVersionId ?? null,
    ...(model.action === 'definition.rolled-back' && { backToVersionId: await backTo(transaction, versionId) }),
    earlier: await earlierPublications(transaction, versionId),
  };
  await transaction.query(sql`
    UPDATE definition_version SET published_at = ${at(now)}, published_by = ${actor.name},
           publication = ${JSON.stringify(publication)}::jsonb, compiled = ${JSON.stringify(REFOLD_PENDING)}::jsonb
    WHERE id = ${versionId}::bigint`);
  await recordAudit(transaction, {
    actor,
    at: now,
    action: model.action,
    subjectKind: 'scoring_model',
    subjectId: key,
    // The note is free text and stays on the version: audit rows hold keys, ids and numbers.
    detail: { version, previous: before?.liveVersion ?? null, changed: choice.changed, perDay: choice.perDay },
  });
}

/** What a version that a rollback brings to live again had itself replaced. */
async function backTo(transaction: Transaction, versionId: number): Promise<number | null> {
  const [row] = await transaction.query<{ id: number | null }>(sql`
    SELECT coalesce(publication->>'backToVersionId', publication->>'previousVersionId')::bigint AS id
    FROM definition_version WHERE id = ${versionId}::bigint`);
  return row?.id ?? null;
}

async function earlierPublications(transaction: Transaction, versionId: number): Promise<EarlierPublication[]> {
  const [row] = await transaction.query<{
    publication: StoredPublication | null;
    publishedAt: Instant | null;
    publishedBy: string | null;
  }>(sql`
    SELECT publication, published_at AS "publishedAt", published_by AS "publishedBy"
    FROM definition_version WHERE id = ${versionId}::bigint`);
  if (row === undefined || row.publishedAt === null) return [];
  const { changed, perDay, note, earlier } = row.publication ?? { ...HAND_OFF_ALL, earlier: [] };
  return [...(earlier ?? []), { changed, perDay, note, at: row.publishedAt, by: row.publishedBy ?? '' }];
}
