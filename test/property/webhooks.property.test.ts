import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../domain/instant.ts';
import type { Attempt } from '../../domain/webhook/attempt.ts';
import { type ClaimedWebhook, claimWebhooks } from '../../store/claim-webhooks.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { queueWebhook } from '../../store/queue-webhook.ts';
import { recordWebhookResult } from '../../store/record-webhook-result.ts';
import { sql } from '../../store/sql.ts';
import { putWebhookEndpoint } from '../../store/webhook-endpoints.ts';
import { tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { SCALE } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const LEASE = MINUTE;
const PER_ENDPOINT = 3;
let database: Database;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => database.close());

const endpoints = ['crm', 'shop'];
const leads = [newId(), newId(), null];
const answers: Attempt[] = [
  { kind: 'answered', status: 200 },
  { kind: 'answered', status: 500 },
  { kind: 'answered', status: 410 },
  { kind: 'failed', problem: 'No answer.' },
];

const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('queue'), endpoint: fc.nat(1), lead: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('claim'), limit: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('result'), of: fc.nat(20), answer: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(SECOND, 5 * SECOND, LEASE, 30 * MINUTE) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('enable'), endpoint: fc.nat(1) }) },
) as fc.Arbitrary<Command>;

type Command =
  | { readonly do: 'queue'; readonly endpoint: number; readonly lead: number }
  | { readonly do: 'claim'; readonly limit: number }
  | { readonly do: 'result'; readonly of: number; readonly answer: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'enable'; readonly endpoint: number };

it('whatever is queued, claimed, answered, lost and enabled when: one open claim each, in a lead’s order, and all arrive', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 60 }), async (commands) => {
      const clock = testClock(NOON);
      await database.query(sql`TRUNCATE webhook_delivery`);
      await enable();
      /** What senders hold, dead ones included: each may still come with its result. */
      const held: ClaimedWebhook[] = [];
      /** Until when a claim is good: nobody else may get it before. */
      const leases = new Map<string, number>();
      const arrived: string[] = [];

      async function enable(only = endpoints): Promise<void> {
        for (const key of only)
          await putWebhookEndpoint(
            database,
            key,
            { url: `https://${key}.example`, disabled: false },
            { actor: tester, now: clock.now() },
          );
      }

      async function claim(limit: number): Promise<readonly ClaimedWebhook[]> {
        const [disabled, before] = [await disabledEndpoints(), await openOnes()];
        const claims = await claimWebhooks(database, clock, {
          limit,
          perEndpoint: PER_ENDPOINT,
          busy: new Map(),
          leaseMs: LEASE,
        });
        expect(claims.length).toBeLessThanOrEqual(limit);
        for (const key of endpoints)
          expect(claims.filter(({ endpointKey }) => endpointKey === key).length).toBeLessThanOrEqual(PER_ENDPOINT);
        for (const { id, endpointKey, leadId, claimedUntil } of claims) {
          expect(leases.get(id) ?? 0).toBeLessThanOrEqual(clock.now());
          expect(disabled).not.toContain(endpointKey);
          const ofLead = before.filter((one) => one.endpointKey === endpointKey && one.leadId === leadId);
          if (leadId !== null) expect(ofLead[0]?.id).toBe(id);
          leases.set(id, claimedUntil);
        }
        held.push(...claims);
        return claims;
      }

      async function answer(claimed: ClaimedWebhook, attempt: Attempt): Promise<void> {
        const after = await recordWebhookResult(database, clock, claimed, attempt);
        if (after === null) return;
        leases.delete(claimed.id);
        if (after.state === 'delivered') arrived.push(claimed.id);
      }

      for (const step of commands) {
        if (step.do === 'queue') await queue(clock.now(), endpoints[step.endpoint], leads[step.lead]);
        else if (step.do === 'claim') await claim(step.limit);
        else if (step.do === 'pass') clock.set(clock.now() + step.ms);
        else if (step.do === 'enable') await enable([endpoints[step.endpoint] ?? 'crm']);
        else {
          const [claimed] = held.splice(step.of % Math.max(1, held.length), 1);
          const attempt = answers[step.answer];
          if (claimed !== undefined && attempt !== undefined) await answer(claimed, attempt);
        }
      }
      // From now on all is well.
      await enable();
      for (let rounds = 0; (await openOnes()).length > 0; rounds += 1) {
        expect(rounds).toBeLessThan(500);
        clock.set(clock.now() + 24 * 60 * MINUTE);
        for (const claimed of await claim(8)) await answer(claimed, { kind: 'answered', status: 200 });
      }
      const [counts] = await database.query<{ delivered: number; dead: number; all: number }>(sql`
        SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE state = 'dead') AS dead, count(*) AS all
        FROM webhook_delivery`);
      expect(new Set(arrived).size).toBe(arrived.length);
      expect(counts?.delivered).toBe(arrived.length);
      expect((counts?.delivered ?? 0) + (counts?.dead ?? 0)).toBe(counts?.all);
    }),
    { numRuns: 60 * SCALE },
  );
});

async function queue(now: number, endpointKey = 'crm', leadId: string | null = null): Promise<void> {
  await database.transaction(async (transaction) => {
    const about = {
      endpointKey,
      leadId,
      eventType: 'lead.interested',
      enrolmentId: newId(),
      stepId: 'tell',
      visit: 1,
      now,
    };
    await queueWebhook(transaction, { ...about, payload: { data: {}, include: [] } });
  });
}

/** In the order in which they were made. */
const openOnes = () =>
  database.query<{ id: string; endpointKey: string; leadId: string | null }>(sql`
    SELECT id, endpoint_key AS "endpointKey", lead_id AS "leadId" FROM webhook_delivery WHERE state IN ('waiting', 'claimed') ORDER BY seq`);

async function disabledEndpoints(): Promise<string[]> {
  const rows = await database.query<{ key: string }>(
    sql`SELECT key FROM webhook_endpoint WHERE disabled_at IS NOT NULL`,
  );
  return rows.map(({ key }) => key);
}
