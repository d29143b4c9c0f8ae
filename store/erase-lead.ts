import { type Actor, system } from '../domain/actor.ts';
import type { Erasure, ErasureGround } from '../domain/erasure/erasure.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { readErasure } from './erasures.ts';
import { findMentions, type Mentions, redactMentions } from './find-mentions.ts';
import { lockLead } from './lock-lead.ts';
import { queueWebhook } from './queue-webhook.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { readAddresses, readTraces, removePerson, type Traces } from './remove-person.ts';
import { assertId, resolveLead } from './resolve-lead.ts';
import { ERASED_EVENT, silencePerson } from './silence-person.ts';
import { at, sql } from './sql.ts';
import { writeMessageEvents } from './write-message-events.ts';

export interface EraseInput {
  readonly leadId: string;
  readonly actor: Actor;
  readonly because?: ErasureGround;
  /** Keep the address as a keyed hash, so that it is not written to again by accident. */
  readonly keepHash: boolean;
}

/** How long somebody who asks waits for the walk through other people's rows; the worker has all the time there is. */
const PATIENCE_MS = 5_000;

/**
 * Erases a person (Art. 17 GDPR). From the first commit on the person is gone for all that decides: nothing is claimed,
 * planned, scored or shown. Where a mail or webhook about them is leaving at this moment, its result or its lease's end is
 * waited for (`waiting`), and the worker goes on. Then one transaction removes the person everywhere, with all leads that
 * were merged into this one. Repeatable: whoever is erased stays so, and what an earlier attempt left is done.
 *
 * Throws `not-found`.
 */
export async function eraseLead(database: Database, clock: Clock, input: EraseInput): Promise<Erasure> {
  assertId('lead', input.leadId);
  const leadId = await requestErasure(database, clock.now(), input);
  await continueErasure(database, clock, leadId, PATIENCE_MS);
  const erasure = await readErasure(database, leadId);
  if (erasure === null) throw new Error(`the erasure of lead ${leadId} was not stored`);
  return erasure;
}

/** Puts on record that the person is to be erased, and ends all that goes on. Returns the id of the lead that lives on. */
async function requestErasure(database: Database, now: Instant, input: EraseInput): Promise<string> {
  return database.transaction((transaction) => requestErasureWithin(transaction, now, input));
}

/** The same in a transaction that has found out, under the lead's lock, that the person is to go; the worker does the rest. */
export async function requestErasureWithin(
  transaction: Transaction,
  now: Instant,
  { leadId, actor, because = 'asked', keepHash }: EraseInput,
): Promise<string> {
  const { id } = await lockLead(transaction, leadId);
  const added = await transaction.query(sql`
    INSERT INTO erasure (lead_id, lead_ids, because, keep_hash, requested_at, requested_by_kind, requested_by)
    VALUES (${id}::uuid, ${await chainOf(transaction, id)}::uuid[], ${because}, ${keepHash}, ${at(now)}, ${actor.kind}, ${actor.name})
    ON CONFLICT (lead_id) DO NOTHING RETURNING 1`);
  if (added.length === 0) return id;
  await markErased(transaction, id, now);
  const detail = { because, keepHash };
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'lead.erasure-requested',
    subjectKind: 'lead',
    subjectId: id,
    detail,
  });
  return id;
}

/** Goes for all leads of the person; the caller holds the lock of the one that lives on. */
async function markErased(transaction: Transaction, leadId: string, now: Instant): Promise<readonly string[]> {
  const chain = await chainOf(transaction, leadId);
  await transaction.query(sql`
    UPDATE lead SET erased_at = coalesce(erased_at, ${at(now)}) WHERE id = ANY(${chain}::uuid[])`);
  await silencePerson(transaction, chain, now);
  return chain;
}

async function chainOf(queryable: Queryable, leadId: string): Promise<string[]> {
  const rows = await queryable.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE id = ${leadId}::uuid OR merged_into = ${leadId}::uuid ORDER BY id`);
  return rows.map(({ id }) => id);
}

/**
 * Does what is left of an erasure. Returns whether it is done; false: something is leaving at this moment, or the walk
 * through other people's rows took longer than `budgetMs`. `requested` is the lead it was asked for.
 */
export async function continueErasure(
  database: Database,
  clock: Clock,
  requested: string,
  budgetMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  // Asked for while the lead was being merged, it stands under the lead that lives on.
  const before =
    (await readErasure(database, requested)) ?? (await readErasure(database, await resolveLead(database, requested)));
  if (before === null) throw new TendError('not-found', `Nobody asked to erase the lead ${requested}.`);
  if (before.doneAt !== null) return true;
  for (;;) {
    // The lead may have been merged into another since: then that is the person.
    const chain = await chainOf(database, await resolveLead(database, requested));
    const addresses = isSearchedFor(before) ? await readAddresses(database, chain) : [];
    const mentions = await findMentions(database, addresses, budgetMs, clock.now());
    if (mentions === null) return false;
    const outcome = await database.transaction((transaction) => erase(transaction, clock.now(), before, mentions));
    if (outcome !== 'look-again') return outcome === 'done';
  }
}

/** Nobody knows more of a sign-up that nobody confirmed than what it said, and machines make many: other rows aren't walked for it. */
function isSearchedFor({ because }: Erasure): boolean {
  return because !== 'unconfirmed';
}

/** `look-again`: the person has got addresses that nobody has looked for yet. */
type Outcome = 'done' | 'leaving' | 'look-again';

async function erase(transaction: Transaction, now: Instant, erasure: Erasure, mentions: Mentions): Promise<Outcome> {
  const lead = await lockLead(transaction, erasure.leadId);
  const [open] = await transaction.query(sql`
    SELECT 1 FROM erasure WHERE lead_id = ${erasure.leadId}::uuid AND done_at IS NULL FOR UPDATE`);
  if (open === undefined) return 'done';
  const leadIds = await markErased(transaction, lead.id, now);
  // Who was merged in meanwhile is of the person too, and waits with them.
  await transaction.query(sql`
    UPDATE erasure SET lead_ids = ${leadIds}::uuid[] WHERE lead_id = ${erasure.leadId}::uuid`);
  if (await isLeaving(transaction, leadIds, now, lead.clockOffset)) return 'leaving';
  const traces = await readTraces(transaction, leadIds);
  const unseen = traces.addresses.some((address) => !mentions.addresses.includes(address));
  if (unseen && isSearchedFor(erasure)) return 'look-again';
  const told = await endpointsTold(transaction, leadIds);
  await removePerson(transaction, leadIds, traces, { now, keepHash: erasure.keepHash });
  await redactMentions(transaction, mentions);
  // Nobody has shown that the address of an unconfirmed sign-up is theirs: what stands against it is another's word.
  if (erasure.because !== 'unconfirmed')
    await keepHashes(transaction, traces, { now, keep: erasure.keepHash, actor: erasure.requestedBy });
  for (const endpointKey of told) {
    const origin = { leadId: lead.id, enrolmentId: null, stepId: null, visit: null };
    const payload = { data: { leadIds }, include: [] };
    await queueWebhook(transaction, { endpointKey, eventType: ERASED_EVENT, ...origin, payload, now });
  }
  await transaction.query(sql`
    UPDATE erasure SET done_at = ${at(now)}, error = NULL WHERE lead_id = ${erasure.leadId}::uuid`);
  await recordAudit(transaction, {
    actor: system,
    at: now,
    action: 'lead.erased',
    subjectKind: 'lead',
    subjectId: lead.id,
    detail: { because: erasure.because, keepHash: erasure.keepHash },
  });
  await raiseAttention(transaction, leadIds);
  return 'done';
}

/**
 * Whether a mail or webhook about the person is leaving at this moment. A mail's claim that has ended without a result
 * becomes unknown here, as the sweep would have it.
 */
async function isLeaving(
  transaction: Transaction,
  leadIds: readonly string[],
  now: Instant,
  clockOffset: number,
): Promise<boolean> {
  const lost = await transaction.query<{ id: string }>(sql`
    UPDATE message SET state = 'unknown', reason = 'no-result', lease_until = NULL, finished_at = ${at(now)}
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'claimed' AND lease_until <= ${at(now + clockOffset)} RETURNING id`);
  await writeMessageEvents(
    transaction,
    now,
    lost.map(({ id }) => ({ messageId: id, state: 'unknown', reason: 'no-result', until: null })),
  );
  const leaving = await transaction.query(sql`
    SELECT 1 FROM message WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'claimed'
    UNION ALL SELECT 1 FROM webhook_delivery WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'claimed' AND claimed_until > ${at(now)}
    LIMIT 1`);
  if (leaving.length > 0) return true;
  await transaction.query(sql`
    UPDATE webhook_delivery SET state = 'dead', next_attempt_at = NULL, claimed_until = NULL, finished_at = ${at(now)}
    WHERE lead_id = ANY(${leadIds}::uuid[]) AND state = 'claimed'`);
  return false;
}

/** Those that were told of the person, or may have been. */
async function endpointsTold(transaction: Transaction, leadIds: readonly string[]): Promise<string[]> {
  const rows = await transaction.query<{ key: string }>(sql`
    SELECT key FROM webhook_endpoint
    WHERE key IN (SELECT endpoint_key FROM webhook_delivery WHERE lead_id = ANY(${leadIds}::uuid[]) AND attempts > 0)
    ORDER BY key`);
  return rows.map(({ key }) => key);
}

/** The address is not to be written to again by accident: its hash says so, and nothing else does. */
async function keepHashes(
  transaction: Transaction,
  { addresses }: Traces,
  { now, keep, actor }: { readonly now: Instant; readonly keep: boolean; readonly actor: string },
): Promise<void> {
  const hashes = addresses.map((address) => transaction.keyedHash(address));
  if (keep) {
    await transaction.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor)
      SELECT 'email', hash, 'erased', ${at(now)}::timestamptz, ${actor} FROM unnest(${hashes}::text[]) AS new(hash)
      ON CONFLICT (channel, address_hash, reason) WHERE lifted_at IS NULL DO NOTHING`);
    return;
  }
  await transaction.query(sql`DELETE FROM suppression WHERE address_hash = ANY(${hashes}::text[])`);
}
