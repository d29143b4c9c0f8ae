import { basisOf, type ConsentPolicy, type StalenessPolicy } from '../domain/consent/policy.ts';
import { durationMs, type Instant } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { eachByItself } from './each-by-itself.ts';
import { insertLooseMail } from './insert-loose-mail.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { readGateFacts } from './read-gate-facts.ts';
import { at, sql } from './sql.ts';

/** Transactions a call makes at most. */
const BATCH = 100;

interface AgeingConsent {
  readonly leadId: string;
  readonly purpose: string;
  readonly since: Instant;
}

/**
 * Asks those whose consent is about to go stale whether it still holds: one mail, once for each time that it was given.
 * Without an answer the gate lets nothing more through from then on. Only consents that may be old enough are looked at, by
 * an index; one that turns out to have been written to since then is looked at again when that is as old. Returns whether
 * there is more.
 */
export async function askRenewals(
  database: Database,
  clock: Clock,
  { messageIdDomain }: { readonly messageIdDomain: string },
): Promise<boolean> {
  const { consent: policy } = await loadLiveDefinitions(database);
  const { staleness } = policy;
  if (staleness === null) return false;
  const askAfter = durationMs(staleness.after) - durationMs(staleness.askBefore);
  const ageing = await database.query<AgeingConsent>(sql`
    SELECT lead_id AS "leadId", purpose, since FROM consent_age
    WHERE asked_at IS NULL AND since <= ${at(clock.now() - askAfter)} ORDER BY since LIMIT ${BATCH}::int`);
  await eachByItself(ageing, (consent) => {
    const asking = { policy, staleness, askAfter, now: clock.now(), messageIdDomain };
    return database.transaction((transaction) => ask(transaction, consent, asking));
  });
  return ageing.length === BATCH;
}

interface Asking {
  readonly policy: ConsentPolicy;
  readonly staleness: StalenessPolicy;
  /** How old a consent is when the person is asked, in milliseconds. */
  readonly askAfter: number;
  /** By the clock of this world. */
  readonly now: Instant;
  readonly messageIdDomain: string;
}

async function ask(
  transaction: Transaction,
  { leadId, purpose }: AgeingConsent,
  { policy, staleness, askAfter, now, messageIdDomain }: Asking,
): Promise<void> {
  const lead = await lockLeadIfAny(transaction, leadId);
  const [row] = await transaction.query(sql`
    SELECT 1 FROM consent_age WHERE lead_id = ${leadId}::uuid AND purpose = ${purpose} AND asked_at IS NULL FOR UPDATE`);
  if (row === undefined) return;
  const forget = () =>
    transaction.query(sql`DELETE FROM consent_age WHERE lead_id = ${leadId}::uuid AND purpose = ${purpose}`);
  if (lead === null || lead.erasedAt !== null || basisOf(policy, purpose) === 'exempt') {
    await forget();
    return;
  }
  if (lead.id !== leadId) {
    // Merged: whoever lives on is asked.
    await transaction.query(sql`
      INSERT INTO consent_age (lead_id, purpose, since)
      SELECT ${lead.id}::uuid, purpose, since FROM consent_age WHERE lead_id = ${leadId}::uuid AND purpose = ${purpose}
      ON CONFLICT DO NOTHING`);
    await forget();
    return;
  }
  const facts = await readGateFacts(transaction, lead.id, [purpose], policy);
  const state = facts.consents.get(purpose);
  const staleAt = state?.kind === 'granted' ? (state.staleAt ?? null) : null;
  if (staleAt === null) {
    await forget();
    return;
  }
  const since = staleAt - durationMs(staleness.after);
  // A test lead's consents grow old by its own clock.
  const leadNow = now + lead.clockOffset;
  if (since > leadNow - askAfter) {
    await transaction.query(sql`
      UPDATE consent_age SET since = ${at(since)} WHERE lead_id = ${lead.id}::uuid AND purpose = ${purpose}`);
    return;
  }
  const { address } = facts;
  // One that is stale already may not be written to, not even to ask.
  const messageId =
    address === null || staleAt <= leadNow
      ? null
      : await insertLooseMail(transaction, lead, {
          purpose,
          template: staleness.template,
          address,
          deadlineAt: staleAt - lead.clockOffset,
          now,
          messageIdDomain,
        });
  await transaction.query(sql`
    UPDATE consent_age SET asked_at = ${at(now)}, asked_message_id = ${messageId}::uuid
    WHERE lead_id = ${lead.id}::uuid AND purpose = ${purpose}`);
  if (messageId !== null) await raiseAttention(transaction, [lead.id]);
}
