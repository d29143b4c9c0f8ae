import type { Instant } from '../domain/instant.ts';
import type { InteractionKind, Properties } from '../domain/interaction/interaction.ts';
import type { Database, Transaction } from './database.ts';
import { at, sql } from './sql.ts';

export type IdentityKind = 'email' | 'user_id' | 'anonymous_id' | 'phone';

/** Whose interaction it is: an identity's id where Tend knows it already, else a normalised kind and value. */
export type IdentityReference =
  /** A lead's. */ { readonly id: number } | { readonly kind: IdentityKind; readonly value: string };

/** An interaction as it comes in, validated and normalised. */
export interface NewInteraction {
  readonly source: string;
  readonly messageId: string;
  readonly identity: IdentityReference;
  readonly kind: InteractionKind;
  readonly name: string;
  readonly properties: Properties;
  /** For an identify: `{ traits, userId?, anonymousId? }`; for a group: `{ groupId, traits }`. */
  readonly context: Properties | null;
  readonly occurredAt: Instant;
  readonly receivedAt: Instant;
  /** The sender's own timestamp where `occurredAt` had to differ from it. */
  readonly claimedAt: string | null;
  /** Of a test lead's: `occurredAt` is by the lead's own clock already. Default: it is by the world's. */
  readonly ownTime?: boolean;
}

/**
 * Stores interactions in one transaction; what is stored once (same source and message id) stays as it was. It never
 * touches a lead's row. Returns how many were new.
 *
 * Whose they are is read under `FOR KEY SHARE` on the identities, which waits for a linking that is under way
 * (`FOR UPDATE`) and makes a later one wait: an interaction is never stored ownerless beside an owner.
 */
export async function ingestInteractions(database: Database, interactions: readonly NewInteraction[]): Promise<number> {
  if (interactions.length === 0) return 0;
  return database.transaction((transaction) => ingestWithin(transaction, interactions));
}

/** As `ingestInteractions`, as a part of a larger transaction (Tend's own interactions). */
export async function ingestWithin(transaction: Transaction, interactions: readonly NewInteraction[]): Promise<number> {
  const identities = await resolveIdentities(transaction, interactions);
  const rows = interactions.flatMap((interaction) => {
    const identity = identities.get(referenceKey(interaction.identity));
    // It went with its person, who is being erased at this moment.
    return identity === undefined ? [] : [{ interaction, identity }];
  });
  const stored = await transaction.query(sql`
    INSERT INTO interaction (source, message_id, identity_id, lead_id, kind, name, properties, context, occurred_at, received_at, claimed_at, own_time)
    SELECT * FROM unnest(
      ${rows.map((row) => row.interaction.source)}::text[],
      ${rows.map((row) => row.interaction.messageId)}::text[],
      ${rows.map((row) => row.identity.id)}::bigint[],
      ${rows.map((row) => row.identity.leadId)}::uuid[],
      ${rows.map((row) => row.interaction.kind)}::text[],
      ${rows.map((row) => row.interaction.name)}::text[],
      ${rows.map((row) => JSON.stringify(row.interaction.properties))}::jsonb[],
      ${rows.map((row) => (row.interaction.context === null ? null : JSON.stringify(row.interaction.context)))}::jsonb[],
      ${rows.map((row) => at(row.interaction.occurredAt))}::timestamptz[],
      ${rows.map((row) => at(row.interaction.receivedAt))}::timestamptz[],
      ${rows.map((row) => row.interaction.claimedAt)}::text[],
      ${rows.map((row) => row.interaction.ownTime ?? null)}::boolean[])
    ON CONFLICT (source, message_id) DO NOTHING
    RETURNING 1`);
  await transaction.notify('tend_interaction');
  return stored.length;
}

interface ResolvedIdentity {
  readonly id: number;
  readonly leadId: string | null;
}

async function resolveIdentities(
  transaction: Transaction,
  interactions: readonly NewInteraction[],
): Promise<ReadonlyMap<string, ResolvedIdentity>> {
  const ids = new Set<number>();
  const named = new Map<string, { kind: IdentityKind; value: string }>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const { identity, receivedAt } of interactions) {
    if ('id' in identity) ids.add(identity.id);
    else named.set(referenceKey(identity), identity);
    earliest = Math.min(earliest, receivedAt);
  }
  const resolved = new Map<string, ResolvedIdentity>();
  if (ids.size > 0) {
    const rows = await transaction.query<ResolvedIdentity>(sql`
      SELECT id, lead_id AS "leadId" FROM identity WHERE id = ANY(${[...ids]}::bigint[]) AND lead_id IS NOT NULL ORDER BY id FOR KEY SHARE`);
    for (const row of rows) resolved.set(referenceKey({ id: row.id }), row);
  }
  if (named.size > 0) {
    const lookUp = () => lockNamed(transaction, [...named.values()], resolved);
    await lookUp();
    const missing = [...named].filter(([key]) => !resolved.has(key)).map(([, identity]) => identity);
    if (missing.length > 0) {
      // In one order everywhere, so that two inserts of the same new identities wait for each other and never deadlock.
      missing.sort((a, b) => (a.kind === b.kind ? (a.value < b.value ? -1 : 1) : a.kind < b.kind ? -1 : 1));
      await transaction.query(sql`
        INSERT INTO identity (kind, value, created_at)
        SELECT kind, value, ${at(earliest)}::timestamptz
        FROM unnest(${missing.map(({ kind }) => kind)}::text[], ${missing.map(({ value }) => value)}::text[]) AS new(kind, value)
        ON CONFLICT (kind, value) DO NOTHING`);
      await lookUp();
    }
  }
  return resolved;
}

async function lockNamed(
  transaction: Transaction,
  identities: readonly { kind: IdentityKind; value: string }[],
  resolved: Map<string, ResolvedIdentity>,
): Promise<void> {
  const rows = await transaction.query<ResolvedIdentity & { kind: IdentityKind; value: string }>(sql`
    SELECT identity.id, identity.lead_id AS "leadId", identity.kind, identity.value
    FROM unnest(${identities.map(({ kind }) => kind)}::text[], ${identities.map(({ value }) => value)}::text[]) AS wanted(kind, value)
    JOIN identity ON identity.kind = wanted.kind AND identity.value = wanted.value
    ORDER BY identity.id FOR KEY SHARE OF identity`);
  for (const row of rows) resolved.set(referenceKey(row), row);
}

function referenceKey(identity: IdentityReference): string {
  return 'value' in identity ? `${identity.kind} ${identity.value}` : `#${identity.id}`;
}
