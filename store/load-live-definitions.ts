import { type ScoringModel, scoringModelSchema } from '../domain/scoring/model.ts';
import { type Sequence, sequenceSchema } from '../domain/sequence/definition.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

export interface LiveVersion<T> {
  readonly versionId: number;
  readonly definition: T;
}

/** What is live now: what the assessor folds with and enrols into. */
export interface LiveDefinitions {
  readonly models: readonly LiveVersion<ScoringModel>[];
  readonly sequences: readonly LiveVersion<Sequence>[];
}

/**
 * The live models and sequences. Read in the transaction that uses them: one small indexed query, and the contents of
 * versions seen before are kept in memory.
 */
export async function loadLiveDefinitions(queryable: Queryable): Promise<LiveDefinitions> {
  const rows = await queryable.query<{ kind: string; versionId: number }>(sql`
    SELECT kind, live_version_id AS "versionId" FROM definition
    WHERE kind IN ('scoring_model', 'sequence') AND live_version_id IS NOT NULL ORDER BY kind, key`);
  await loadVersions(
    queryable,
    rows.map(({ versionId }) => versionId),
  );
  const live = <T>(kind: string): LiveVersion<T>[] =>
    rows
      .filter((row) => row.kind === kind)
      .map(({ versionId }) => ({ versionId, definition: queryable.versions.get(versionId) as T }));
  return { models: live<ScoringModel>('scoring_model'), sequences: live<Sequence>('sequence') };
}

/** The sequences of these version ids, live or not: leads stay on the version they entered with. */
export async function loadSequenceVersions(
  queryable: Queryable,
  versionIds: readonly number[],
): Promise<(versionId: number) => Sequence> {
  await loadVersions(queryable, versionIds);
  return (versionId) => queryable.versions.get(versionId) as Sequence;
}

async function loadVersions(queryable: Queryable, versionIds: readonly number[]): Promise<void> {
  const missing = [...new Set(versionIds)].filter((versionId) => !queryable.versions.has(versionId));
  if (missing.length === 0) return;
  const rows = await queryable.query<{ id: number; kind: string; content: unknown }>(sql`
    SELECT id, kind, content FROM definition_version WHERE id = ANY(${missing}::bigint[])`);
  for (const { id, kind, content } of rows) {
    queryable.versions.set(
      id,
      kind === 'scoring_model' ? scoringModelSchema.parse(content) : sequenceSchema.parse(content),
    );
  }
}
