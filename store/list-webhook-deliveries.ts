import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { WebhookPayload } from '../domain/webhook/event.ts';
import type { Queryable } from './database.ts';
import { assertId } from './resolve-lead.ts';
import { sql } from './sql.ts';

export const webhookStates = ['waiting', 'claimed', 'delivered', 'dead'] as const;
export type WebhookState = (typeof webhookStates)[number];

export interface WebhookDeliveryView {
  /** The receiver's `webhook-id`. */
  readonly id: string;
  readonly endpoint: string;
  readonly type: string;
  readonly leadId: string | null;
  readonly enrolmentId: string | null;
  readonly step: string | null;
  readonly visit: number | null;
  /** What the event says, without what of the lead is added when it is sent. */
  readonly data: WebhookPayload['data'];
  readonly include: WebhookPayload['include'];
  readonly state: WebhookState;
  readonly attempts: number;
  readonly nextAttemptAt: Instant | null;
  /** It waits for its endpoint to be enabled. */
  readonly endpointDisabled: boolean;
  /** It waits for this earlier delivery of the same lead. */
  readonly waitsFor: string | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Instant;
  readonly finishedAt: Instant | null;
}

/** Deliveries, newest first. */
export async function listWebhookDeliveries(
  queryable: Queryable,
  filter: {
    readonly state?: WebhookState | undefined;
    readonly endpoint?: string | undefined;
    readonly leadId?: string | undefined;
    readonly limit: number;
  },
): Promise<WebhookDeliveryView[]> {
  const { state = null, endpoint = null, leadId = null, limit } = filter;
  return read(queryable, { id: null, state, endpoint, leadId, limit });
}

/** One delivery. Throws `not-found`. */
export async function readWebhookDelivery(queryable: Queryable, id: string): Promise<WebhookDeliveryView> {
  assertId('webhook delivery', id);
  const [delivery] = await read(queryable, { id, state: null, endpoint: null, leadId: null, limit: 1 });
  if (delivery === undefined) throw new TendError('not-found', `There is no webhook delivery ${id}.`);
  return delivery;
}

interface Filter {
  readonly id: string | null;
  readonly state: WebhookState | null;
  readonly endpoint: string | null;
  readonly leadId: string | null;
  readonly limit: number;
}

async function read(
  queryable: Queryable,
  { id, state, endpoint, leadId, limit }: Filter,
): Promise<WebhookDeliveryView[]> {
  return queryable.query<WebhookDeliveryView>(sql`
    SELECT delivery.id, endpoint_key AS endpoint, event_type AS type, lead_id AS "leadId", enrolment_id AS "enrolmentId", step_id AS step,
           visit, payload->'data' AS data, payload->'include' AS include, state, attempts, next_attempt_at AS "nextAttemptAt",
           state = 'waiting' AND endpoint.disabled_at IS NOT NULL AS "endpointDisabled",
           CASE WHEN state = 'waiting' THEN (
             SELECT earlier.id FROM webhook_delivery AS earlier
             WHERE earlier.endpoint_key = delivery.endpoint_key AND earlier.lead_id = delivery.lead_id
               AND earlier.state IN ('waiting', 'claimed') AND earlier.seq < delivery.seq
             ORDER BY earlier.seq DESC LIMIT 1) END AS "waitsFor",
           last_status AS "lastStatus", last_error AS "lastError", delivery.created_at AS "createdAt", finished_at AS "finishedAt"
    FROM webhook_delivery AS delivery LEFT JOIN webhook_endpoint AS endpoint ON endpoint.key = endpoint_key
    WHERE (${id}::uuid IS NULL OR delivery.id = ${id}::uuid) AND (${state}::text IS NULL OR state = ${state}::text)
      AND (${endpoint}::text IS NULL OR endpoint_key = ${endpoint}::text) AND (${leadId}::uuid IS NULL OR lead_id = ${leadId}::uuid)
    ORDER BY seq DESC LIMIT ${limit}::int`);
}
