import { nextAttempt } from '../domain/sending/backoff.ts';
import type { MessageState } from '../domain/sending/message.ts';
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
      wanted: boolean;
    }>(sql`
      SELECT message.state, claim_token AS token, attempts, handoff_id AS "handoffId",
             CASE WHEN recipient_kind = 'colleague' OR recipient_kind = 'lead' AND enrolment_id IS NULL THEN ${lead.erasedAt === null}
                  ELSE coalesce(enrolment.state = 'active', handoff.state = 'offered' AND handoff.owner_key = rep_key, false) END AS wanted
      FROM message LEFT JOIN enrolment ON enrolment.id = enrolment_id LEFT JOIN handoff ON handoff.id = handoff_id
      WHERE message.id = ${claim.messageId}::uuid`);
    if (message === undefined) return 'superseded';
    const ours = message.token === claim.token && (message.state === 'claimed' || message.state === 'unknown');
    if (!ours || message.state === result.state) return message.state;
    const now = clock.now() + lead.clockOffset;
    const state = result.state === 'deferred' ? afterDeferral(message.state, message.wanted) : result.state;
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

/**
 * What becomes of a mail that could not be delivered yet. One that counted as sent is not taken back into the queue, for
 * its enrolment has gone on without it; one whose enrolment has ended, or whose handoff is another's by now, is over. What
 * tells a colleague of the lead is wanted whatever became of the enrolment that told it.
 */
function afterDeferral(before: MessageState, wanted: boolean): MessageState {
  if (before === 'unknown') return 'refused';
  return wanted ? 'deferred' : 'superseded';
}
