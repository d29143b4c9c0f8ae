import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

/** Locks these leads' rows, in the order in which everybody locks several. Returns the ids of those there are. */
export async function lockLeads(transaction: Transaction, leadIds: readonly string[]): Promise<string[]> {
  if (leadIds.length === 0) return [];
  const rows = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE id = ANY(${leadIds}::uuid[]) ORDER BY id FOR NO KEY UPDATE`);
  return rows.map(({ id }) => id);
}
