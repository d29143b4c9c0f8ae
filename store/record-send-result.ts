import type { MessageState } from '../domain/journey/snapshot.ts';
import { nextAttempt } from '../domain/sending/backoff.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** How one SMTP attempt ended. `reply` may quote addresses: it goes to PostgreSQL and nowhere else. */
export interface SendResult {
  readonly state: 'accepted' | 'deferred' | 'refused' | 'unknown';
  /** A stable code where it is not accepted. */
  readonly reason: string | null;
  readonly providerId: string | null;
  readonly reply: string | null;
}

/**
 * Records the result of a claim. Only the claim's bearer can; when its lease has ended meanwhile and the message is
 * `unknown`, a result that says what happened resolves it. Returns the state that the message has now.
 */
export async function recordSendResult(
  database: Database,
  clock: Clock,
  claim: { readonly messageId: string; readonly token: string },
  result: SendResult,
): Promise<MessageState> {
  const [target] = await database.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM message WHERE id = ${claim.messageId}::uuid`);
  if (target === undefined) return 'superseded';
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, target.leadId);
    const [message] = await transaction.query<{
      state: MessageState;
      token: string | null;
      attempts: number;
      handoffId: string | null;
    }>(sql`
      SELECT state, claim_token AS token, attempts, handoff_id AS "handoffId" FROM message WHERE id = ${claim.messageId}::uuid`);
    if (message === undefined) return 'superseded';
    const ours = message.token === claim.token && (message.state === 'claimed' || message.state === 'unknown');
    if (!ours || message.state === result.state) return message.state;
    const now = clock.now();
    // A claim that counted as sent is not taken back into the queue once its enrolment has gone on without it.
    const state = message.state === 'unknown' && result.state === 'deferred' ? 'refused' : result.state;
    const until = state === 'deferred' ? nextAttempt(message.attempts, now) : null;
    await transaction.query(sql`
      UPDATE message SET state = ${state}, reason = ${result.reason}, provider_id = ${result.providerId}, smtp_reply = ${result.reply},
             lease_until = NULL, next_attempt_at = ${at(until)}, finished_at = ${state === 'deferred' ? null : at(now)}
      WHERE id = ${claim.messageId}::uuid`);
    await writeMessageEvents(transaction, now, [{ messageId: claim.messageId, state, reason: result.reason, until }]);
    if (message.handoffId !== null) {
      await transaction.query(
        sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${message.handoffId}::uuid`,
      );
    } else {
      await raiseAttentionQuietly(transaction, [lead.id]);
    }
    return state;
  });
}
