import type { Instant } from '../domain/instant.ts';
import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { at, sql } from './sql.ts';

/**
 * Makes two leads one: everything of `loser` becomes `survivor`'s, whose history is then folded anew. Both rows are
 * locked by the caller. Consent records are append-only and stay with the lead they were given under; readers take the
 * records of all merged leads. Where both are in the same sequence, or with sales, the survivor's goes on.
 */
export async function mergeLeads(
  transaction: Transaction,
  { survivor, loser, now }: { readonly survivor: string; readonly loser: string; readonly now: Instant },
): Promise<void> {
  await transaction.query(sql`UPDATE identity SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE attribute SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE interaction SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`
    UPDATE score_ledger SET superseded_at = ${at(now)} WHERE lead_id = ${loser}::uuid AND superseded_at IS NULL`);
  await transaction.query(sql`DELETE FROM standing WHERE lead_id = ${loser}::uuid`);
  await moveEnrolments(transaction, survivor, loser, now);
  await transaction.query(sql`UPDATE message SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await moveHandoffs(transaction, survivor, loser, now);
  await transaction.query(sql`UPDATE lead SET merged_into = ${survivor}::uuid WHERE merged_into = ${loser}::uuid`);
  await transaction.query(
    sql`UPDATE lead SET merged_into = ${survivor}::uuid, next_look_at = NULL, refold = false WHERE id = ${loser}::uuid`,
  );
  await transaction.query(sql`
    UPDATE lead SET refold = true, stage = CASE WHEN loser.stage = 'customer' THEN 'customer' ELSE lead.stage END,
           locale = coalesce(lead.locale, loser.locale), time_zone = coalesce(lead.time_zone, loser.time_zone)
    FROM lead AS loser WHERE lead.id = ${survivor}::uuid AND loser.id = ${loser}::uuid`);
  await transaction.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(now)}, 'system', 'identity linking', 'lead.merged', 'lead', ${survivor}, ${JSON.stringify({ loser })}::jsonb)`);
  await raiseAttention(transaction, [survivor, loser]);
}

async function moveEnrolments(transaction: Transaction, survivor: string, loser: string, now: Instant): Promise<void> {
  const doubled = await transaction.query<{ id: string }>(sql`
    UPDATE enrolment SET state = 'left', ended_at = ${at(now)}, end_reason = 'merged', awaits = '{}'
    WHERE lead_id = ${loser}::uuid AND state = 'active'
      AND sequence_key IN (SELECT sequence_key FROM enrolment WHERE lead_id = ${survivor}::uuid AND state = 'active')
    RETURNING id`);
  await transaction.query(sql`
    UPDATE message SET state = 'superseded', reason = 'merged', finished_at = ${at(now)}, next_attempt_at = NULL
    WHERE enrolment_id = ANY(${doubled.map(({ id }) => id)}::uuid[]) AND state IN ('due', 'delayed', 'deferred')`);
  await transaction.query(sql`UPDATE enrolment SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
}

async function moveHandoffs(transaction: Transaction, survivor: string, loser: string, now: Instant): Promise<void> {
  await transaction.query(sql`
    UPDATE handoff SET state = 'closed', outcome = 'recycled', outcome_reason = 'merged with a lead that sales has already',
           closed_at = ${at(now)}, attention_rev = attention_rev + 1
    WHERE lead_id = ${loser}::uuid AND state <> 'closed'
      AND EXISTS (SELECT FROM handoff AS other WHERE other.lead_id = ${survivor}::uuid AND other.state <> 'closed')`);
  await transaction.query(sql`UPDATE handoff SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
}
