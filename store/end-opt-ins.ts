import { ALL_PURPOSES } from '../domain/consent/consent.ts';
import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** Which sign-ups end: those for a purpose (`all`: any), or the one that a mail asked to confirm. */
export type OptInsToEnd = { readonly purpose: string } | { readonly messageId: string };

/**
 * Ends a person's sign-ups that wait for their confirmation: who takes consent back is not asked for it any more, and an
 * old link must not bring it back by a slip. A request for several purposes goes on with the others. One
 * that is left without any runs out at once, so that the keeper deletes it with all that was made for it; its mail, where it
 * has not left, is superseded.
 *
 * The lead is locked by the caller, who raises attention; `now` is by the lead's own clock, while sign-ups run out by that of
 * this world. Returns how many sign-ups it ended or narrowed.
 */
export async function endOptIns(
  transaction: Transaction,
  leadId: string,
  which: OptInsToEnd,
  now: Instant,
): Promise<number> {
  const purpose = 'purpose' in which && which.purpose !== ALL_PURPOSES ? which.purpose : null;
  const messageId = 'messageId' in which ? which.messageId : null;
  const [lead] = await transaction.query<{ clockOffset: number }>(
    sql`SELECT clock_offset_ms AS "clockOffset" FROM lead WHERE id = ${leadId}::uuid`,
  );
  const worldNow = now - (lead?.clockOffset ?? 0);
  const touched = await transaction.query<{ messageId: string; ends: boolean }>(sql`
    WITH asked AS (
      SELECT id, ${purpose}::text IS NULL OR purposes <@ ARRAY[${purpose}::text] AS ends FROM opt_in_request
      WHERE confirmed_at IS NULL AND expires_at > ${at(worldNow)}
        AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
        AND (${messageId}::uuid IS NULL OR message_id = ${messageId}::uuid)
        AND (${purpose}::text IS NULL OR ${purpose}::text = ANY(purposes)))
    UPDATE opt_in_request AS request
    SET purposes = CASE WHEN ends THEN purposes ELSE array_remove(purposes, ${purpose}::text) END,
        expires_at = CASE WHEN ends THEN ${at(worldNow)}::timestamptz ELSE expires_at END
    FROM asked WHERE asked.id = request.id RETURNING message_id AS "messageId", ends`);
  const mails = touched.flatMap((request) => (request.ends ? [request.messageId] : []));
  if (mails.length === 0) return touched.length;
  const unsent = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'superseded', reason = 'consent-withdrawn', detail = NULL, next_attempt_at = NULL, finished_at = ${at(now)}
    WHERE id = ANY(${mails}::uuid[]) AND state IN ('due', 'delayed', 'deferred')
    RETURNING id`);
  const state: MessageState = 'superseded';
  await writeMessageEvents(
    transaction,
    now,
    unsent.map(({ id }) => ({ messageId: id, state, reason: 'consent-withdrawn', until: null })),
  );
  return touched.length;
}
