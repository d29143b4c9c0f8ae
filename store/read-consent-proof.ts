import type { ConsentRecord, ConsentState, FrequencyPromise } from '../domain/consent/consent.ts';
import { ALL_PURPOSES, consentState } from '../domain/consent/consent.ts';
import type { ConfirmationMail } from '../domain/consent/evidence.ts';
import type { ConsentPolicy } from '../domain/consent/policy.ts';
import type { PreferenceChange } from '../domain/consent/preferences.ts';
import type { Instant } from '../domain/instant.ts';
import type { ComposeOptions } from '../mail/compose.ts';
import type { Database } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { readConfirmationMail } from './read-confirmation-mail.ts';
import { readGateFacts } from './read-gate-facts.ts';
import type { ConsentSource } from './record-consent.ts';
import { resolveLead } from './resolve-lead.ts';
import { sql } from './sql.ts';

/** Everything that proves what a person agreed to, and ended, in the single case. */
export interface ConsentProof {
  readonly leadId: string;
  /** It and the leads that were merged into it: each keeps what was given under it. */
  readonly leadIds: readonly string[];
  readonly readAt: Instant;
  /** The installation's. */
  readonly timeZone: string;
  readonly policy: ConsentPolicy;
  /** Of each channel and purpose, in the order of the first record. */
  readonly purposes: readonly PurposeProof[];
  /** What the person set besides, granting and ending nothing. */
  readonly changes: readonly ProofRecord[];
  /** Sign-ups that nobody has confirmed yet: they prove nothing. */
  readonly unconfirmed: readonly {
    readonly purposes: readonly string[];
    readonly requestedAt: Instant;
    readonly expiresAt: Instant;
  }[];
}

export interface PurposeProof {
  readonly channel: string;
  readonly purpose: string;
  readonly state: ConsentState;
  readonly records: readonly ProofRecord[];
}

/** One record, as it is stored. */
export interface ProofRecord {
  readonly id: number;
  readonly channel: string;
  readonly purpose: string;
  readonly action: ConsentRecord['action'];
  readonly address: string | null;
  readonly wording: string | null;
  readonly wordingVersion: string | null;
  readonly locale: string | null;
  readonly formUrl: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly requestedAt: Instant | null;
  readonly confirmIp: string | null;
  readonly confirmUserAgent: string | null;
  readonly confirmedAt: Instant | null;
  readonly promise: FrequencyPromise | null;
  readonly change: PreferenceChange | null;
  readonly source: ConsentSource;
  readonly actor: string;
  /** When it was recorded. */
  readonly at: Instant;
  readonly requestId: string | null;
  readonly confirmation: ProofMail | null;
}

/** The mail that was confirmed. */
export interface ProofMail {
  readonly messageId: string;
  /** The provider's own id, where it gave one: some replace the Message-ID. */
  readonly providerId: string | null;
  readonly template: string | null;
  readonly templateVersion: number | null;
  /** When it was handed to the mail server; null: not known here. */
  readonly sentAt: Instant | null;
  /** When the mail server took it, and what it said; null: nobody heard its answer, whatever proves since that it took it. */
  readonly acceptedAt: Instant | null;
  readonly smtpReply: string | null;
  /** `stored`: as it stood when it was confirmed. `composed`: anew from the version of the template it was sent by. */
  readonly text: ({ readonly from: 'stored' | 'composed' } & { readonly mail: ConfirmationMail }) | null;
}

interface ProofRow extends Omit<ProofRecord, 'promise' | 'confirmation'> {
  readonly promiseMax: number | null;
  readonly promiseDays: number | null;
  readonly messageIdHeader: string | null;
  readonly confirmationMail: ConfirmationMail | null;
  readonly mailId: string | null;
  readonly providerId: string | null;
  readonly template: string | null;
  readonly templateVersion: number | null;
  readonly sentAt: Instant | null;
  readonly acceptedAt: Instant | null;
  readonly smtpReply: string | null;
}

/**
 * Reads the proof of a lead's consents. Throws `not-found`.
 *
 * `compose`: with what its mails are composed.
 */
export async function readConsentProof(
  database: Database,
  { leadId: given, now, compose }: { readonly leadId: string; readonly now: Instant; readonly compose: ComposeOptions },
): Promise<ConsentProof> {
  const leadId = await resolveLead(database, given);
  return database.transaction(async (transaction) => {
    const leads = await transaction.query<{ id: string }>(sql`
      SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid ORDER BY created_at, id`);
    const leadIds = leads.map(({ id }) => id);
    const rows = await transaction.query<ProofRow>(sql`
      SELECT consent.id, consent.channel, consent.purpose, action, consent.address, wording, wording_version AS "wordingVersion", locale,
             form_url AS "formUrl", ip, user_agent AS "userAgent", requested_at AS "requestedAt", confirm_ip AS "confirmIp",
             confirm_user_agent AS "confirmUserAgent", confirmed_at AS "confirmedAt", promise_max AS "promiseMax",
             promise_days AS "promiseDays", change, source, actor, consent.at, request_id AS "requestId",
             confirmation_message_id AS "messageIdHeader", confirmation_mail AS "confirmationMail",
             message.id AS "mailId", provider_id AS "providerId", message.template_key AS template, version.version AS "templateVersion",
             claimed_at AS "sentAt", CASE WHEN message.state = 'accepted' AND message.reason IS NULL THEN message.finished_at END AS "acceptedAt",
             smtp_reply AS "smtpReply"
      FROM consent LEFT JOIN message ON message_id_header = confirmation_message_id AND message.lead_id = ANY(${leadIds}::uuid[])
           LEFT JOIN definition_version AS version ON version.id = message.template_version_id
      WHERE consent.lead_id = ANY(${leadIds}::uuid[]) ORDER BY consent.id`);
    const records: ProofRecord[] = [];
    // Many records may come of one mail: each switch on the page that it leads to.
    const composed = new Map<string, ConfirmationMail | null>();
    for (const { mailId, confirmationMail } of rows) {
      if (mailId === null || confirmationMail !== null || composed.has(mailId)) continue;
      composed.set(mailId, await readConfirmationMail(transaction, mailId, compose));
    }
    for (const row of rows) records.push(recordOf(row, composed.get(row.mailId ?? '') ?? null));
    const { consent: policy, pacing } = await loadLiveDefinitions(transaction);
    const named = [...new Set(records.filter(({ channel }) => channel === 'email').map(({ purpose }) => purpose))];
    const { consents } = await readGateFacts(transaction, leadId, named, policy);
    const unconfirmed = await transaction.query<ConsentProof['unconfirmed'][number]>(sql`
      SELECT purposes, requested_at AS "requestedAt", expires_at AS "expiresAt" FROM opt_in_request
      WHERE lead_id = ANY(${leadIds}::uuid[]) AND confirmed_at IS NULL AND expires_at > ${new Date(now)} ORDER BY requested_at`);
    return {
      leadId,
      leadIds,
      readAt: now,
      timeZone: pacing.timeZone,
      policy,
      purposes: byPurpose(records, consents),
      changes: records.filter(({ action }) => action === 'changed'),
      unconfirmed,
    };
  });
}

function recordOf(row: ProofRow, composed: ConfirmationMail | null): ProofRecord {
  const { promiseMax, promiseDays, messageIdHeader, confirmationMail, mailId: _, ...rest } = row;
  const { providerId, template, templateVersion, sentAt, acceptedAt, smtpReply, ...record } = rest;
  const text =
    confirmationMail !== null
      ? ({ from: 'stored', mail: confirmationMail } as const)
      : composed === null
        ? null
        : ({ from: 'composed', mail: composed } as const);
  return {
    ...record,
    promise: promiseMax === null || promiseDays === null ? null : { max: promiseMax, days: promiseDays },
    confirmation:
      messageIdHeader === null
        ? null
        : { messageId: messageIdHeader, providerId, template, templateVersion, sentAt, acceptedAt, smtpReply, text },
  };
}

/** A withdrawal of everything stands under each purpose that it ended. */
function byPurpose(records: readonly ProofRecord[], mailStates: ReadonlyMap<string, ConsentState>): PurposeProof[] {
  const words = records.filter(({ action }) => action !== 'changed');
  const groups = new Map<string, { readonly channel: string; readonly purpose: string }>();
  for (const { channel, purpose } of words) groups.set(`${channel} ${purpose}`, { channel, purpose });
  const only = [...groups.values()].filter(
    ({ channel, purpose }) =>
      purpose !== ALL_PURPOSES || !words.some((other) => other.channel === channel && other.purpose !== ALL_PURPOSES),
  );
  return only.map(({ channel, purpose }) => {
    const own = words.filter(
      (record) => record.channel === channel && (record.purpose === purpose || record.purpose === ALL_PURPOSES),
    );
    const state = channel === 'email' ? mailStates.get(purpose) : undefined;
    return { channel, purpose, state: state ?? consentState(own, purpose), records: own };
  });
}
