import { randomBytes } from 'node:crypto';
import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { ROTATION_MS, type WebhookEndpointInput } from '../domain/webhook/endpoint.ts';
import type { Database, Queryable } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export interface WebhookEndpoint {
  readonly key: string;
  readonly url: string;
  readonly description: string | null;
  /** Its deliveries wait since then. */
  readonly disabledAt: Instant | null;
  /** Until when the secret before the last rotation signs too. */
  readonly previousSecretUntil: Instant | null;
  readonly createdAt: Instant;
  readonly deliveries: { readonly waiting: number; readonly dead: number };
}

/** An endpoint as it was stored, with its secret where this made one: it is shown this once. */
export interface StoredWebhookEndpoint extends WebhookEndpoint {
  readonly created: boolean;
  readonly secret?: string;
}

/**
 * Makes an endpoint or changes it. What waits for one that is enabled again, or that gets another address, is due at once.
 */
export async function putWebhookEndpoint(
  database: Database,
  key: string,
  input: WebhookEndpointInput,
  { actor, now }: { readonly actor: Actor; readonly now: Instant },
): Promise<StoredWebhookEndpoint> {
  const fresh = `whsec_${randomBytes(32).toString('base64')}`;
  return database.transaction(async (transaction) => {
    const made = await transaction.query(sql`
      INSERT INTO webhook_endpoint (key, url, secret, description, disabled_at, created_at)
      VALUES (${key}, ${input.url}, ${fresh}, ${input.description ?? null}, ${at(input.disabled === true ? now : null)}, ${at(now)})
      ON CONFLICT (key) DO NOTHING RETURNING 1`);
    const created = made.length > 0;
    const rotated = !created && input.rotateSecret === true;
    if (!created) {
      const [before] = await transaction.query<{ url: string; disabledAt: Instant | null }>(sql`
        SELECT url, disabled_at AS "disabledAt" FROM webhook_endpoint WHERE key = ${key} FOR NO KEY UPDATE`);
      if (before === undefined)
        throw new TendError('conflict', `The endpoint "${key}" was deleted just now: try again.`);
      const disabledAt =
        input.disabled === undefined ? before.disabledAt : input.disabled ? (before.disabledAt ?? now) : null;
      await transaction.query(sql`
        UPDATE webhook_endpoint SET url = ${input.url}, disabled_at = ${at(disabledAt)},
               description = CASE WHEN ${input.description !== undefined} THEN ${input.description ?? null} ELSE description END,
               previous_secret = CASE WHEN ${rotated} THEN secret ELSE previous_secret END,
               previous_secret_until = CASE WHEN ${rotated} THEN ${at(now + ROTATION_MS)}::timestamptz ELSE previous_secret_until END,
               secret = CASE WHEN ${rotated} THEN ${fresh} ELSE secret END
        WHERE key = ${key}`);
      if (disabledAt === null && (before.url !== input.url || before.disabledAt !== null)) {
        await transaction.query(sql`
          UPDATE webhook_delivery SET next_attempt_at = ${at(now)}
          WHERE endpoint_key = ${key} AND state = 'waiting' AND next_attempt_at > ${at(now)}`);
        await transaction.notify('tend_webhook');
      }
    }
    await recordAudit(transaction, {
      actor,
      at: now,
      action: created ? 'webhook-endpoint.created' : 'webhook-endpoint.changed',
      subjectKind: 'webhook_endpoint',
      subjectId: key,
      detail: { rotated, ...(input.disabled === undefined ? {} : { disabled: input.disabled }) },
    });
    const endpoint = await readWebhookEndpoint(transaction, key);
    return { ...endpoint, created, ...(created || rotated ? { secret: fresh } : {}) };
  });
}

/** Throws `not-found`. */
export async function readWebhookEndpoint(queryable: Queryable, key: string): Promise<WebhookEndpoint> {
  const [endpoint] = await read(queryable, key);
  if (endpoint === undefined) throw noSuchEndpoint(key);
  return endpoint;
}

/** All endpoints, by key. */
export async function listWebhookEndpoints(queryable: Queryable): Promise<WebhookEndpoint[]> {
  return read(queryable, null);
}

/** Deletes an endpoint. What waited for it is kept as dead. Throws `not-found`. */
export async function deleteWebhookEndpoint(
  database: Database,
  key: string,
  { actor, now }: { readonly actor: Actor; readonly now: Instant },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const deleted = await transaction.query(sql`DELETE FROM webhook_endpoint WHERE key = ${key} RETURNING 1`);
    if (deleted.length === 0) throw noSuchEndpoint(key);
    await transaction.query(sql`
      UPDATE webhook_delivery SET state = 'dead', last_error = 'The endpoint was deleted.', next_attempt_at = NULL, claimed_until = NULL,
             finished_at = ${at(now)}
      WHERE endpoint_key = ${key} AND state IN ('waiting', 'claimed')`);
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'webhook-endpoint.deleted',
      subjectKind: 'webhook_endpoint',
      subjectId: key,
    });
  });
}

export function noSuchEndpoint(key: string): TendError {
  return new TendError(
    'not-found',
    `There is no webhook endpoint "${key}": PUT /api/webhook-endpoints/${key} makes it.`,
  );
}

async function read(queryable: Queryable, key: string | null): Promise<WebhookEndpoint[]> {
  return queryable.query<WebhookEndpoint>(sql`
    SELECT key, url, description, disabled_at AS "disabledAt",
           CASE WHEN previous_secret IS NOT NULL THEN previous_secret_until END AS "previousSecretUntil", created_at AS "createdAt",
           jsonb_build_object(
             'waiting', (SELECT count(*) FROM webhook_delivery WHERE endpoint_key = endpoint.key AND state IN ('waiting', 'claimed')),
             'dead', (SELECT count(*) FROM webhook_delivery WHERE endpoint_key = endpoint.key AND state = 'dead')) AS deliveries
    FROM webhook_endpoint AS endpoint WHERE (${key}::text IS NULL OR key = ${key}::text) ORDER BY key`);
}
