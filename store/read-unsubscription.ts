import { ALL_PURPOSES, type ConsentRecord, consentState, type FrequencyPromise } from '../domain/consent/consent.ts';
import { basisOf, DOUBLE_OPT_IN } from '../domain/consent/policy.ts';
import { HOUR, type Instant } from '../domain/instant.ts';
import type { Queryable } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { type MailSender, readMailSender } from './read-mail-sender.ts';
import { type LinkedMessage, readLinkedMessage } from './read-message.ts';
import { sql } from './sql.ts';

/** What a mail's unsubscribe link would end, or has ended. */
export interface Unsubscription {
  /**
   * `subscribed`: pressing the button ends it. `ended`: it is ended. `exempt`: the mail belongs to a contract, and nobody
   * consented to it. `sign-up`: the mail asks to confirm one.
   */
  readonly state: 'subscribed' | 'ended' | 'exempt' | 'sign-up';
  readonly purpose: string;
  /** What people call the purpose, by locale; its key where the policy does not know it. */
  readonly name: Readonly<Record<string, string>>;
  /** The address that the mail went to. */
  readonly address: string;
  readonly sender: MailSender;
  /** Ended by such a link a short while ago, after a consent that can be given again as it was. Null: not so. */
  readonly undo: Undo | null;
}

export interface Undo {
  /** As was promised before. */
  readonly promise: FrequencyPromise | null;
  readonly withdrawnAt: Instant;
}

/** For so long the page that says "you are unsubscribed" may be taken at its word when it offers a way back. */
const UNDO_MS = HOUR;

/** Null: there is no such mail, or its reader was erased. */
export async function readUnsubscription(
  queryable: Queryable,
  messageId: string,
  mailFrom: string,
  worldNow: Instant,
): Promise<Unsubscription | null> {
  const message = await readLinkedMessage(queryable, messageId);
  const lead = message === null ? null : await readReader(queryable, message.leadId);
  if (message === null || lead === null) return null;
  const { purpose, address } = message;
  const { consent: policy } = await loadLiveDefinitions(queryable);
  const records = await readRecords(queryable, lead.id, purpose);
  const present = consentState(records, purpose);
  const ended = present.kind === 'withdrawn';
  const exempt = records.length === 0 && basisOf(policy, purpose) === 'exempt';
  const state = purpose === DOUBLE_OPT_IN ? 'sign-up' : ended ? 'ended' : exempt ? 'exempt' : 'subscribed';
  return {
    state,
    purpose,
    name: policy.purposes.find(({ key }) => key === purpose)?.name ?? { en: purpose },
    address,
    sender: await readMailSender(queryable, messageId, mailFrom),
    undo: ended && state === 'ended' ? undoOf(records, present.at, message, lead, worldNow + lead.clockOffset) : null,
  };
}

function undoOf(
  records: readonly StoredRecord[],
  withdrawnAt: Instant,
  { purpose, address }: LinkedMessage,
  lead: ReaderOfMail,
  now: Instant,
): Undo | null {
  const withdrawn = records.findLast(({ action }) => action === 'withdrawn');
  const before = consentState(
    records.filter((record) => record !== withdrawn),
    purpose,
  );
  const byLink = withdrawn?.source === 'unsubscribe' && withdrawn.purpose === purpose;
  if (!byLink || withdrawn.at <= now - UNDO_MS || before.kind !== 'granted') return null;
  // What was agreed to for another address is not agreed to for this one; and who reads an address that the person has
  // given up may end mails, not order them.
  if ((before.address ?? address) !== address || lead.address !== address) return null;
  return { promise: before.promise, withdrawnAt };
}

interface StoredRecord extends ConsentRecord {
  readonly source: string;
}

/** What was said about a purpose of mail, in the order in which it was recorded. */
async function readRecords(queryable: Queryable, leadId: string, purpose: string): Promise<StoredRecord[]> {
  const rows = await queryable.query<Omit<StoredRecord, 'promise'> & { max: number | null; days: number | null }>(sql`
    SELECT purpose, action, address, at, confirmed_at AS "confirmedAt", promise_max AS max, promise_days AS days, source FROM consent
    WHERE channel = 'email' AND lead_id IN (SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid)
      AND (purpose = ${purpose} AND action <> 'changed' OR purpose = ${ALL_PURPOSES} AND action = 'withdrawn')
    ORDER BY id`);
  return rows.map(({ max, days, ...record }) => ({
    ...record,
    promise: max === null || days === null ? null : { max, days },
  }));
}

interface ReaderOfMail {
  readonly id: string;
  readonly clockOffset: number;
  /** The lead's present one. */
  readonly address: string | null;
}

async function readReader(queryable: Queryable, leadId: string): Promise<ReaderOfMail | null> {
  const [lead] = await queryable.query<ReaderOfMail>(sql`
    SELECT lead.id, lead.clock_offset_ms AS "clockOffset",
           (SELECT value FROM identity WHERE lead_id = lead.id AND kind = 'email' ORDER BY linked_at DESC, id DESC LIMIT 1) AS address
    FROM lead AS named JOIN lead ON lead.id = coalesce(named.merged_into, named.id)
    WHERE named.id = ${leadId}::uuid AND lead.erased_at IS NULL`);
  return lead ?? null;
}
