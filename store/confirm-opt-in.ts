import { companyDomain } from '../domain/account/company-domain.ts';
import { recipient } from '../domain/actor.ts';
import { consentState } from '../domain/consent/consent.ts';
import type { ConfirmationMail, ConsentEntry } from '../domain/consent/evidence.ts';
import type { Instant } from '../domain/instant.ts';
import { IDENTIFIED } from '../domain/interaction/event-match.ts';
import { SUBSCRIPTION_CONFIRMED } from '../domain/interaction/interaction.ts';
import type { ComposeOptions } from '../mail/compose.ts';
import type { Database, Transaction } from './database.ts';
import { ingestWithin } from './ingest-interactions.ts';
import { joinAccount } from './join-account.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { readConfirmationMail } from './read-confirmation-mail.ts';
import { readConsentRecords } from './read-gate-facts.ts';
import { optInState, readOptIn, type StoredOptIn } from './read-opt-in.ts';
import { insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import { at, sql } from './sql.ts';

export interface OptInConfirmation {
  /** The mail whose link was used. */
  readonly messageId: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
  /** With what the mail was composed: it becomes part of the evidence. */
  readonly compose: ComposeOptions;
}

export type OptInAnswer =
  | { readonly kind: 'confirmed' | 'already'; readonly optIn: StoredOptIn }
  /** It ran out, or is deleted. */
  | { readonly kind: 'gone' };

/**
 * Confirms a sign-up, in one transaction: a consent for each purpose with everything that proves it, the event that sequences
 * come in by, and who the visitor is to the website. Again and again it is one confirmation. What waits here was asked for
 * after whatever was withdrawn (`endOptIns`), so the confirmation is the later word, also by a clock that is behind.
 */
export async function confirmOptIn(database: Database, input: OptInConfirmation): Promise<OptInAnswer> {
  const { messageId, now, compose } = input;
  const target = await readOptIn(database, messageId);
  if (target === null) return { kind: 'gone' };
  return database.transaction(async (transaction) => {
    const lead = await lockLeadIfAny(transaction, target.leadId);
    const optIn = await readOptIn(transaction, messageId);
    // Whose erasure waits for a mail that is leaving is gone: nothing is to begin anew under their name.
    if (lead === null || lead.erasedAt !== null || optIn === null || optInState(optIn, now) === 'gone')
      return { kind: 'gone' };
    if (optIn.confirmedAt !== null) return { kind: 'already', optIn };
    const mail = await readConfirmationMail(transaction, messageId, compose);
    const { records } = await readConsentRecords(transaction, lead.id);
    for (const purpose of optIn.purposes) {
      const before = consentState(records, purpose);
      const withdrawnAt = before.kind === 'withdrawn' ? before.at : Number.NEGATIVE_INFINITY;
      // A test lead does everything by its own clock.
      const said = Math.max(now + lead.clockOffset, withdrawnAt + 1);
      const evidence = evidenceOf(optIn, purpose, { ...input, now: said }, mail);
      const record = { evidence, source: 'double-opt-in', actor: recipient, now: said } as const;
      await insertConsent(transaction, lead.id, optIn.address, record);
    }
    await transaction.query(sql`UPDATE opt_in_request SET confirmed_at = ${at(now)} WHERE id = ${optIn.id}::uuid`);
    await transaction.query(sql`
      UPDATE lead SET locale = coalesce(locale, ${optIn.locale}) WHERE id = ${lead.id}::uuid AND locale IS NULL`);
    await recordWhoItIs(transaction, optIn, lead.id, now);
    // Whoever confirms has got the mail, whatever its server's answer was.
    await resolveUnknown(transaction, { messageId, proof: 'click', now });
    await raiseAttention(transaction, [lead.id]);
    return { kind: 'confirmed', optIn };
  });
}

function evidenceOf(
  optIn: StoredOptIn,
  purpose: string,
  { ip, userAgent, now }: OptInConfirmation,
  mail: ConfirmationMail | null,
): ConsentEntry {
  return {
    channel: 'email',
    purpose,
    action: 'granted',
    wording: optIn.wording,
    wordingVersion: optIn.wordingVersion ?? undefined,
    locale: optIn.locale ?? undefined,
    formUrl: optIn.formUrl,
    ip: optIn.ip ?? undefined,
    userAgent: optIn.userAgent ?? undefined,
    requestedAt: new Date(optIn.requestedAt).toISOString(),
    confirmIp: ip ?? undefined,
    confirmUserAgent: userAgent?.slice(0, 1_000),
    confirmedAt: new Date(now).toISOString(),
    confirmationMessageId: optIn.messageIdHeader,
    confirmationMail: mail ?? undefined,
    promise: optIn.promises[purpose],
    requestId: optIn.id,
  };
}

/** The address is the person's own, now that they have opened its mailbox: only from here on is anything linked to it. */
async function recordWhoItIs(
  transaction: Transaction,
  { id, address, purposes, formUrl, source, userId, anonymousId }: StoredOptIn,
  leadId: string,
  now: Instant,
): Promise<void> {
  // Where the person has several, mail goes to the one that was shown to be theirs last: the consent is for it.
  await transaction.query(sql`
    UPDATE identity SET linked_at = ${at(now)} WHERE kind = 'email' AND value = ${address} AND lead_id = ${leadId}::uuid`);
  const company = companyDomain(address);
  if (company !== null) await joinAccount(transaction, leadId, company, now);
  if (userId !== null || anonymousId !== null) {
    const who = { ...(userId === null ? {} : { userId }), ...(anonymousId === null ? {} : { anonymousId }) };
    await ingestWithin(transaction, [
      {
        source,
        messageId: `opt-in:${id}`,
        identity: { kind: 'email', value: address },
        kind: 'identify',
        name: IDENTIFIED,
        properties: { 'trait.email': true },
        context: { traits: { email: address }, ...who },
        occurredAt: now,
        receivedAt: now,
        claimedAt: null,
      },
    ]);
  }
  const { origin, pathname } = new URL(formUrl);
  await recordTendInteraction(transaction, {
    leadId,
    messageId: `opt-in:${id}`,
    name: SUBSCRIPTION_CONFIRMED,
    properties: { purposes, form: `${origin}${pathname}` },
    occurredAt: now,
  });
}
