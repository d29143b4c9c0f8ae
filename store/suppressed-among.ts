import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** Those of `addresses` (normalised) that are not to be written to, whoever they belong to. */
export async function suppressedAmong(
  queryable: Queryable,
  addresses: readonly string[],
): Promise<ReadonlySet<string>> {
  const byHash = new Map(addresses.map((address) => [queryable.keyedHash(address), address]));
  const rows = await queryable.query<{ hash: string }>(sql`
    SELECT DISTINCT address_hash AS hash FROM suppression
    WHERE channel = 'email' AND lifted_at IS NULL AND address_hash = ANY(${[...byHash.keys()]}::text[])`);
  return new Set(rows.flatMap(({ hash }) => byHash.get(hash) ?? []));
}
