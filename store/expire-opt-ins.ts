import { system } from '../domain/actor.ts';
import { DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import { SCORE_ADJUSTED, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { eachByItself } from './each-by-itself.ts';
import { requestErasureWithin } from './erase-lead.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { at, sql } from './sql.ts';

/** Transactions a call makes at most. */
const BATCH = 100;

/**
 * Deletes sign-ups that nobody confirmed in time (`deletedAt`). Where a lead was made for one and nothing else is known of it, the person
 * goes with it: they never agreed to anything. One transaction each, so that a process that ends in between leaves nothing
 * half done. Returns whether there is more.
 */
export async function expireOptIns(database: Database, clock: Clock): Promise<boolean> {
  const now = clock.now();
  const expired = await database.query<{ id: string; leadId: string }>(sql`
    SELECT id, lead_id AS "leadId" FROM opt_in_request
    WHERE confirmed_at IS NULL AND expires_at <= ${at(now)} AND requested_at <= ${at(now - DAY)} ORDER BY expires_at LIMIT ${BATCH}::int`);
  await eachByItself(expired, ({ id, leadId }) =>
    database.transaction((transaction) => expire(transaction, { id, leadId, now })),
  );
  return expired.length === BATCH;
}

async function expire(
  transaction: Transaction,
  { id, leadId, now }: { readonly id: string; readonly leadId: string; readonly now: Instant },
): Promise<void> {
  const lead = await lockLeadIfAny(transaction, leadId);
  const [gone] = await transaction.query<{ madeLead: boolean }>(sql`
    DELETE FROM opt_in_request WHERE id = ${id}::uuid AND confirmed_at IS NULL RETURNING made_lead AS "madeLead"`);
  if (gone === undefined || lead === null || lead.id !== leadId) return;
  if (!gone.madeLead) return;
  const left = await passOn(transaction, leadId);
  if (left || (await isKnownOtherwise(transaction, leadId))) return;
  await requestErasureWithin(transaction, now, { leadId, actor: system, because: 'unconfirmed', keepHash: false });
}

/** Another sign-up of the same address waits still: then the lead goes with that one. True where there is one. */
async function passOn(transaction: Transaction, leadId: string): Promise<boolean> {
  const passed = await transaction.query(sql`
    UPDATE opt_in_request SET made_lead = true
    WHERE id = (SELECT id FROM opt_in_request WHERE lead_id = ${leadId}::uuid AND confirmed_at IS NULL ORDER BY expires_at DESC LIMIT 1)
    RETURNING 1`);
  return passed.length > 0;
}

/** True where anything is known of the lead beside the sign-up: a word of the person, or somebody's about them. */
async function isKnownOtherwise(transaction: Transaction, leadId: string): Promise<boolean> {
  const [known] = await transaction.query<{ known: boolean }>(sql`
    SELECT EXISTS (SELECT FROM consent WHERE lead_id = ${leadId}::uuid)
        OR EXISTS (SELECT FROM opt_in_request WHERE lead_id = ${leadId}::uuid)
        OR EXISTS (SELECT FROM interaction WHERE lead_id = ${leadId}::uuid AND (source <> ${TEND_SOURCE} OR name = ${SCORE_ADJUSTED}))
        OR EXISTS (SELECT FROM inbound_mail WHERE lead_id = ${leadId}::uuid AND kind = 'reply')
        OR EXISTS (SELECT FROM attribute WHERE lead_id = ${leadId}::uuid)
        OR EXISTS (SELECT FROM identity WHERE lead_id = ${leadId}::uuid AND kind <> 'email')
        OR EXISTS (SELECT FROM enrolment WHERE lead_id = ${leadId}::uuid)
        OR EXISTS (SELECT FROM handoff WHERE lead_id = ${leadId}::uuid)
        OR EXISTS (SELECT FROM message WHERE lead_id = ${leadId}::uuid AND purpose <> ${DOUBLE_OPT_IN})
        OR EXISTS (SELECT FROM lead WHERE merged_into = ${leadId}::uuid OR (id = ${leadId}::uuid AND (test OR stage <> 'lead'))) AS known`);
  return known?.known ?? true;
}
