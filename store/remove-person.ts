import type { Instant } from '../domain/instant.ts';
import type { Queryable, Transaction } from './database.ts';
import { noteErasedIdentities } from './erased-identities.ts';
import { sql } from './sql.ts';

/** What a person was known by, from all rows that name it. */
export interface Traces {
  /** Everything that recognised the person. */
  readonly identities: readonly { readonly id: number; readonly kind: string; readonly value: string }[];
  /** Every mail address that was ever the person's here, normalised. */
  readonly addresses: readonly string[];
}

/** Reads them in a transaction that holds the lead's lock, with the identities locked. `leadIds`: the lead and those merged into it. */
export async function readTraces(transaction: Transaction, leadIds: readonly string[]): Promise<Traces> {
  // Ingest reads an identity's owner FOR KEY SHARE: what it is storing just now is waited for, and removed with the rest.
  const identities = await transaction.query<Traces['identities'][number]>(sql`
    SELECT id, kind, value FROM identity WHERE lead_id = ANY(${leadIds}::uuid[]) ORDER BY id FOR UPDATE`);
  return { identities, addresses: await readAddresses(transaction, leadIds) };
}

/** The addresses alone, without any lock. */
export async function readAddresses(queryable: Queryable, leadIds: readonly string[]): Promise<string[]> {
  const rows = await queryable.query<{ address: string }>(sql`
    SELECT value AS address FROM identity WHERE lead_id = ANY(${leadIds}::uuid[]) AND kind = 'email'
    UNION SELECT address FROM message WHERE lead_id = ANY(${leadIds}::uuid[]) AND recipient_kind = 'lead' AND address IS NOT NULL
    UNION SELECT address FROM consent WHERE lead_id = ANY(${leadIds}::uuid[]) AND channel = 'email' AND address IS NOT NULL
    UNION SELECT address FROM opt_in_request WHERE lead_id = ANY(${leadIds}::uuid[])`);
  return rows.map(({ address }) => address);
}

/**
 * Removes everything that is about the person, table by table; what is left of messages, enrolments and handoffs says that
 * there was one, and nothing of whom (decision 23). The lead's lock and the identities' are held, nothing is claimed, and
 * everything has ended. `test/support/erasure-columns.ts` says of every column of the database why it is here or not.
 */
export async function removePerson(
  transaction: Transaction,
  leadIds: readonly string[],
  { identities, addresses }: Traces,
  { now, keepHash }: { readonly now: Instant; readonly keepHash: boolean },
): Promise<void> {
  await forgetAudit(transaction, leadIds, addresses);
  const identityIds = identities.map(({ id }) => id);
  await transaction.query(sql`DELETE FROM score_ledger WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`DELETE FROM standing WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`DELETE FROM entry_condition WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`DELETE FROM attribute WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`DELETE FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(
    sql`DELETE FROM interaction WHERE lead_id IS NULL AND identity_id = ANY(${identityIds}::bigint[])`,
  );
  // The only way out of the append-only record (its trigger refuses every other).
  await transaction.query(sql`SELECT erase_consent(id) FROM unnest(${leadIds}::uuid[]) AS gone(id)`);
  await transaction.query(sql`DELETE FROM opt_in_request WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await removeMail(transaction, leadIds, addresses);
  await removeReceivers(transaction, addresses);
  await transaction.query(sql`
    UPDATE enrolment SET end_note = NULL, gap = NULL, trigger_interaction_id = NULL, step_entered_by = NULL, jumps = '{}'
    WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`
    UPDATE handoff SET outcome_reason = NULL,
           trigger = jsonb_strip_nulls(jsonb_build_object('modelKey', trigger->'modelKey', 'sequence', trigger->'sequence', 'step', trigger->'step'))
    WHERE lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`
    UPDATE webhook_delivery SET payload = '{"data": {}, "include": []}'::jsonb, last_error = CASE WHEN state = 'dead' THEN ${GONE} END
    WHERE lead_id = ANY(${leadIds}::uuid[])`);
  if (keepHash) await noteErasedIdentities(transaction, identities, now);
  await emptyIdentities(transaction, identityIds);
  await emptyLeads(transaction, leadIds);
}

const GONE = 'The person was erased.';

/** Mail to the person, about the person and from the person. That there was one, of which template, and when, is left for the figures. */
async function removeMail(
  transaction: Transaction,
  leadIds: readonly string[],
  addresses: readonly string[],
): Promise<void> {
  await transaction.query(sql`
    DELETE FROM mail_hit USING message WHERE message.id = message_id AND lead_id = ANY(${leadIds}::uuid[])`);
  await transaction.query(sql`
    UPDATE message_event SET note = NULL FROM message
    WHERE message.id = message_id AND lead_id = ANY(${leadIds}::uuid[]) AND note IS NOT NULL`);
  await transaction.query(sql`
    DELETE FROM inbound_mail
    WHERE lead_id = ANY(${leadIds}::uuid[]) OR message_id IN (SELECT id FROM message WHERE lead_id = ANY(${leadIds}::uuid[]))
       OR lower(from_address) = ANY(${addresses}::text[]) OR lower(envelope_from) = ANY(${addresses}::text[])`);
  // Without its claim's token, a result that comes too late is nobody's, and its text is not kept.
  await transaction.query(sql`
    UPDATE message SET address = NULL, detail = NULL, smtp_reply = NULL, provider_id = NULL, claim_token = NULL, question = NULL
    WHERE lead_id = ANY(${leadIds}::uuid[])`);
}

/** A receiving domain that is the person's alone names the person. */
async function removeReceivers(transaction: Transaction, addresses: readonly string[]): Promise<void> {
  const domains = [...new Set(addresses.map((address) => address.slice(address.lastIndexOf('@') + 1)))];
  const known = await transaction.query<{ domain: string }>(sql`
    SELECT domain FROM receiving_domain WHERE domain = ANY(${domains}::text[]) FOR UPDATE`);
  for (const { domain } of known) {
    await transaction.query(sql`
      DELETE FROM receiving_domain WHERE domain = ${domain} AND NOT EXISTS (
        SELECT FROM identity WHERE kind = 'email' AND right(value, length(${domain}::text) + 1) = '@' || ${domain} AND value <> ALL(${addresses}::text[]))`);
  }
}

/** Who did what, and when, stays; whatever was told besides goes. */
async function forgetAudit(
  transaction: Transaction,
  leadIds: readonly string[],
  addresses: readonly string[],
): Promise<void> {
  const hashes = addresses.map((address) => transaction.keyedHash(address));
  await transaction.query(sql`
    WITH subject AS (
      SELECT 'lead' AS kind, id::text FROM unnest(${leadIds}::uuid[]) AS gone(id)
      UNION ALL SELECT 'handoff', id::text FROM handoff WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'enrolment', id::text FROM enrolment WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'message', id::text FROM message WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'interaction', id::text FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'opt_in_request', id::text FROM opt_in_request WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'inbound_mail', id::text FROM inbound_mail WHERE lead_id = ANY(${leadIds}::uuid[])
      UNION ALL SELECT 'suppression', id::text FROM suppression WHERE address_hash = ANY(${hashes}::text[])
    )
    SELECT erase_audit_details(kind, array_agg(id)) FROM subject GROUP BY kind`);
}

/**
 * The rows stay, for ingest may be about to store for one of them, and nothing says any more whose they were. Deleting them
 * would look through all interactions, one by one.
 */
async function emptyIdentities(transaction: Transaction, identityIds: readonly number[]): Promise<void> {
  await transaction.query(sql`
    UPDATE identity SET lead_id = NULL, linked_at = NULL, value = 'erased:' || id WHERE id = ANY(${identityIds}::bigint[])`);
}

async function emptyLeads(transaction: Transaction, leadIds: readonly string[]): Promise<void> {
  const companies = await transaction.query<{ id: string }>(sql`
    SELECT id FROM account WHERE id IN (SELECT account_id FROM lead WHERE id = ANY(${leadIds}::uuid[])) ORDER BY id FOR UPDATE`);
  await transaction.query(sql`
    UPDATE lead SET stage = 'lead', account_id = NULL, locale = NULL, time_zone = NULL, parked_at = NULL, parked_error = NULL, refold = false,
           next_look_at = NULL
    WHERE id = ANY(${leadIds}::uuid[])`);
  // A company is no person. But where nobody else is known of it, it may be one: a freelancer's, a family's.
  const alone = await transaction.query<{ id: string }>(sql`
    UPDATE account SET domain = NULL, refold_after = NULL
    WHERE id = ANY(${companies.map(({ id }) => id)}::uuid[]) AND NOT EXISTS (SELECT FROM lead WHERE account_id = account.id) RETURNING id`);
  const ids = alone.map(({ id }) => id);
  await transaction.query(sql`DELETE FROM attribute WHERE account_id = ANY(${ids}::uuid[])`);
  await transaction.query(sql`SELECT erase_audit_details('account', ${ids}::text[])`);
}
