import { DEFAULT_SENDER } from '../domain/sender/sender.ts';
import type { Content } from '../domain/sequence/content.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** What is published under each template's key. What was read of a version is kept: versions never change. */
export async function loadContents(queryable: Queryable): Promise<Map<string, Content>> {
  const live = await queryable.query<{ key: string; versionId: number }>(sql`
    SELECT key, live_version_id AS "versionId" FROM definition WHERE kind = 'template' AND live_version_id IS NOT NULL`);
  const missing = live.map(({ versionId }) => versionId).filter((versionId) => !queryable.versions.has(versionId));
  if (missing.length > 0) {
    const rows = await queryable.query<Content & { versionId: number }>(sql`
      SELECT id AS "versionId", coalesce(content->>'lineage', key) AS lineage, coalesce((content->>'repeatable')::boolean, false) AS repeatable,
             coalesce(content->>'sender', ${DEFAULT_SENDER}) AS sender
      FROM definition_version WHERE id = ANY(${missing}::bigint[])`);
    for (const { versionId, ...content } of rows) queryable.versions.set(versionId, content);
  }
  return new Map(live.map(({ key, versionId }) => [key, queryable.versions.get(versionId) as Content]));
}
