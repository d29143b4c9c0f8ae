import type { AttributeSet } from '../domain/attributes/definition.ts';
import { attributesSchema } from '../domain/attributes/definition-schema.ts';
import { createVocabulary, emptyVocabulary, type Vocabulary } from '../domain/attributes/vocabulary.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** The vocabulary of the live sets. Read in the transaction that uses it; versions seen before are kept in memory. */
export async function loadVocabulary(queryable: Queryable): Promise<Vocabulary> {
  const sets = await loadLiveAttributeSets(queryable);
  return sets.length === 0 ? emptyVocabulary : createVocabulary(sets);
}

/** The live sets of attributes, by key. */
export async function loadLiveAttributeSets(queryable: Queryable): Promise<AttributeSet[]> {
  const rows = await queryable.query<{ versionId: number }>(sql`
    SELECT live_version_id AS "versionId" FROM definition WHERE kind = 'attributes' AND live_version_id IS NOT NULL ORDER BY key`);
  const missing = rows.map(({ versionId }) => versionId).filter((versionId) => !queryable.versions.has(versionId));
  if (missing.length > 0) {
    const contents = await queryable.query<{ id: number; content: unknown }>(sql`
      SELECT id, content FROM definition_version WHERE id = ANY(${missing}::bigint[])`);
    for (const { id, content } of contents) queryable.versions.set(id, attributesSchema.parse(content));
  }
  return rows.map(({ versionId }) => queryable.versions.get(versionId) as AttributeSet);
}
