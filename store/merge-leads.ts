import { system } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { closeHandoff } from './close-handoff.ts';
import type { Transaction } from './database.ts';
import type { LockedHandoff } from './lock-handoff.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
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
  // Ingest reads an identity's owner under FOR KEY SHARE: what it is storing for the loser just now is waited for, and
  // moved below; what comes later finds the survivor.
  await transaction.query(sql`SELECT 1 FROM identity WHERE lead_id = ${loser}::uuid ORDER BY id FOR UPDATE`);
  await transaction.query(sql`UPDATE identity SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE attribute SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE interaction SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`
    UPDATE score_ledger SET superseded_at = ${at(now)} WHERE lead_id = ${loser}::uuid AND superseded_at IS NULL`);
  // Whom a publishing made ready, and holds back, is not freed by being one with somebody who was not ready.
  await transaction.query(sql`
    UPDATE standing SET held = other.held, released_at = coalesce(standing.released_at, other.released_at)
    FROM standing AS other
    WHERE standing.lead_id = ${survivor}::uuid AND other.lead_id = ${loser}::uuid
      AND other.model_version_id = standing.model_version_id AND other.held IS NOT NULL AND NOT standing.qualified`);
  await transaction.query(sql`DELETE FROM standing WHERE lead_id = ${loser}::uuid`);
  await moveEnrolments(transaction, survivor, loser, now);
  await transaction.query(sql`UPDATE message SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE webhook_delivery SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await transaction.query(sql`UPDATE inbound_mail SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  await moveHandoffs(transaction, await lockLead(transaction, survivor), loser, now);
  await transaction.query(sql`UPDATE lead SET merged_into = ${survivor}::uuid WHERE merged_into = ${loser}::uuid`);
  await transaction.query(
    sql`UPDATE lead SET merged_into = ${survivor}::uuid, next_look_at = NULL, refold = false WHERE id = ${loser}::uuid`,
  );
  await transaction.query(sql`
    UPDATE lead SET refold = true, stage = CASE WHEN loser.stage = 'customer' THEN 'customer' ELSE lead.stage END,
           locale = coalesce(lead.locale, loser.locale), time_zone = coalesce(lead.time_zone, loser.time_zone),
           account_id = coalesce(lead.account_id, loser.account_id),
           -- A test lead that turns out to be a person is one, and lives by the clock.
           test = lead.test AND loser.test,
           clock_offset_ms = CASE WHEN lead.test AND loser.test THEN greatest(lead.clock_offset_ms, loser.clock_offset_ms) ELSE 0 END
    FROM lead AS loser WHERE lead.id = ${survivor}::uuid AND loser.id = ${loser}::uuid`);
  await transaction.query(sql`
    INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id, detail)
    VALUES (${at(now)}, 'system', 'identity linking', 'lead.merged', 'lead', ${survivor}, ${JSON.stringify({ loser })}::jsonb)`);
  await raiseAttention(transaction, [survivor, loser]);
}

async function moveEnrolments(transaction: Transaction, survivor: string, loser: string, now: Instant): Promise<void> {
  const doubled = await transaction.query<{ id: string }>(sql`
    UPDATE enrolment SET state = 'left', ended_at = ${at(now)}, end_reason = 'merged', awaits = '{}'
    WHERE lead_id = ${loser}::uuid AND state IN ('entering', 'active')
      AND sequence_key IN (SELECT sequence_key FROM enrolment WHERE lead_id = ${survivor}::uuid AND state IN ('entering', 'active'))
    RETURNING id`);
  await transaction.query(sql`
    UPDATE message SET state = 'superseded', reason = 'merged', finished_at = ${at(now)}, next_attempt_at = NULL
    WHERE enrolment_id = ANY(${doubled.map(({ id }) => id)}::uuid[]) AND state IN ('due', 'delayed', 'deferred')`);
  await transaction.query(sql`UPDATE enrolment SET lead_id = ${survivor}::uuid WHERE lead_id = ${loser}::uuid`);
  // What held for either of them does not come true by their being one.
  await transaction.query(sql`
    INSERT INTO entry_condition (lead_id, sequence_key, held_since)
    SELECT ${survivor}::uuid, sequence_key, held_since FROM entry_condition WHERE lead_id = ${loser}::uuid
    ON CONFLICT DO NOTHING`);
  await transaction.query(sql`DELETE FROM entry_condition WHERE lead_id = ${loser}::uuid`);
}

/** Where sales has both, the one that somebody accepted goes on, else the survivor's; the other is given back. */
async function moveHandoffs(
  transaction: Transaction,
  survivor: LockedLead,
  loser: string,
  now: Instant,
): Promise<void> {
  const open = await transaction.query<LockedHandoff>(sql`
    SELECT handoff.id, state, outcome, owner_key AS owner, rep.name AS "ownerName", round
    FROM handoff LEFT JOIN rep ON rep.key = handoff.owner_key
    WHERE handoff.lead_id IN (${survivor.id}::uuid, ${loser}::uuid) AND state <> 'closed'
    ORDER BY state = 'accepted' DESC, handoff.lead_id = ${survivor.id}::uuid DESC FOR UPDATE OF handoff`);
  for (const other of open.slice(1)) {
    const reason = 'merged with a lead that sales has already';
    await closeHandoff(transaction, other, survivor, { outcome: 'recycled', reason, actor: system, now });
    await transaction.query(sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE id = ${other.id}::uuid`);
    await transaction.notify('tend_handoff', other.id);
  }
  await transaction.query(sql`UPDATE handoff SET lead_id = ${survivor.id}::uuid WHERE lead_id = ${loser}::uuid`);
}
