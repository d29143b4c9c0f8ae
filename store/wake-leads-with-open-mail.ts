import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';

/**
 * Has everybody planned anew for whom a mail waits: when it may go is another question now. In the transaction of the change
 * itself: a process that ends in between must not leave mail waiting for ever.
 */
export async function wakeLeadsWithOpenMail(transaction: Transaction): Promise<void> {
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE id IN (
      SELECT lead_id FROM message WHERE state IN ('due', 'delayed', 'deferred') AND recipient_kind = 'lead')
    ORDER BY id FOR NO KEY UPDATE`);
  await raiseAttention(
    transaction,
    leads.map(({ id }) => id),
  );
}
