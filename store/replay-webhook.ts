import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';
import { readWebhookDelivery, type WebhookDeliveryView } from './list-webhook-deliveries.ts';
import { recordAudit } from './record-audit.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';
import { readWebhookEndpoint } from './webhook-endpoints.ts';

/**
 * Has a delivery that is over, dead or delivered, sent once more, with all its attempts before it and under the same
 * `webhook-id`: a receiver that has it already knows it again.
 *
 * Throws `not-found`, and `conflict` when it is under way or its endpoint is not there.
 */
export async function replayWebhook(
  database: Database,
  id: string,
  { actor, now }: { readonly actor: Actor; readonly now: Instant },
): Promise<WebhookDeliveryView> {
  assertId('webhook delivery', id);
  return database.transaction(async (transaction) => {
    const { endpoint } = await readWebhookDelivery(transaction, id);
    const there = await transaction.query(sql`SELECT 1 FROM webhook_endpoint WHERE key = ${endpoint} FOR KEY SHARE`);
    if (there.length === 0) {
      const mend = `PUT /api/webhook-endpoints/${endpoint} makes it, then replay this again.`;
      throw new TendError('conflict', `There is no endpoint "${endpoint}" to send this to: ${mend}`);
    }
    const replayed = await transaction.query(sql`
      UPDATE webhook_delivery SET state = 'waiting', attempts = 0, next_attempt_at = ${at(now)}, finished_at = NULL
      WHERE id = ${id}::uuid AND state IN ('dead', 'delivered') RETURNING 1`);
    if (replayed.length === 0) {
      throw new TendError('conflict', 'This delivery is under way: it is sent, or waits for its next attempt, anyway.');
    }
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'webhook-delivery.replayed',
      subjectKind: 'webhook_delivery',
      subjectId: id,
      detail: { endpoint },
    });
    await transaction.notify('tend_webhook');
    return readWebhookDelivery(transaction, id);
  });
}

/**
 * The same with everything of an endpoint that is dead, in the order in which it was made: after an outage of days.
 * Returns how many. Throws `not-found`.
 */
export async function replayDeadWebhooks(
  database: Database,
  key: string,
  { actor, now }: { readonly actor: Actor; readonly now: Instant },
): Promise<number> {
  return database.transaction(async (transaction) => {
    await readWebhookEndpoint(transaction, key);
    // A deletion that comes first leaves no endpoint to lock, and then nothing is to be sent.
    const replayed = await transaction.query(sql`
      UPDATE webhook_delivery SET state = 'waiting', attempts = 0, next_attempt_at = ${at(now)}, finished_at = NULL
      WHERE endpoint_key = (SELECT key FROM webhook_endpoint WHERE key = ${key} FOR KEY SHARE) AND state = 'dead' RETURNING 1`);
    const detail = { deliveries: replayed.length };
    const subject = { subjectKind: 'webhook_endpoint', subjectId: key };
    await recordAudit(transaction, { actor, at: now, action: 'webhook-endpoint.replayed', ...subject, detail });
    await transaction.notify('tend_webhook');
    return replayed.length;
  });
}
