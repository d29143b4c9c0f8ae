import { recipient } from '../domain/actor.ts';
import { consentState, type FrequencyPromise } from '../domain/consent/consent.ts';
import type { Instant } from '../domain/instant.ts';
import { CONSENT_RENEWED } from '../domain/interaction/interaction.ts';
import type { ComposeOptions } from '../mail/compose.ts';
import type { Database, Queryable } from './database.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { readConfirmationMail } from './read-confirmation-mail.ts';
import { readConsentRecords } from './read-gate-facts.ts';
import { insertConsent } from './record-consent.ts';
import { recordTendInteraction } from './record-tend-interaction.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import { sql } from './sql.ts';

/** What the mail of a renewal link asks: whether the consent that it went out under still holds. */
export type Renewal =
  | {
      readonly kind: 'open';
      readonly leadId: string;
      readonly address: string;
      readonly purpose: string;
      readonly promise: FrequencyPromise | null;
      readonly givenAt: Instant;
      readonly askedAt: Instant;
      readonly messageIdHeader: string;
    }
  /** It was renewed by this mail's link before, and holds. */
  | { readonly kind: 'already' }
  /** There is no such mail any more, or the consent was withdrawn: an old mail's link does not bring it back. */
  | { readonly kind: 'gone' };

/** One that has gone stale can be renewed still: whoever presses the button says so anew, in words and from an address that are proven. */
export async function readRenewal(queryable: Queryable, messageId: string): Promise<Renewal> {
  const [mail] = await queryable.query<{
    leadId: string;
    address: string;
    purpose: string;
    askedAt: Instant;
    messageIdHeader: string;
    renewed: boolean;
  }>(sql`
    SELECT message.lead_id AS "leadId", address, purpose, claimed_at AS "askedAt", message_id_header AS "messageIdHeader",
           EXISTS (SELECT FROM consent WHERE source = 'renewal' AND confirmation_message_id = message_id_header) AS renewed
    FROM message JOIN lead ON lead.id = message.lead_id
    WHERE message.id = ${messageId}::uuid AND recipient_kind = 'lead' AND address IS NOT NULL AND claimed_at IS NOT NULL AND erased_at IS NULL`);
  if (mail === undefined) return { kind: 'gone' };
  const { renewed, ...asked } = mail;
  const { records } = await readConsentRecords(queryable, asked.leadId);
  const state = consentState(records, asked.purpose);
  if (state.kind !== 'granted' || (state.address !== null && state.address !== asked.address)) return { kind: 'gone' };
  if (renewed) return { kind: 'already' };
  return { kind: 'open', ...asked, promise: state.promise, givenAt: state.at ?? asked.askedAt };
}

export interface RenewalInput {
  /** The mail whose link was used. */
  readonly messageId: string;
  /** As the page showed it. */
  readonly wording: { readonly text: string; readonly locale: string };
  /** The page's address, without the link's token. */
  readonly pageUrl: string;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly now: Instant;
  readonly compose: ComposeOptions;
}

/** Records that a consent still holds: a grant of its own, with its own evidence. Once for each mail. */
export async function renewConsent(
  database: Database,
  input: RenewalInput,
): Promise<'renewed' | Exclude<Renewal['kind'], 'open'>> {
  const { messageId, wording, ip, userAgent } = input;
  const target = await readRenewal(database, messageId);
  if (target.kind !== 'open') return target.kind;
  return database.transaction(async (transaction) => {
    const lead = await lockLeadIfAny(transaction, target.leadId);
    const asked = await readRenewal(transaction, messageId);
    if (lead === null || asked.kind === 'gone') return 'gone';
    if (asked.kind === 'already') return 'already';
    const { purpose, address, promise, askedAt, messageIdHeader } = asked;
    // A test lead does everything by its own clock.
    const now = input.now + lead.clockOffset;
    const mail = await readConfirmationMail(transaction, messageId, input.compose);
    const recorded = await insertConsent(transaction, lead.id, address, {
      evidence: {
        channel: 'email',
        purpose,
        action: 'granted',
        wording: wording.text,
        locale: wording.locale,
        formUrl: input.pageUrl,
        requestedAt: new Date(askedAt).toISOString(),
        confirmIp: ip ?? undefined,
        confirmUserAgent: userAgent?.slice(0, 1_000),
        confirmedAt: new Date(now).toISOString(),
        confirmationMessageId: messageIdHeader,
        confirmationMail: mail ?? undefined,
        promise: promise ?? undefined,
      },
      source: 'renewal',
      actor: recipient,
      now,
    });
    await recordTendInteraction(transaction, {
      leadId: lead.id,
      messageId: `renewal:${recorded.id}`,
      name: CONSENT_RENEWED,
      properties: { purpose },
      occurredAt: now,
      ownTime: true,
    });
    await resolveUnknown(transaction, { messageId, proof: 'click', now: input.now });
    await raiseAttention(transaction, [lead.id]);
    return 'renewed';
  });
}
