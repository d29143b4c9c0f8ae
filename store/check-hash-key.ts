import type { Database } from './database.ts';
import { sql } from './sql.ts';

/** Hashed like an address, and none. */
const KNOWN_TEXT = 'tend-hash-key-check';

/**
 * Whether this process hashes addresses with the key that the installation's were hashed with. The first process of an
 * installation notes it. With another key no suppression would be found, and who was erased or has complained would be
 * written to again.
 */
export async function isKnownHashKey(database: Database): Promise<boolean> {
  const mine = database.keyedHash(KNOWN_TEXT);
  await database.query(sql`UPDATE installation SET hash_key_check = ${mine} WHERE id = 1 AND hash_key_check IS NULL`);
  const [row] = await database.query<{ check: string | null }>(
    sql`SELECT hash_key_check AS check FROM installation WHERE id = 1`,
  );
  return row?.check === mine;
}
