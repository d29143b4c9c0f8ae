import { type OptIn, optInProblems, promisesOf } from '../domain/consent/opt-in.ts';
import { asksAgain, type OpenOptIn } from '../domain/consent/opt-in-limit.ts';
import { DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import { TendError } from '../domain/errors.ts';
import { durationMs, type Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { insertLooseMail } from './insert-loose-mail.ts';
import { leadOfAddress } from './lead-of-address.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { newId } from './new-id.ts';
import { raiseAttention } from './raise-attention.ts';
import { at, sql } from './sql.ts';

export interface OptInInput {
  readonly optIn: OptIn;
  /** Of the visitor, not of a server between. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The name of the key by which it came in. */
  readonly source: string;
  readonly now: Instant;
  readonly messageIdDomain: string;
}

/**
 * Takes a sign-up in and has the mail sent that asks to confirm it: the first half of a double opt-in. Nothing is granted
 * by it, and nothing is linked. Whoever calls learns nothing of whether the address was known, is written off, or was signed
 * up a moment ago.
 *
 * Throws `invalid-request`: a purpose that can't be asked for, a page of another site to return to.
 */
export async function requestOptIn(database: Database, input: OptInInput): Promise<void> {
  const { optIn, now } = input;
  await database.transaction(async (transaction) => {
    const { consent: policy } = await loadLiveDefinitions(transaction);
    const problems = optInProblems(optIn, policy);
    if (problems.length > 0)
      throw new TendError('invalid-request', 'This sign-up was not taken: mend the fields named.', problems);
    const { lead, made } = await leadOfAddress(transaction, optIn.address, now);
    if (!asksAgain(await readOpen(transaction, lead.id, optIn, now), now)) return;
    const expiresAt = now + durationMs(policy.doubleOptIn.expiresAfter);
    const messageId = await insertLooseMail(transaction, lead, {
      purpose: DOUBLE_OPT_IN,
      template: policy.doubleOptIn.template,
      address: optIn.address,
      deadlineAt: expiresAt,
      now,
      messageIdDomain: input.messageIdDomain,
    });
    const { address, purposes, locale, wording, wordingVersion, formUrl, returnUrl, userId, anonymousId } = optIn;
    await transaction.query(sql`
      INSERT INTO opt_in_request (id, lead_id, address, purposes, locale, wording, wording_version, form_url, ip, user_agent, promises,
                                  source, user_id, anonymous_id, return_url, message_id, made_lead, requested_at, expires_at)
      VALUES (${newId()}::uuid, ${lead.id}::uuid, ${address}, ${purposes}::text[], ${locale ?? null}, ${wording}, ${wordingVersion ?? null},
              ${formUrl}, ${input.ip}, ${input.userAgent}, ${JSON.stringify(promisesOf(optIn, policy))}::jsonb,
              ${input.source}, ${userId ?? null}, ${anonymousId ?? null}, ${returnUrl ?? null}, ${messageId}::uuid, ${made}, ${at(now)}, ${at(expiresAt)})`);
    await raiseAttention(transaction, [lead.id]);
  });
}

/** Sign-ups of this address that nobody has confirmed. */
async function readOpen(transaction: Transaction, leadId: string, optIn: OptIn, now: Instant): Promise<OpenOptIn[]> {
  const rows = await transaction.query<{
    requestedAt: Instant;
    waits: boolean;
    purposes: string[];
    wording: string;
    formUrl: string;
  }>(sql`
    SELECT requested_at AS "requestedAt", expires_at > ${at(now)} AS waits, purposes, wording, form_url AS "formUrl" FROM opt_in_request
    WHERE lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
      AND address = ${optIn.address} AND confirmed_at IS NULL`);
  const wanted = [...optIn.purposes].sort().join(' ');
  return rows.map(({ requestedAt, waits, purposes, wording, formUrl }) => ({
    requestedAt,
    same: waits && wording === optIn.wording && formUrl === optIn.formUrl && [...purposes].sort().join(' ') === wanted,
  }));
}
