import { fateOfLost, type IfLost } from '../domain/sending/lost-claim.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { isTransient } from './is-transient.ts';
import { lockLead } from './lock-lead.ts';
import { parkLeadOfMessage } from './park-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { at, sql } from './sql.ts';
import { writeLostClaim } from './write-lost-claim.ts';

/** Plans settle the claims they see; this is for those that no plan sees any more, or none has seen in time. */
const GRACE_MS = 5_000;

/**
 * Settles claims whose lease ended without a result and that no plan has settled: mostly mails of a handoff that was given on
 * or closed, or of an enrolment that ended by a merge. As their sender says, but what is of something that is over is not sent
 * again. Returns how many.
 */
export async function settleExpiredClaims(database: Database, clock: Clock, limit = 100): Promise<number> {
  const expired = await database.query<{ id: string; leadId: string }>(sql`
    SELECT message.id, lead_id AS "leadId" FROM message JOIN lead ON lead.id = lead_id
    WHERE message.state = 'claimed' AND lease_until - clock_offset_ms * interval '1 millisecond' < ${at(clock.now() - GRACE_MS)}
    ORDER BY lease_until LIMIT ${limit}::int`);
  let settled = 0;
  for (const { id, leadId } of expired) {
    settled += await settle(id, leadId).catch(async (error: unknown) => {
      if (isTransient(error)) throw error;
      // It would hold up the others for ever.
      await parkLeadOfMessage(database, clock, id, error);
      return 0;
    });
  }
  return settled;

  function settle(id: string, leadId: string): Promise<number> {
    return database.transaction(async (transaction) => {
      const lead = await lockLead(transaction, leadId);
      const now = clock.now() + lead.clockOffset;
      const [claim] = await transaction.query<{ ifLost: IfLost; handoffId: string | null }>(sql`
        SELECT if_lost(message) AS "ifLost", handoff_id AS "handoffId" FROM message
        WHERE id = ${id}::uuid AND state = 'claimed' AND lease_until < ${at(now - GRACE_MS)}`);
      if (claim === undefined) return 0;
      const { ifLost, handoffId } = claim;
      await writeLostClaim(transaction, id, fateOfLost(ifLost, now), now);
      if (handoffId !== null) {
        await transaction.query(
          sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${handoffId}::uuid`,
        );
        await transaction.notify('tend_handoff', handoffId);
      }
      await raiseAttention(transaction, [lead.id]);
      return 1;
    });
  }
}
