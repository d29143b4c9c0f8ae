import { type Log, loggable } from '../config/log.ts';
import { MINUTE, SECOND } from '../domain/instant.ts';
import type { Attempt } from '../domain/webhook/attempt.ts';
import { type WebhookLead, webhookBody } from '../domain/webhook/event.ts';
import { MOST_ATTEMPTS } from '../domain/webhook/retry.ts';
import { type ClaimedWebhook, claimWebhooks } from '../store/claim-webhooks.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { readWebhookLead } from '../store/read-webhook-lead.ts';
import { recordWebhookResult } from '../store/record-webhook-result.ts';
import { type Loop, startLoop } from './loop.ts';
import { createWebhookClient, type WebhookClientOptions } from './webhook-client.ts';

/** Requests under way at once, over all endpoints … */
const AT_ONCE = 16;
/** … and to one endpoint: three that answer slowly leave room for a fourth. */
const PER_ENDPOINT = 4;
/** Standard Webhooks advises 15 to 30 seconds. */
const TIMEOUT_MS = 15 * SECOND;
/** Longer than an attempt can take, or two senders would make the same one at once. */
const LEASE_MS = MINUTE;

/**
 * Delivers what the outbox holds, as long as it runs; any number of them share the work. One attempt a claim: a sender that
 * dies in between leaves the claim to its lease, and the event may arrive twice, under the same id.
 */
export function startWebhookSender(
  context: {
    readonly database: Database;
    readonly clock: Clock;
    readonly log: Log;
  } & Pick<WebhookClientOptions, 'allowPrivate' | 'lookup'> & { readonly timeoutMs?: number },
): Loop {
  const { database, clock, log, timeoutMs = TIMEOUT_MS, ...options } = context;
  const client = createWebhookClient({ ...options, timeoutMs });
  const running = new Set<Promise<void>>();
  const busy = new Map<string, number>();

  async function attempt(claim: ClaimedWebhook): Promise<Attempt> {
    if (claim.attempt > MOST_ATTEMPTS) {
      return { kind: 'failed', problem: 'The last attempt ended without a result: nobody knows whether it arrived.' };
    }
    const { id, leadId, payload, secret, previousSecret } = claim;
    let lead: WebhookLead | null = null;
    try {
      if (leadId !== null && payload.include.length > 0)
        lead = await readWebhookLead(database, leadId, payload.include, clock.now());
    } catch (error) {
      log.warn({ id, ...loggable(error) }, 'what a webhook tells of its lead could not be read');
      return {
        kind: 'failed',
        problem: 'What is known of the lead could not be read: the log of the worker says why.',
      };
    }
    return client.send({
      url: claim.url,
      id,
      secrets: previousSecret === null ? [secret] : [secret, previousSecret],
      sentAt: new Date(clock.now()),
      body: webhookBody({ ...claim, type: claim.eventType, occurredAt: claim.createdAt }, lead),
    });
  }

  async function deliver(claim: ClaimedWebhook): Promise<void> {
    const after = await recordWebhookResult(database, clock, claim, await attempt(claim));
    const { id, endpointKey, attempt: attempts } = claim;
    if (after?.state === 'dead') log.warn({ id, endpointKey, attempts }, 'a webhook delivery is dead');
    else log.debug({ id, endpointKey, attempts, state: after?.state ?? 'lost' }, 'attempted a webhook delivery');
  }

  function start(claim: ClaimedWebhook): void {
    const { endpointKey } = claim;
    busy.set(endpointKey, (busy.get(endpointKey) ?? 0) + 1);
    const job: Promise<void> = deliver(claim)
      .catch((error: unknown) => log.error(loggable(error), 'a webhook attempt was not recorded; its lease will end'))
      .finally(() => {
        running.delete(job);
        const left = (busy.get(endpointKey) ?? 1) - 1;
        if (left === 0) busy.delete(endpointKey);
        else busy.set(endpointKey, left);
        loop.news();
      });
    running.add(job);
  }

  const loop = startLoop({
    name: 'delivering webhooks',
    log,
    async step() {
      const limit = AT_ONCE - running.size;
      if (limit > 0) {
        const claims = await claimWebhooks(database, clock, {
          limit,
          perEndpoint: PER_ENDPOINT,
          busy,
          leaseMs: LEASE_MS,
        });
        for (const claim of claims) start(claim);
      }
      // What ends makes room, and tells.
      return 'done';
    },
  });
  return {
    news: () => loop.news(),
    async stop() {
      await loop.stop();
      await Promise.all(running);
      await client.close();
    },
  };
}
