import type { Actor } from '../domain/actor.ts';
import { type ConsentEntry, type ConsentEvidence, entriesOf, evidenceProblems } from '../domain/consent/evidence.ts';
import { TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { endOptIns } from './end-opt-ins.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

/** By which way a record came. */
export type ConsentSource =
  | 'api'
  | 'form'
  | 'double-opt-in'
  | 'preferences'
  | 'unsubscribe'
  | 'renewal'
  | 'complaint'
  | 'reply'
  | 'import';

export interface ConsentInput {
  readonly leadId: string;
  readonly evidence: ConsentEvidence;
  readonly source: ConsentSource;
  readonly actor: Actor;
  readonly now: Instant;
}

export interface RecordedConsent {
  /** Of the record, or of the first of several. */
  readonly id: number;
  /** One for each purpose. */
  readonly ids: readonly number[];
  readonly leadId: string;
  readonly address: string | null;
  readonly at: Instant;
}

/**
 * Adds to a lead's consent record, which is never changed or deleted. The last word on a purpose counts.
 *
 * Throws `not-found` and `invalid-request` (what the evidence lacks).
 */
export async function recordConsent(database: Database, input: ConsentInput): Promise<RecordedConsent> {
  assertId('lead', input.leadId);
  const { evidence, source, actor } = input;
  const problems = evidenceProblems(evidence, input.now);
  if (problems.length > 0)
    throw new TendError('invalid-request', 'The consent record is not complete: mend the fields named.', problems);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, input.leadId);
    if (lead.erasedAt !== null) throw new TendError('not-found', `There is no lead ${lead.id}.`);
    const address = await addressOf(transaction, lead.id, evidence);
    if (address === null && evidence.action === 'granted' && evidence.channel === 'email') {
      const problem =
        'is needed, for the lead has none: consent is for an address, or it would fit any that comes later';
      throw new TendError('invalid-request', 'The consent record is not complete.', [{ path: 'address', problem }]);
    }
    // What was told of a test lead is of its own time, as what it says itself is: the last word must count as the last.
    const now = input.now + lead.clockOffset;
    const ids: number[] = [];
    for (const entry of entriesOf(evidence)) {
      const record = { evidence: later(entry, lead.clockOffset), source, actor, now };
      ids.push((await insertConsent(transaction, lead.id, address, record)).id);
    }
    await raiseAttention(transaction, [lead.id]);
    const [id] = ids;
    if (id === undefined) throw new Error('a consent without a purpose passed the check');
    return { id, ids, leadId: lead.id, address, at: now };
  });
}

/** The same, said `ms` later. */
function later(entry: ConsentEntry, ms: number): ConsentEntry {
  if (ms === 0) return entry;
  const { requestedAt, confirmedAt } = entry;
  const moved = (text: string | undefined) =>
    text === undefined ? undefined : new Date(Date.parse(text) + ms).toISOString();
  return { ...entry, requestedAt: moved(requestedAt), confirmedAt: moved(confirmedAt) };
}

/** The address given, else the lead's own for that channel. */
async function addressOf(transaction: Transaction, leadId: string, evidence: ConsentEvidence): Promise<string | null> {
  if (evidence.address !== undefined) {
    if (evidence.channel !== 'email') return evidence.address;
    const address = normaliseEmail(evidence.address);
    if (address !== null) return address;
    throw new TendError('invalid-request', 'The consent record is not valid.', [
      { path: 'address', problem: 'must be a mail address' },
    ]);
  }
  if (evidence.channel === 'post') return null;
  const [own] = await transaction.query<{ value: string }>(sql`
    SELECT value FROM identity WHERE lead_id = ${leadId}::uuid AND kind = ${evidence.channel} ORDER BY linked_at DESC, id DESC LIMIT 1`);
  return own?.value ?? null;
}

export interface ConsentRecordInput {
  readonly evidence: ConsentEntry;
  readonly source: ConsentSource;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Writes one record, within the transaction that holds the lead's lock; the caller raises attention. `address` is the one
 * that it is for, normalised.
 */
export async function insertConsent(
  transaction: Transaction,
  leadId: string,
  address: string | null,
  { evidence, source, actor, now }: ConsentRecordInput,
): Promise<{ readonly id: number; readonly leadId: string; readonly address: string | null; readonly at: Instant }> {
  const { channel, purpose, action, promise, change, confirmationMail } = evidence;
  const { wording, wordingVersion, locale, formUrl, requestId, confirmationMessageId } = evidence;
  const { ip, userAgent, requestedAt, confirmIp, confirmUserAgent, confirmedAt } = evidence;
  const [row] = await transaction.query<{ id: number }>(sql`
    INSERT INTO consent (lead_id, channel, purpose, action, address, wording, wording_version, locale, form_url,
                         ip, user_agent, requested_at, confirm_ip, confirm_user_agent, confirmed_at, confirmation_message_id, confirmation_mail, request_id,
                         promise_max, promise_days, change, source, actor, at)
    VALUES (${leadId}::uuid, ${channel}, ${purpose}, ${action}, ${address}, ${wording ?? null}, ${wordingVersion ?? null}, ${locale ?? null}, ${formUrl ?? null},
            ${ip ?? null}, ${userAgent ?? null}, ${requestedAt ?? null}, ${confirmIp ?? null}, ${confirmUserAgent ?? null}, ${confirmedAt ?? null},
            ${confirmationMessageId ?? null}, ${confirmationMail === undefined ? null : JSON.stringify(confirmationMail)}::jsonb, ${requestId ?? null}::uuid,
            ${promise?.max ?? null}, ${promise?.days ?? null}, ${change === undefined ? null : JSON.stringify(change)}::jsonb,
            ${source}, ${actor.name}, ${at(now)})
    RETURNING id`);
  if (row === undefined) throw new Error('a stored consent was not returned');
  // Whichever way it is withdrawn: who wants no such mails is not asked for them any more.
  if (action === 'withdrawn' && channel === 'email') await endOptIns(transaction, leadId, { purpose }, now);
  return { id: row.id, leadId, address, at: now };
}
