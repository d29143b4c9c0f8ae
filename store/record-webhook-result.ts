import { system } from '../domain/actor.ts';
import type { Instant } from '../domain/instant.ts';
import { type AfterAttempt, type Attempt, afterAttempt } from '../domain/webhook/attempt.ts';
import type { ClaimedWebhook } from './claim-webhooks.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/**
 * Records how a claim's attempt ended. Only the claim's bearer can: when its lease has ended and somebody else has claimed
 * it since, nothing is recorded and null is returned. An endpoint that said that it is gone is disabled, unless it has got
 * another address meanwhile.
 */
export async function recordWebhookResult(
  database: Database,
  clock: Clock,
  claim: Pick<ClaimedWebhook, 'id' | 'endpointKey' | 'url' | 'attempt' | 'claimedUntil'>,
  attempt: Attempt,
): Promise<AfterAttempt | null> {
  const now = clock.now();
  const after = afterAttempt(attempt, claim.attempt, now);
  const problem = after.state === 'delivered' ? null : after.problem;
  return database.transaction(async (transaction) => {
    // The endpoint before the delivery, as everybody locks them.
    if (after.state !== 'delivered' && after.disablesEndpoint) await disable(transaction, claim, now);
    const recorded = await transaction.query<DeliveryRow>(sql`
      UPDATE webhook_delivery SET state = ${after.state}, claimed_until = NULL,
             next_attempt_at = ${at(after.state === 'waiting' ? after.nextAttemptAt : null)},
             last_status = ${attempt.kind === 'answered' ? attempt.status : null}, last_error = ${problem},
             finished_at = ${at(after.state === 'waiting' ? null : now)}
      WHERE id = ${claim.id}::uuid AND state = 'claimed' AND attempts = ${claim.attempt} AND claimed_until = ${at(claim.claimedUntil)}
      RETURNING lead_id AS "leadId", seq`);
    const [row] = recorded;
    if (row === undefined) return null;
    if (after.state === 'waiting') await postponeLater(transaction, claim.endpointKey, row, after.nextAttemptAt);
    return after;
  });
}

interface DeliveryRow {
  readonly leadId: string | null;
  readonly seq: number;
}

/**
 * The lead's later ones wait for this one: they are not due before it is. Their order does not hang on that, but claiming
 * would search them each time, and behind an endpoint that is down they are many.
 */
async function postponeLater(
  transaction: Transaction,
  endpointKey: string,
  { leadId, seq }: DeliveryRow,
  until: Instant,
): Promise<void> {
  await transaction.query(sql`
    UPDATE webhook_delivery SET next_attempt_at = ${at(until)}
    WHERE endpoint_key = ${endpointKey} AND lead_id = ${leadId}::uuid AND seq > ${seq}::bigint AND state = 'waiting'
      AND next_attempt_at < ${at(until)}`);
}

async function disable(
  transaction: Transaction,
  { endpointKey, url }: Pick<ClaimedWebhook, 'endpointKey' | 'url'>,
  now: Instant,
): Promise<void> {
  const disabled = await transaction.query(sql`
    UPDATE webhook_endpoint SET disabled_at = ${at(now)} WHERE key = ${endpointKey} AND url = ${url} AND disabled_at IS NULL RETURNING 1`);
  if (disabled.length === 0) return;
  await recordAudit(transaction, {
    actor: system,
    at: now,
    action: 'webhook-endpoint.disabled',
    subjectKind: 'webhook_endpoint',
    subjectId: endpointKey,
    detail: { status: 410 },
  });
}
