import { createHash } from 'node:crypto';
import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import type { SuppressionReason } from '../domain/sending/suppression.ts';
import { hashName, listReader, type SuppressionLine } from '../domain/sending/suppression-line.ts';
import type { Clock } from './clock.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/** Which key this installation hashes addresses with, told without telling anything of the key. */
export function keyNameOf(queryable: Pick<Queryable, 'keyedHash'>): string {
  return createHash('sha256').update(queryable.keyedHash('tend-hash-key-name')).digest('base64url').slice(0, 8);
}

export interface SuppressionView {
  readonly reason: SuppressionReason;
  readonly detail: string | null;
  readonly at: Instant;
  readonly actor: string;
  readonly liftedAt: Instant | null;
  readonly liftedBy: string | null;
}

/** Whether an address is written to, and all that ever stood against it. Throws `invalid-request`: no mail address. */
export async function lookUpSuppression(
  queryable: Queryable,
  given: string,
): Promise<{ readonly suppressed: boolean; readonly hash: string; readonly entries: readonly SuppressionView[] }> {
  const address = normaliseEmail(given);
  if (address === null)
    throw new TendError('invalid-request', 'That is no mail address.', [
      { path: 'address', problem: 'must be a mail address, such as tanja@example.com' },
    ]);
  const hash = queryable.keyedHash(address);
  const entries = await queryable.query<SuppressionView>(sql`
    SELECT reason, detail, at, actor, lifted_at AS "liftedAt", lifted_by AS "liftedBy" FROM suppression
    WHERE channel = 'email' AND address_hash = ${hash} ORDER BY id`);
  const suppressed = entries.some(({ liftedAt }) => liftedAt === null);
  return { suppressed, hash: hashName(keyNameOf(queryable), hash), entries };
}

const EXPORTED_AT_ONCE = 1_000;

/** What is in force, oldest first, a page at a time: hashes, never an address. */
export async function* exportSuppressions(
  database: Database,
): AsyncGenerator<readonly { readonly hash: string; readonly reason: SuppressionReason; readonly at: Instant }[]> {
  const keyName = keyNameOf(database);
  for (let after = 0; ; ) {
    const rows = await database.query<{ id: number; hash: string; reason: SuppressionReason; at: Instant }>(sql`
      SELECT id, address_hash AS hash, reason, at FROM suppression
      WHERE channel = 'email' AND lifted_at IS NULL AND id > ${after}::bigint ORDER BY id LIMIT ${EXPORTED_AT_ONCE}::int`);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.map(({ hash, reason, at: since }) => ({ hash: hashName(keyName, hash), reason, at: since }));
  }
}

export interface ImportReport {
  readonly lines: number;
  readonly added: number;
  /** Stood in the list already. */
  readonly already: number;
  readonly refused: number;
  /** The first of those refused. */
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
}

const IMPORTED_AT_ONCE = 500;
/** A file of another kind is wrong in every line: the first of them say it. */
export const MOST_PROBLEMS = 1_000;

/**
 * Takes a list in, line by line, in batches that each stand by themselves: what went in stays in if a later one fails, and the
 * same list again adds nothing. Lines that can't be used are reported, and hold up none of the others. Who has one of the
 * addresses is planned anew. `firstLine` counts from there, for parts of a longer file.
 */
export async function importSuppressions(
  database: Database,
  clock: Clock,
  {
    lines,
    firstLine,
    actor,
  }: { readonly lines: AsyncIterable<string>; readonly firstLine: number; readonly actor: Actor },
): Promise<ImportReport> {
  const reader = listReader(keyNameOf(database));
  const problems: { line: number; problem: string }[] = [];
  let [count, added, already, refused] = [0, 0, 0, 0];
  let batch: SuppressionLine[] = [];
  const [last] = await database.query<{ id: number }>(sql`SELECT coalesce(max(id), 0) AS id FROM suppression`);
  let byHash = false;
  const flush = async (): Promise<void> => {
    const fresh = await database.transaction((transaction) => insert(transaction, batch, actor, clock.now()));
    added += fresh;
    already += batch.length - fresh;
    batch = [];
  };
  for await (const text of lines) {
    count += 1;
    const read = reader.read(text);
    if (read === 'empty') continue;
    if ('problem' in read) {
      refused += 1;
      if (problems.length < MOST_PROBLEMS) problems.push({ line: firstLine + count - 1, problem: read.problem });
      continue;
    }
    byHash ||= 'hash' in read.subject;
    batch.push(read);
    if (batch.length === IMPORTED_AT_ONCE) await flush();
  }
  if (batch.length > 0) await flush();
  if (byHash && added > 0) await wakeWhoIsHashed(database, last?.id ?? 0);
  if (added > 0) await noteImport(database, { added, already, refused }, actor, clock.now());
  return { lines: count, added, already, refused, problems };
}

/** Returns how many are new. */
async function insert(
  transaction: Transaction,
  batch: readonly SuppressionLine[],
  actor: Actor,
  now: Instant,
): Promise<number> {
  const rows = batch.map(({ subject, reason, at: since }) => ({
    hash: 'hash' in subject ? subject.hash : transaction.keyedHash(subject.address),
    reason,
    since: since === null ? now : Math.min(since, now),
  }));
  const added = await transaction.query<{ hash: string }>(sql`
    INSERT INTO suppression (channel, address_hash, reason, at, actor)
    SELECT 'email', hash, reason, since, ${actor.name} FROM unnest(
      ${rows.map(({ hash }) => hash)}::text[], ${rows.map(({ reason }) => reason)}::text[],
      ${rows.map(({ since }) => at(since))}::timestamptz[]) AS new(hash, reason, since)
    ON CONFLICT (channel, address_hash, reason) WHERE lifted_at IS NULL DO NOTHING RETURNING address_hash AS hash`);
  const fresh = new Set(added.map(({ hash }) => hash));
  const addresses = batch.flatMap(({ subject }) =>
    'address' in subject && fresh.has(transaction.keyedHash(subject.address)) ? [subject.address] : [],
  );
  const leads = await transaction.query<{ id: string }>(sql`
    SELECT DISTINCT lead_id AS id FROM identity WHERE kind = 'email' AND value = ANY(${addresses}::text[]) AND lead_id IS NOT NULL ORDER BY 1`);
  await raiseAttention(
    transaction,
    leads.map(({ id }) => id),
  );
  return added.length;
}

const LOOKED_AT_ONCE = 5_000;

/** Whose address a hash is can only be found by hashing all: who has one of those added since `afterId` is planned anew. */
async function wakeWhoIsHashed(database: Database, afterId: number): Promise<void> {
  for (let after = 0; ; ) {
    const page = await database.query<{ id: number; value: string; leadId: string | null }>(sql`
      SELECT id, value, lead_id AS "leadId" FROM identity WHERE kind = 'email' AND id > ${after}::bigint ORDER BY id LIMIT ${LOOKED_AT_ONCE}::int`);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
    const byHash = new Map(page.map(({ value, leadId }) => [database.keyedHash(value), leadId]));
    await database.transaction(async (transaction) => {
      const rows = await transaction.query<{ hash: string }>(sql`
        SELECT DISTINCT address_hash AS hash FROM suppression WHERE id > ${afterId}::bigint AND address_hash = ANY(${[...byHash.keys()]}::text[])`);
      const leads = rows.flatMap(({ hash }) => byHash.get(hash) ?? []);
      await raiseAttention(transaction, [...new Set(leads)].sort());
    });
  }
}

/** One row for a list: thousands would say no more. */
async function noteImport(
  database: Database,
  detail: { readonly added: number; readonly already: number; readonly refused: number },
  actor: Actor,
  now: Instant,
): Promise<void> {
  await database.transaction((transaction) =>
    recordAudit(transaction, {
      actor,
      at: now,
      action: 'suppression.imported',
      subjectKind: 'installation',
      subjectId: '1',
      detail,
    }),
  );
}
