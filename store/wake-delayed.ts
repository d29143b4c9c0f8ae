import type { WithheldReason } from '../domain/sending/gate.ts';
import type { Database } from './database.ts';
import { holdOffPlans } from './publishing-lock.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';

const BATCH = 200;

/**
 * Has everybody planned anew whose mail was delayed for `reason`, a batch under lock at a time. `domain`: only those with a
 * mail address there. Whoever is woken without need is planned once for nothing.
 */
export async function wakeLeadsDelayedBy(
  database: Database,
  reason: WithheldReason,
  domain: string | null = null,
): Promise<number> {
  // A plan that read what stood in the way before it was lifted, and commits after this has looked, would sleep for ever.
  await database.transaction(holdOffPlans);
  const waiting = await database.query<{ id: string }>(sql`
    SELECT DISTINCT lead_id AS id FROM message
    WHERE state = 'delayed' AND reason = ${reason} AND recipient_kind = 'lead'
      AND (${domain}::text IS NULL OR EXISTS (
        SELECT FROM identity WHERE identity.lead_id = message.lead_id AND kind = 'email' AND split_part(value, '@', 2) = ${domain}))
    ORDER BY id`);
  for (let from = 0; from < waiting.length; from += BATCH) {
    const ids = waiting.slice(from, from + BATCH).map(({ id }) => id);
    await database.transaction(async (transaction) => {
      await transaction.query(sql`SELECT 1 FROM lead WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`);
      await raiseAttention(transaction, ids);
    });
  }
  return waiting.length;
}
