import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';

/** What parked a lead may be mended by what was published: each is tried again. */
export async function unparkAll(transaction: Transaction): Promise<void> {
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE parked_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE`);
  if (leads.length === 0) return;
  const ids = leads.map(({ id }) => id);
  await transaction.query(sql`
    UPDATE lead SET parked_at = NULL, parked_error = NULL, refold = true WHERE id = ANY(${ids}::uuid[])`);
  await raiseAttention(transaction, ids);
  await transaction.notify('tend_interaction');
}
