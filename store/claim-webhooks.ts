import type { Instant } from '../domain/instant.ts';
import type { WebhookOrigin, WebhookPayload } from '../domain/webhook/event.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { at, sql } from './sql.ts';

/** The right to try one delivery once, until `claimedUntil`. */
export interface ClaimedWebhook extends WebhookOrigin {
  readonly id: string;
  readonly endpointKey: string;
  readonly url: string;
  readonly secret: string;
  /** Signs too, for receivers that do not know the new secret yet; null once the rotation is over. */
  readonly previousSecret: string | null;
  readonly eventType: string;
  readonly payload: WebhookPayload;
  readonly createdAt: Instant;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  readonly claimedUntil: Instant;
}

export interface WebhookClaimRequest {
  readonly limit: number;
  /** How many of one endpoint this sender may have at once: a slow endpoint must not hold up the others. */
  readonly perEndpoint: number;
  /** How many it has of each already. */
  readonly busy: ReadonlyMap<string, number>;
  readonly leaseMs: number;
}

/**
 * Claims what is due, oldest first. A lead's later delivery to an endpoint is not claimed while an earlier one is open. A
 * claim whose lease has ended is claimed again, for its sender has died: the receiver may then get it twice.
 */
export async function claimWebhooks(
  database: Database,
  clock: Clock,
  { limit, perEndpoint, busy, leaseMs }: WebhookClaimRequest,
): Promise<ClaimedWebhook[]> {
  const now = clock.now();
  const until = at(now + leaseMs);
  return database.query<ClaimedWebhook>(sql`
    WITH room AS (
      SELECT endpoint.key, ${perEndpoint}::int - coalesce(busy.count, 0) AS count
      FROM webhook_endpoint AS endpoint
      LEFT JOIN unnest(${[...busy.keys()]}::text[], ${[...busy.values()]}::int[]) AS busy(key, count) ON busy.key = endpoint.key
      WHERE disabled_at IS NULL AND coalesce(busy.count, 0) < ${perEndpoint}::int
    ), due AS MATERIALIZED (
      SELECT next.id FROM room CROSS JOIN LATERAL (
        SELECT id, next_attempt_at, seq FROM webhook_delivery AS delivery
        WHERE endpoint_key = room.key AND state IN ('waiting', 'claimed') AND next_attempt_at <= ${at(now)}
          AND NOT EXISTS (
            SELECT FROM webhook_delivery AS earlier
            WHERE earlier.endpoint_key = delivery.endpoint_key AND earlier.lead_id = delivery.lead_id
              AND earlier.state IN ('waiting', 'claimed') AND earlier.seq < delivery.seq)
        ORDER BY next_attempt_at, seq LIMIT room.count FOR UPDATE SKIP LOCKED) AS next
      ORDER BY next.next_attempt_at, next.seq LIMIT ${limit}::int
    )
    UPDATE webhook_delivery AS delivery
    SET state = 'claimed', attempts = attempts + 1, claimed_until = ${until}, next_attempt_at = ${until}
    FROM due, webhook_endpoint AS endpoint
    WHERE delivery.id = due.id AND endpoint.key = delivery.endpoint_key
    RETURNING delivery.id, endpoint_key AS "endpointKey", url, secret,
              CASE WHEN previous_secret_until > ${at(now)} THEN previous_secret END AS "previousSecret", event_type AS "eventType", payload,
              lead_id AS "leadId", enrolment_id AS "enrolmentId", step_id AS "stepId", visit, delivery.created_at AS "createdAt",
              attempts AS attempt, claimed_until AS "claimedUntil"`);
}
