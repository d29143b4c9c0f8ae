import { TendError } from '../domain/errors.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Throws `not-found` when `id` is no UUID: then nothing has it. */
export function assertId(what: string, id: string): void {
  if (!UUID.test(id))
    throw new TendError('not-found', `There is no ${what} with this id: ids are UUIDs, as the API gives them.`);
}

/** The id of the lead that lives on under `id`: itself, or the one it was merged into. Throws `not-found`. */
export async function resolveLead(queryable: Queryable, id: string): Promise<string> {
  assertId('lead', id);
  const [row] = await queryable.query<{ id: string }>(sql`
    WITH RECURSIVE chain AS (
      SELECT id, merged_into FROM lead WHERE id = ${id}::uuid
      UNION SELECT lead.id, lead.merged_into FROM lead JOIN chain ON lead.id = chain.merged_into)
    SELECT id FROM chain WHERE merged_into IS NULL`);
  if (row === undefined) throw new TendError('not-found', `There is no lead ${id}.`);
  return row.id;
}
