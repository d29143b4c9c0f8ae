import type { Instant } from '../domain/instant.ts';
import type { CompiledTemplate } from '../mail/compile-template.ts';
import type { Queryable } from './database.ts';
import { at, sql } from './sql.ts';

/** What a version of a template was compiled to at an instant: with its layout and partials of then. Null: it is none. */
export async function compiledAt(
  queryable: Queryable,
  versionId: number,
  instant: Instant,
): Promise<CompiledTemplate | null> {
  const [row] = await queryable.query<{ compiled: CompiledTemplate | null }>(sql`
    SELECT coalesce(
      (SELECT former.compiled FROM former_compilation AS former
       WHERE former.version_id = version.id AND replaced_at > ${at(instant)} ORDER BY replaced_at LIMIT 1),
      version.compiled) AS compiled
    FROM definition_version AS version WHERE version.id = ${versionId}::bigint AND kind = 'template'`);
  return row?.compiled ?? null;
}
