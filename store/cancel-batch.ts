import type { Instant } from '../domain/instant.ts';
import { mailingSequenceKey } from '../domain/mailing/mailing.ts';
import type { Transaction } from './database.ts';
import { lockLeads } from './lock-leads.ts';
import type { MailingRun } from './mailing-run.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { at, sql } from './sql.ts';
import { supersedeMails } from './supersede-mails.ts';

/**
 * Ends the next of those who are in a cancelled mailing. A claimed mail is left to its result and comes when it is known;
 * once nobody is left the run is finished. Returns whether it did anything.
 */
export async function cancelBatch(
  transaction: Transaction,
  { id: runId, key }: MailingRun,
  now: Instant,
  batchSize: number,
): Promise<boolean> {
  const sequence = mailingSequenceKey(key);
  const rows = await transaction.query<{ id: string; leadId: string }>(sql`
    SELECT id, lead_id AS "leadId" FROM enrolment
    WHERE sequence_key = ${sequence} AND state = 'active'
      AND NOT EXISTS (SELECT FROM message WHERE enrolment_id = enrolment.id AND state = 'claimed')
    ORDER BY id LIMIT ${batchSize}::int`);
  if (rows.length === 0) return finish(transaction, runId, sequence, now);
  const leads = await lockLeads(
    transaction,
    rows.map(({ leadId }) => leadId),
  );
  const ids = rows.map(({ id }) => id);
  // Asked again under the leads' locks: a mail may have been claimed, or a plan have come to the end, meanwhile.
  const ended = await transaction.query<{ id: string }>(sql`
    UPDATE enrolment SET state = CASE WHEN sent THEN 'completed' ELSE 'left' END, ended_at = ${at(now)}, awaits = '{}',
           end_reason = CASE WHEN sent THEN 'completed' ELSE 'mailing-cancelled' END
    FROM (SELECT going.id, EXISTS (SELECT FROM message WHERE enrolment_id = going.id AND finished_at IS NOT NULL) AS sent
          FROM enrolment AS going
          WHERE going.id = ANY(${ids}::uuid[]) AND going.lead_id = ANY(${leads}::uuid[]) AND going.state = 'active'
            AND NOT EXISTS (SELECT FROM message WHERE enrolment_id = going.id AND state = 'claimed')) AS found
    WHERE enrolment.id = found.id RETURNING enrolment.id`);
  const enrolmentIds = ended.map(({ id }) => id);
  await supersedeMails(transaction, enrolmentIds, { reason: 'mailing-cancelled', detail: null, now });
  await raiseAttentionQuietly(transaction, leads);
  return true;
}

async function finish(transaction: Transaction, runId: string, sequence: string, now: Instant): Promise<boolean> {
  const [claimed] = await transaction.query(sql`
    SELECT 1 FROM enrolment WHERE sequence_key = ${sequence} AND state = 'active' LIMIT 1`);
  if (claimed !== undefined) return false;
  // What held its mails until here is over, so that the mailing can be scheduled anew.
  await transaction.query(sql`
    UPDATE sequence_pause SET resumed_at = coalesce(resumed_at, greatest(paused_at, ${at(now)})), released_at = ${at(now)}
    WHERE sequence_key = ${sequence} AND released_at IS NULL`);
  await transaction.query(sql`UPDATE mailing_run SET finished_at = ${at(now)} WHERE id = ${runId}::uuid`);
  return true;
}
