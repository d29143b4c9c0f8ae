import type { Instant } from '../domain/instant.ts';
import type { DeliveryProof } from '../domain/sending/lost-claim.ts';
import type { Transaction } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

export interface Resolution {
  readonly messageId: string;
  readonly proof: DeliveryProof;
  /** By the clock of this world. */
  readonly now: Instant;
}

/**
 * Settles a mail of which nobody knew whether it had left: something has come back of it, so it has. It is `accepted`, and
 * where it was to be sent again, or given up for a rule meanwhile, it is not. Whatever looks like a machine's proves it as well: the token was in the mail
 * only. Returns whether it changed anything; a mail whose claim is open is left to its result, which finds the proof.
 *
 * Takes the lead's lock.
 */
export async function resolveUnknown(
  transaction: Transaction,
  { messageId, proof, now }: Resolution,
): Promise<boolean> {
  const [target] = await transaction.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM message
    WHERE id = ${messageId}::uuid AND (state = 'unknown' OR state IN ('deferred', 'delayed', 'due', 'dropped', 'superseded') AND lost_claim_at IS NOT NULL)`);
  if (target === undefined) return false;
  const lead = await lockLead(transaction, target.leadId);
  const reason = `proved-by-${proof}`;
  // It stays finished since nobody knew: that is when its step ended. One that was to be sent again left at the claim of then.
  const [message] = await transaction.query<{ handoffId: string | null }>(sql`
    UPDATE message SET state = 'accepted', reason = ${reason}, detail = NULL, next_attempt_at = NULL,
           claimed_at = CASE WHEN state = 'unknown' THEN claimed_at ELSE lost_claim_at END,
           finished_at = CASE WHEN state = 'unknown' THEN finished_at ELSE lost_claim_at END,
           lost_claim_at = CASE WHEN state = 'unknown' THEN lost_claim_at END
    WHERE id = ${messageId}::uuid AND (state = 'unknown' OR state IN ('deferred', 'delayed', 'due', 'dropped', 'superseded') AND lost_claim_at IS NOT NULL)
    RETURNING handoff_id AS "handoffId"`);
  if (message === undefined) return false;
  await writeMessageEvents(transaction, now + lead.clockOffset, [
    { messageId, state: 'accepted', reason, until: null },
  ]);
  if (message.handoffId !== null) {
    await transaction.query(
      sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${message.handoffId}::uuid`,
    );
    await transaction.notify('tend_handoff', message.handoffId);
  }
  await raiseAttention(transaction, [lead.id]);
  return true;
}
