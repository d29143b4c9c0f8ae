import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/** What is written of everything that an erasure ends. */
export const LEAD_GONE = 'lead-gone';

/**
 * Ends what goes on for these leads (one person's, locked by the caller): no mail that waits is sent, no sequence goes on,
 * sales gives the lead back, and what waits for other systems is not told. What is leaving at this moment is left to its
 * result. Repeatable.
 */
export async function silencePerson(transaction: Transaction, leadIds: readonly string[], now: Instant): Promise<void> {
  const superseded = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'superseded', reason = ${LEAD_GONE}, detail = NULL, next_attempt_at = NULL, finished_at = ${at(now)}
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state IN ('due', 'delayed', 'deferred') RETURNING id`);
  await writeMessageEvents(
    transaction,
    now,
    superseded.map(({ id }) => ({ messageId: id, state: 'superseded', reason: LEAD_GONE, until: null })),
  );
  await transaction.query(sql`
    UPDATE enrolment SET state = 'left', ended_at = ${at(now)}, end_reason = ${LEAD_GONE}, awaits = '{}', exhausted = false, gap = NULL
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND ended_at IS NULL`);
  const handoffs = await transaction.query<{ id: string }>(sql`
    UPDATE handoff SET state = 'closed', outcome = 'recycled', outcome_reason = NULL, closed_at = ${at(now)}, accept_by = NULL,
           next_look_at = NULL, attention_rev = attention_rev + 1
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state <> 'closed' RETURNING id`);
  await transaction.query(sql`
    UPDATE handoff_assignment SET ended_at = ${at(now)}, end_reason = 'closed'
    WHERE handoff_id = ANY(${handoffs.map(({ id }) => id)}::uuid[]) AND ended_at IS NULL`);
  for (const { id } of handoffs) await transaction.notify('tend_handoff', id);
  await transaction.query(sql`
    UPDATE webhook_delivery SET state = 'dead', next_attempt_at = NULL, finished_at = ${at(now)}, last_error = ${NOT_TOLD}
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'waiting' AND event_type <> ${ERASED_EVENT}`);
  await raiseAttention(transaction, leadIds);
}

const NOT_TOLD = 'The person was erased before this was told.';

/** Tells other systems that a person was erased here: they were told of this person, and have to erase them too (Art. 19 GDPR). */
export const ERASED_EVENT = 'lead.erased';
