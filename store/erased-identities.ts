import { LATE_EVENTS_MS } from '../domain/erasure/erasure.ts';
import type { Instant } from '../domain/instant.ts';
import type { Clock } from './clock.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { at, sql } from './sql.ts';

/** What somebody is recognised by. */
export interface NamedIdentity {
  readonly kind: string;
  readonly value: string;
}

/** Remembers by keyed hash what an erased person was recognised by, so that late events can be told. */
export async function noteErasedIdentities(
  transaction: Transaction,
  identities: readonly NamedIdentity[],
  now: Instant,
): Promise<void> {
  const hashes = identities.map((identity) => hashOf(transaction, identity));
  await transaction.query(sql`
    INSERT INTO erased_identity (value_hash, erased_at)
    SELECT DISTINCT hash, ${at(now)}::timestamptz FROM unnest(${hashes}::text[]) AS new(hash)
    ON CONFLICT (value_hash) DO UPDATE SET erased_at = greatest(erased_identity.erased_at, excluded.erased_at)`);
}

/** When the person that one of `identities` belonged to was erased, the last time; null: never, or too long ago to matter. */
export async function erasedSince(queryable: Queryable, identities: readonly NamedIdentity[]): Promise<Instant | null> {
  const hashes = identities.map((identity) => hashOf(queryable, identity));
  const [row] = await queryable.query<{ erasedAt: Instant | null }>(sql`
    SELECT max(erased_at) AS "erasedAt" FROM erased_identity WHERE value_hash = ANY(${hashes}::text[])`);
  return row?.erasedAt ?? null;
}

/** How far back new identities are looked at: what came in at the moment of an erasure has been stored by then. */
const LOOK_BACK_MS = 15 * 60_000;
const BATCH = 1_000;

/**
 * Removes what came in of erased people from before their erasure: events that were on their way, or that a browser had
 * held back, and fetches of their mails' pictures. Looks at the ownerless identities made lately. And forgets the hashes that no such event can be told by any
 * more. Returns how many interactions went.
 */
export async function dropLateEvents(database: Database, clock: Clock): Promise<number> {
  const now = clock.now();
  await database.query(sql`DELETE FROM erased_identity WHERE erased_at < ${at(now - LATE_EVENTS_MS)}`);
  await database.query(sql`
    DELETE FROM mail_hit USING message, erasure
    WHERE done_at >= ${at(now - LOOK_BACK_MS)} AND message.lead_id = ANY(erasure.lead_ids) AND message.id = mail_hit.message_id`);
  const [some] = await database.query(sql`SELECT 1 FROM erased_identity LIMIT 1`);
  if (some === undefined) return 0;
  let dropped = 0;
  for (let after = 0; ; ) {
    const fresh = await database.query<NamedIdentity & { id: number }>(sql`
      SELECT id, kind, value FROM identity
      WHERE lead_id IS NULL AND created_at >= ${at(now - LOOK_BACK_MS)} AND id > ${after}::bigint ORDER BY id LIMIT ${BATCH}::int`);
    const last = fresh.at(-1);
    if (last === undefined) return dropped;
    after = last.id;
    dropped += await dropOf(database, fresh);
  }
}

async function dropOf(database: Database, fresh: readonly (NamedIdentity & { id: number })[]): Promise<number> {
  const byHash = new Map(fresh.map((identity) => [hashOf(database, identity), identity.id]));
  const erased = await database.query<{ hash: string; erasedAt: Instant }>(sql`
    SELECT value_hash AS hash, erased_at AS "erasedAt" FROM erased_identity WHERE value_hash = ANY(${[...byHash.keys()]}::text[])`);
  let dropped = 0;
  for (const { hash, erasedAt } of erased) {
    const id = byHash.get(hash) as number;
    dropped += await database.transaction(async (transaction) => {
      const count = await dropBefore(transaction, [id], erasedAt);
      await dropUnused(transaction, [id]);
      return count;
    });
  }
  return dropped;
}

/** Removes the interactions of these ownerless identities from before `erasedAt`. Returns how many. */
export async function dropBefore(
  transaction: Transaction,
  identityIds: readonly number[],
  erasedAt: Instant,
): Promise<number> {
  // Ingest holds an identity FOR KEY SHARE while it stores: it is waited for, or waits and makes the identity anew.
  const locked = await transaction.query<{ id: number }>(sql`
    SELECT id FROM identity WHERE id = ANY(${identityIds}::bigint[]) AND lead_id IS NULL ORDER BY id FOR UPDATE`);
  const ids = locked.map(({ id }) => id);
  if (ids.length === 0) return 0;
  const gone = await transaction.query(sql`
    DELETE FROM interaction
    WHERE identity_id = ANY(${ids}::bigint[]) AND lead_id IS NULL AND occurred_at <= ${at(erasedAt)} RETURNING 1`);
  return gone.length;
}

/** Removes those of these ownerless identities that nothing is left of. The caller has locked them. */
export async function dropUnused(transaction: Transaction, identityIds: readonly number[]): Promise<void> {
  await transaction.query(sql`
    DELETE FROM identity WHERE id = ANY(${identityIds}::bigint[]) AND lead_id IS NULL
      AND NOT EXISTS (SELECT FROM interaction WHERE interaction.identity_id = identity.id)`);
}

/** Of the kind too: a user id may read like another kind's value. */
function hashOf(queryable: Queryable, { kind, value }: NamedIdentity): string {
  return queryable.keyedHash(`${kind}\0${value}`);
}
