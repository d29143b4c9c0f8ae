import type { Actor } from '../domain/actor.ts';
import { type ConsentEvidence, evidenceProblems } from '../domain/consent/evidence.ts';
import { TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database, Transaction } from './database.ts';
import { lockLead } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

export interface ConsentInput {
  readonly leadId: string;
  readonly evidence: ConsentEvidence;
  /** api | form | unsubscribe | import */
  readonly source: 'api' | 'form' | 'unsubscribe' | 'import';
  readonly actor: Actor;
  readonly now: Instant;
}

export interface RecordedConsent {
  readonly id: number;
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
  const problems = evidenceProblems(input.evidence, input.now);
  if (problems.length > 0)
    throw new TendError('invalid-request', 'The consent record is not complete: mend the fields named.', problems);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, input.leadId);
    const address = await addressOf(transaction, lead.id, input.evidence);
    if (address === null && input.evidence.action === 'granted' && input.evidence.channel === 'email') {
      const problem =
        'is needed, for the lead has none: consent is for an address, or it would fit any that comes later';
      throw new TendError('invalid-request', 'The consent record is not complete.', [{ path: 'address', problem }]);
    }
    const recorded = await insertConsent(transaction, lead.id, address, input);
    await raiseAttention(transaction, [lead.id]);
    return recorded;
  });
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

/** Writes the row, within the transaction that holds the lead's lock. */
export async function insertConsent(
  transaction: Transaction,
  leadId: string,
  address: string | null,
  { evidence, source, actor, now }: Omit<ConsentInput, 'leadId'>,
): Promise<RecordedConsent> {
  const { channel, purpose, action, wording, formUrl, ip, userAgent, requestedAt, confirmedAt, promise } = evidence;
  const [row] = await transaction.query<{ id: number }>(sql`
    INSERT INTO consent (lead_id, channel, purpose, action, address, wording, form_url, ip, user_agent, requested_at, confirmed_at,
                         promise_max, promise_days, source, actor, at)
    VALUES (${leadId}::uuid, ${channel}, ${purpose}, ${action}, ${address}, ${wording ?? null}, ${formUrl ?? null}, ${ip ?? null},
            ${userAgent ?? null}, ${requestedAt ?? null}, ${confirmedAt ?? null}, ${promise?.max ?? null}, ${promise?.days ?? null},
            ${source}, ${actor.name}, ${at(now)})
    RETURNING id`);
  if (row === undefined) throw new Error('a stored consent was not returned');
  return { id: row.id, leadId, address, at: now };
}
