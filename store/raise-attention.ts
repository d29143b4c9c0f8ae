import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

/**
 * Says that an input of these leads' plans has changed: their workflows are woken once this transaction commits. Every
 * transaction that changes such an input must call this; the sweep finds what the notification missed.
 */
export async function raiseAttention(transaction: Transaction, leadIds: readonly string[]): Promise<void> {
  await raiseAttentionQuietly(transaction, leadIds);
  for (const leadId of leadIds) await transaction.notify('tend_attention', leadId);
}

/** As `raiseAttention`, for callers whose workflow plans right afterwards anyway; only the sweep looks after it. */
export async function raiseAttentionQuietly(transaction: Transaction, leadIds: readonly string[]): Promise<void> {
  if (leadIds.length === 0) return;
  await transaction.query(sql`UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ANY(${leadIds}::uuid[])`);
}
