import type { Layout, Partial } from '../domain/definition/layout.ts';
import type { Included, Includes } from '../mail/expand.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** Which versions count: those that are live, or those that were stored last, where one was. */
export type WhichVersions = 'live' | 'draft';

/** All layouts and partials that a template may include. */
export async function loadIncludes(queryable: Queryable, which: WhichVersions = 'live'): Promise<Includes> {
  const rows = await queryable.query<{ kind: string; version: number; content: Layout & Partial }>(sql`
    SELECT definition.kind, version.version, version.content FROM definition
    JOIN definition_version AS version
      ON version.id = CASE WHEN ${which === 'live'} THEN live_version_id ELSE coalesce(draft_version_id, live_version_id) END
    WHERE definition.kind IN ('layout', 'partial')`);
  const of = <T extends Layout | Partial>(kind: string) =>
    new Map<string, Included<T>>(
      rows
        .filter((row) => row.kind === kind)
        .map(({ version, content }) => [content.key, { definition: content as T, version }]),
    );
  return { layouts: of<Layout>('layout'), partials: of<Partial>('partial') };
}

/**
 * What is live of these kinds, as one text. What was made outside of a transaction from what was live holds only if this is
 * still the same in it.
 */
export async function liveMark(queryable: Queryable, kinds: readonly string[]): Promise<string> {
  const [row] = await queryable.query<{ mark: string }>(sql`
    SELECT coalesce(string_agg(live_version_id::text, ',' ORDER BY live_version_id), '') AS mark
    FROM definition WHERE kind = ANY(${kinds}::text[]) AND live_version_id IS NOT NULL`);
  return row?.mark ?? '';
}
