import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { type UnknownPolicy, unknownPolicies } from '../../domain/sender/unknown-policy.ts';
import { deliveryProofs } from '../../domain/sending/lost-claim.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordSendResult, type SendResult } from '../../store/record-send-result.ts';
import { resolveUnknown } from '../../store/resolve-unknown.ts';
import { settleExpiredClaims } from '../../store/settle-claims.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, publish, shopSender } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const START = Date.UTC(2026, 5, 1, 12);
const CASES = 40 * SCALE;
const OPERATIONS = 40;
const PROMISE = { max: 1, days: 1 };
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 100,
  rules: [{ id: 'in', on: { event: 'Came In' }, points: 1 }],
};
const letters = {
  key: 'letters',
  name: 'Letters',
  purpose: 'newsletter',
  entry: [{ event: 'Came In' }],
  steps: [
    { id: 'one', kind: 'send', template: 'one', deadline: { days: 60 } },
    { id: 'two', kind: 'send', template: 'two', deadline: { days: 60 } },
    { id: 'three', kind: 'send', template: 'three', deadline: { days: 60 } },
  ],
};

/** One attempt, as the world sees it: its content may have left, unless the server certainly did not take it. */
interface Attempt {
  readonly messageId: string;
  readonly token: string;
  readonly at: Instant;
  /** Null: nobody has heard of it yet. */
  result: SendResult['state'] | null;
}

let database: Database;
const clock = testClock(START);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundCompany(database, { now: START, model, sequences: [], templates: ['one', 'two', 'three'] });
  await publish(database, 'sequence', letters, START);
});
afterAll(() => database.close());

async function claim(messageId: string, notBefore: Instant): Promise<Attempt | null> {
  const token = newId();
  const mailFrom = 'Tend <tend@tend.test>';
  const answer = await claimMessage(database, clock, { messageId, token, leaseMs: MINUTE, notBefore, mailFrom });
  return answer.kind === 'claimed' ? { messageId, token, at: Math.max(clock.now(), notBefore), result: null } : null;
}

const RESULTS: readonly SendResult[] = [
  { state: 'accepted', reason: null, providerId: null, reply: '250 ok' },
  { state: 'deferred', reason: 'smtp-deferred', providerId: null, reply: '451 later' },
  { state: 'unknown', reason: 'no-smtp-answer', providerId: null, reply: '' },
];

describe(`mails of which nobody knows whether they left (seed ${SEED})`, () => {
  it(`hold promise and "at most once", or twice where the sender says so, in ${CASES} random lives`, {
    timeout: 300_000 * SCALE,
  }, async () => {
    const random = randomFrom(SEED);
    let [lost, again, proved] = [0, 0, 0];
    for (let life = 0; life < CASES; life += 1) {
      clock.set(START + life * 400 * DAY);
      const policy: UnknownPolicy = life % 2 === 0 ? 'send-again' : random.pick(unknownPolicies);
      await publish(database, 'sender', { ...shopSender, name: `Shop ${life}`, unknown: policy }, clock.now());
      const lead = await addLead(database, { now: clock.now(), promise: PROMISE });
      await interact(database, { email: lead.email, event: 'Came In', at: clock.now() });
      await assessAll(database, clock);
      const attempts: Attempt[] = [];
      let commanded: readonly string[] = [];
      let plannedAt = clock.now();
      for (let operation = 0; operation < OPERATIONS; operation += 1) {
        const attempt = attempts.length === 0 ? null : random.pick(attempts);
        switch (random.below(12)) {
          case 0:
          case 10:
          case 11:
            clock.set(clock.now() + random.pick([MINUTE, 10 * MINUTE, HOUR, DAY]));
            break;
          case 1:
            await settleExpiredClaims(database, clock);
            break;
          case 2:
            // The last command comes once more, whatever has happened since.
            for (const messageId of commanded) {
              const late = await claim(messageId, plannedAt);
              if (late !== null) attempts.push(late);
            }
            break;
          case 3:
          case 4: {
            if (attempt === null || attempt.result !== null) break;
            const result = random.pick(RESULTS);
            attempt.result = result.state;
            await recordSendResult(database, clock, attempt, result);
            break;
          }
          case 5:
            if (attempt === null || (attempt.result !== null && attempt.result !== 'unknown')) break;
            await database.transaction(async (transaction) => {
              const proof = random.pick(deliveryProofs);
              const { messageId } = attempt;
              if (await resolveUnknown(transaction, { messageId, proof, now: clock.now() })) proved += 1;
            });
            break;
          default: {
            const plan = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' });
            commanded = plan.send;
            plannedAt = plan.plannedAt;
            for (const messageId of commanded) {
              const made = await claim(messageId, plannedAt);
              if (made !== null) attempts.push(made);
            }
          }
        }
      }
      const mayHaveLeft = attempts.filter(({ result }) => result !== 'deferred');
      for (const mail of new Set(mayHaveLeft.map(({ messageId }) => messageId))) {
        const times = mayHaveLeft.filter(({ messageId }) => messageId === mail).length;
        expect(times, `life ${life}, ${policy}`).toBeLessThanOrEqual(policy === 'send-again' ? 2 : 1);
        if (times === 2) again += 1;
      }
      for (const { at } of mayHaveLeft) {
        const within = mayHaveLeft.filter((other) => other.at >= at && other.at < at + PROMISE.days * DAY);
        expect(within.length, `life ${life}, ${policy}: the promise`).toBeLessThanOrEqual(PROMISE.max);
      }
      lost += mayHaveLeft.filter(({ result }) => result !== 'accepted').length;
      const states = await database.query(sql`
          SELECT DISTINCT state FROM message WHERE lead_id = ${lead.id}::uuid AND state = 'unknown'`);
      if (policy === 'count-as-sent') expect(states, 'nobody is asked').toEqual([]);
    }
    console.log(`${lost} attempts without a result, ${again} mails sent again, ${proved} proved to have left`);
    expect(Math.min(lost, again, proved)).toBeGreaterThan(0);
  });
});
