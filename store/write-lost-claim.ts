import type { Instant } from '../domain/instant.ts';
import { type LostClaim, SEND_AGAIN } from '../domain/sending/lost-claim.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** Writes what became of a claim that ended without a result. `now` by the lead's own clock; its lock is held. */
export async function writeLostClaim(
  transaction: Transaction,
  messageId: string,
  { state, reason, nextAttemptAt }: LostClaim,
  now: Instant,
): Promise<void> {
  await transaction.query(sql`
    UPDATE message SET state = ${state}, reason = ${reason}, detail = NULL, lease_until = NULL, next_attempt_at = ${at(nextAttemptAt)},
           finished_at = ${state === 'deferred' ? null : at(now)},
           lost_claim_at = CASE WHEN ${reason === SEND_AGAIN} THEN claimed_at ELSE lost_claim_at END
    WHERE id = ${messageId}::uuid`);
  await writeMessageEvents(transaction, now, [{ messageId, state, reason, until: nextAttemptAt }]);
}
