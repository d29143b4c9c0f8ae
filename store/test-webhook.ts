import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { TEST_EVENT } from '../domain/webhook/event.ts';
import type { Database } from './database.ts';
import { readWebhookDelivery, type WebhookDeliveryView } from './list-webhook-deliveries.ts';
import { queueWebhook } from './queue-webhook.ts';
import { recordAudit } from './record-audit.ts';
import { readWebhookEndpoint } from './webhook-endpoints.ts';

/**
 * Sends an event that means nothing to an endpoint, on the way that every event takes.
 *
 * Throws `not-found`, and `conflict` when the endpoint is disabled.
 */
export async function testWebhook(
  database: Database,
  key: string,
  { actor, now }: { readonly actor: Actor; readonly now: Instant },
): Promise<WebhookDeliveryView> {
  return database.transaction(async (transaction) => {
    const { disabledAt } = await readWebhookEndpoint(transaction, key);
    if (disabledAt !== null) {
      throw new TendError('conflict', `The endpoint "${key}" is disabled: PUT it with "disabled": false first.`);
    }
    const id = await queueWebhook(transaction, {
      endpointKey: key,
      eventType: TEST_EVENT,
      leadId: null,
      enrolmentId: null,
      stepId: null,
      visit: null,
      payload: { data: { endpoint: key }, include: [] },
      now,
    });
    if (id === null) throw new Error('an event without an enrolment is never the same as another');
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'webhook-endpoint.tested',
      subjectKind: 'webhook_endpoint',
      subjectId: key,
    });
    return readWebhookDelivery(transaction, id);
  });
}
