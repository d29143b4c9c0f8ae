import type { Instant } from '../domain/instant.ts';
import type { MessageState } from '../domain/sending/message.ts';
import type { Transaction } from './database.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

/**
 * Supersedes what these enrolments have waiting to be sent; `detail` says why. A claimed mail is left to its result. The
 * leads are locked by the caller. Returns how many.
 */
export async function supersedeMails(
  transaction: Transaction,
  enrolmentIds: readonly string[],
  { reason, detail, now }: { readonly reason: string; readonly detail: string | null; readonly now: Instant },
): Promise<number> {
  if (enrolmentIds.length === 0) return 0;
  const rows = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'superseded', reason = ${reason}, detail = ${detail}, next_attempt_at = NULL, finished_at = ${at(now)}
    WHERE enrolment_id = ANY(${enrolmentIds}::uuid[]) AND recipient_kind = 'lead' AND state IN ('due', 'delayed', 'deferred')
    RETURNING id`);
  const state: MessageState = 'superseded';
  await writeMessageEvents(
    transaction,
    now,
    rows.map(({ id }) => ({ messageId: id, state, reason, until: null })),
  );
  return rows.length;
}
