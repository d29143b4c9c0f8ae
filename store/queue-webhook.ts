import type { Instant } from '../domain/instant.ts';
import type { WebhookOrigin, WebhookPayload } from '../domain/webhook/event.ts';
import type { Transaction } from './database.ts';
import { newId } from './new-id.ts';
import { at, sql } from './sql.ts';

/** An event for one endpoint. */
export interface NewWebhook extends WebhookOrigin {
  readonly endpointKey: string;
  /** As receivers tell events apart: words joined by dots, such as `sequence.step`. */
  readonly eventType: string;
  /** No personal data: rows outlive a person's erasure. */
  readonly payload: WebhookPayload;
  readonly now: Instant;
}

/**
 * Puts an event into the outbox, in the transaction that makes it happen; a sender delivers it once that has committed.
 * The same visit to the same step tells once, however often this is called. What is meant for an endpoint that is not
 * there is kept as dead, for a replay once it is; a disabled endpoint's waits until it is enabled. Never throws for
 * either: a journey goes on whatever other systems do.
 *
 * Returns the delivery's id, or null where this visit has told already.
 */
export async function queueWebhook(transaction: Transaction, webhook: NewWebhook): Promise<string | null> {
  const { endpointKey, eventType, leadId, enrolmentId, stepId, visit, payload, now } = webhook;
  // The lock makes a deletion, or an enabling, wait for this transaction and then find the row; or this one find what they did.
  const [endpoint] = await transaction.query(sql`
    SELECT 1 FROM webhook_endpoint WHERE key = ${endpointKey} FOR SHARE`);
  const missing = endpoint === undefined;
  const error = missing ? `There was no endpoint "${endpointKey}": make it, then replay this.` : null;
  // Behind an earlier one of the lead that failed it is not due before that one is, so that claiming need not search it.
  const [row] = await transaction.query<{ id: string }>(sql`
    INSERT INTO webhook_delivery (id, endpoint_key, event_type, lead_id, enrolment_id, step_id, visit, payload, state, next_attempt_at,
                                  last_error, created_at, finished_at)
    VALUES (${newId()}::uuid, ${endpointKey}, ${eventType}, ${leadId}::uuid, ${enrolmentId}::uuid, ${stepId}, ${visit}::int,
            ${JSON.stringify(payload)}::jsonb, ${missing ? 'dead' : 'waiting'},
            CASE WHEN NOT ${missing} THEN greatest(${at(now)}::timestamptz, (
              SELECT max(next_attempt_at) FROM webhook_delivery
              WHERE endpoint_key = ${endpointKey} AND lead_id = ${leadId}::uuid AND state = 'waiting')) END,
            ${error}, ${at(now)}, ${at(missing ? now : null)})
    ON CONFLICT (enrolment_id, step_id, visit) DO NOTHING RETURNING id`);
  if (row === undefined) return null;
  if (!missing) await transaction.notify('tend_webhook');
  return row.id;
}
