import { createHash, randomBytes } from 'node:crypto';
import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { newId } from './new-id.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export type ApiKeyKind = 'write' | 'secret';

/** A key as it is kept: without itself. */
export interface ApiKey {
  readonly id: string;
  readonly kind: ApiKeyKind;
  /** For a write key, the source of the interactions that come in under it. */
  readonly name: string;
  /** The last four characters. */
  readonly hint: string;
  readonly createdAt: Instant;
  readonly revokedAt: Instant | null;
}

export interface NewApiKey {
  readonly kind: ApiKeyKind;
  readonly name: string;
  /** A key preset by the operator; by default one is made. */
  readonly key?: string | undefined;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Makes a key. The answer holds the key itself, which can't be read again later. A preset key that is known already
 * stays as it is, so this may be called at each start.
 *
 * Throws `invalid-request`: a name that is empty, too long or reserved.
 */
export async function createApiKey(database: Database, input: NewApiKey): Promise<ApiKey & { readonly key: string }> {
  const { kind, actor, now } = input;
  const name = input.name.trim();
  if (name === '' || name.length > 100 || name === TEND_SOURCE) {
    throw new TendError('invalid-request', 'The key needs a name.', [
      {
        path: 'name',
        problem: `must be 1 to 100 characters and not "${TEND_SOURCE}", which is the source of what Tend records itself`,
      },
    ]);
  }
  const key = input.key ?? `${kind === 'write' ? 'wk' : 'sk'}_${randomBytes(24).toString('base64url')}`;
  const id = newId();
  return database.transaction(async (transaction) => {
    const made = await transaction.query(sql`
      INSERT INTO api_key (id, kind, name, key_hash, hint, created_at)
      VALUES (${id}::uuid, ${kind}, ${name}, ${keyHash(key)}, ${key.slice(-4)}, ${at(now)})
      ON CONFLICT (key_hash) DO NOTHING RETURNING 1`);
    if (made.length > 0) {
      await recordAudit(transaction, {
        actor,
        at: now,
        action: 'api_key.created',
        subjectKind: 'api_key',
        subjectId: id,
        detail: { kind, name },
      });
    }
    const [stored] = await transaction.query<ApiKey>(sql`
      SELECT id, kind, name, hint, created_at AS "createdAt", revoked_at AS "revokedAt" FROM api_key WHERE key_hash = ${keyHash(key)}`);
    if (stored === undefined) throw new Error('a stored key was not found');
    return { ...stored, key };
  });
}

/** All keys, oldest first. */
export async function listApiKeys(database: Database): Promise<ApiKey[]> {
  const keys = await database.prisma.apiKey.findMany({
    omit: { keyHash: true },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  });
  return keys.map((key) => ({
    ...key,
    kind: key.kind as ApiKeyKind,
    createdAt: key.createdAt.getTime(),
    revokedAt: key.revokedAt?.getTime() ?? null,
  }));
}

/** Ends a key. API processes notice within a few seconds. Throws `not-found`. */
export async function revokeApiKey(database: Database, id: string, actor: Actor, now: Instant): Promise<void> {
  await database.transaction(async (transaction) => {
    const [row] = await transaction.query<{ revokedAt: Instant | null }>(sql`
      SELECT revoked_at AS "revokedAt" FROM api_key WHERE id = ${id}::uuid FOR UPDATE`);
    if (row === undefined) throw new TendError('not-found', `There is no key ${id}.`);
    if (row.revokedAt !== null) return;
    await transaction.query(sql`UPDATE api_key SET revoked_at = ${at(now)} WHERE id = ${id}::uuid`);
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'api_key.revoked',
      subjectKind: 'api_key',
      subjectId: id,
    });
  });
}

/** The key in force that reads `key`, or null. */
export async function findApiKey(database: Database, key: string): Promise<ApiKey | null> {
  const [row] = await database.query<ApiKey>(sql`
    SELECT id, kind, name, hint, created_at AS "createdAt", revoked_at AS "revokedAt"
    FROM api_key WHERE key_hash = ${keyHash(key)} AND revoked_at IS NULL`);
  return row ?? null;
}

/** Keys are 192 random bits: a plain hash keeps them, and a look-up stays one index access. */
function keyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
