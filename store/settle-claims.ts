import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** Plans settle the claims they see; this is for those that no plan sees any more. */
const GRACE_MS = 5_000;

/**
 * Makes `unknown` of claims whose lease ended without a result and that no plan has settled: mails of a handoff that was
 * given on or closed, or of an enrolment that ended by a merge. Returns how many.
 */
export async function settleExpiredClaims(database: Database, clock: Clock, limit = 100): Promise<number> {
  const expired = await database.query<{ id: string; leadId: string }>(sql`
    SELECT message.id, lead_id AS "leadId" FROM message JOIN lead ON lead.id = lead_id
    WHERE message.state = 'claimed' AND lease_until - clock_offset_ms * interval '1 millisecond' < ${at(clock.now() - GRACE_MS)}
    ORDER BY lease_until LIMIT ${limit}::int`);
  let settled = 0;
  for (const { id, leadId } of expired) {
    settled += await database.transaction(async (transaction) => {
      const lead = await lockLead(transaction, leadId);
      const now = clock.now() + lead.clockOffset;
      const rows = await transaction.query(sql`
        UPDATE message SET state = 'unknown', reason = 'no-result', lease_until = NULL, finished_at = ${at(now)}
        WHERE id = ${id}::uuid AND state = 'claimed' AND lease_until < ${at(now - GRACE_MS)} RETURNING 1`);
      if (rows.length === 0) return 0;
      await writeMessageEvents(transaction, now, [
        { messageId: id, state: 'unknown', reason: 'no-result', until: null },
      ]);
      await raiseAttention(transaction, [lead.id]);
      return 1;
    });
  }
  return settled;
}
