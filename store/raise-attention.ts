import type { Transaction } from './database.ts';
import { sql } from './sql.ts';

/**
 * Says that an input of these leads' plans has changed: their workflows are woken once this transaction commits. Every
 * transaction that changes such an input must call this; the sweep finds what the notification missed.
 */
export async function raiseAttention(transaction: Transaction, leadIds: readonly string[]): Promise<void> {
  const raised = await raiseAttentionQuietly(transaction, leadIds);
  const payloads = raised.slice(0, MOST_NOTIFIED);
  await transaction.query(
    sql`SELECT pg_notify('tend_attention', payload) FROM unnest(${payloads}::text[]) AS new(payload)`,
  );
}

/** Beyond this many at once, waking each by name would only fill PostgreSQL's queue: the sweep brings them in turn. */
const MOST_NOTIFIED = 500;

/** As `raiseAttention`, for callers whose workflow plans right afterwards anyway; only the sweep looks after it. Returns the leads. */
export async function raiseAttentionQuietly(transaction: Transaction, leadIds: readonly string[]): Promise<string[]> {
  if (leadIds.length === 0) return [];
  const raised = await transaction.query<{ id: string }>(sql`
    UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ANY(${leadIds}::uuid[]) RETURNING id`);
  return raised.map(({ id }) => id);
}
