import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { findOrCreateAccount } from './find-account.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';

/**
 * Makes the company with `domain` the lead's, unless it has one. The caller holds the lead's lock. What was folded before
 * was folded without knowing the company: then the lead is scored anew. And its plan may ask for what is known of it.
 */
export async function joinAccount(
  transaction: Transaction,
  leadId: string,
  domain: string,
  now: Instant,
): Promise<void> {
  const accountId = await findOrCreateAccount(transaction, domain, now);
  const joined = await transaction.query<{ id: string }>(sql`
    UPDATE lead SET account_id = ${accountId}::uuid,
           refold = refold OR EXISTS (SELECT 1 FROM standing WHERE standing.lead_id = lead.id)
    WHERE id = ${leadId}::uuid AND account_id IS NULL RETURNING id`);
  await raiseAttention(
    transaction,
    joined.map(({ id }) => id),
  );
}
