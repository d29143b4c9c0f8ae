import type { Database } from '../../store/database.ts';
import { type Sql, sql } from '../../store/sql.ts';

/**
 * Everything that the database holds, as a dump would have it: every row of every table as text, bytes read as the text they
 * may be, and base64 in them decoded. By table.
 */
export async function dumpOf(database: Database): Promise<Map<string, string[]>> {
  const tables = await database.query<{ schema: string; name: string }>(sql`
    SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE' ORDER BY 1, 2`);
  const dump = new Map<string, string[]>();
  for (const { schema, name } of tables) {
    const bytes = await database.query<{ column: string }>(sql`
      SELECT column_name AS column FROM information_schema.columns
      WHERE table_schema = ${schema} AND table_name = ${name} AND data_type = 'bytea'`);
    const decoded = bytes.map(({ column }) => ` || coalesce(encode("${column}", 'escape'), '')`).join('');
    const rows = await database.query<{ row: string }>(
      plain(`SELECT one::text${decoded} AS row FROM "${schema}"."${name}" AS one`),
    );
    dump.set(
      name,
      rows.map(({ row }) => row + base64In(row)),
    );
  }
  return dump;
}

function plain(text: string): Sql {
  return { text, values: [], name: text.slice(0, 60) };
}

function base64In(text: string): string {
  return [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)]
    .map(([encoded]) => Buffer.from(encoded, 'base64').toString('latin1'))
    .join('\n');
}
