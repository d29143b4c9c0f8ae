import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Instant, MINUTE } from '../../domain/instant.ts';
import { noPolicy, type PacingPolicy, type ThrottleRates } from '../../domain/pacing/policy.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { type ThrottleTaken, takeThrottle } from '../../store/take-throttle.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { randomFrom } from '../support/property.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const DOMAIN = 'news.example.com';

/** Three workers, each with connections of its own. */
let workers: Database[];

beforeAll(async () => {
  const database = await createTestDatabase({ poolSize: 4 });
  workers = [database, ...[1, 2].map(() => openDatabase({ url: database.url, hashKey: TEST_HASH_KEY, poolSize: 4 }))];
});
beforeEach(async () => {
  await worker(0).query(sql`DELETE FROM throttle`);
});
afterAll(async () => {
  const [first, ...others] = workers;
  for (const other of others) await other.close();
  await first?.close();
});

const worker = (index: number): Database => workers[index % workers.length] as Database;
const policy = (throttle: ThrottleRates): PacingPolicy => ({ ...noPolicy, throttle });

function take(index: number, throttle: ThrottleRates, now: Instant, sendingDomain = DOMAIN): Promise<ThrottleTaken> {
  return worker(index).transaction((transaction) =>
    takeThrottle(transaction, { policy: policy(throttle), sendingDomain, now }),
  );
}

const kinds = (answers: readonly ThrottleTaken[]) => answers.filter(({ kind }) => kind === 'taken').length;

describe('the throttle', () => {
  it('gives a place to as many as the limit allows at one instant, whoever asks, and to the others an instant each', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => take(index, { perMinute: 600 }, NOW)));
    // One, and ten early: a second's worth.
    expect(kinds(answers)).toBe(11);
    const told = answers.flatMap((answer) => (answer.kind === 'later' ? [answer.at - NOW] : [])).sort((a, b) => a - b);
    expect(told).toEqual(Array.from({ length: 49 }, (_, index) => (index + 1) * 100));
  });

  it('lets everybody through at the stated rate who comes again as told', async () => {
    const coming = Array.from({ length: 120 }, () => NOW);
    let last = NOW;
    let asked = 0;
    while (coming.length > 0) {
      last = Math.min(...coming);
      const together = coming.filter((at) => at === last);
      const answers = await Promise.all(together.map((_, index) => take(index, { perMinute: 300 }, last)));
      asked += answers.length;
      coming.splice(0, coming.length, ...coming.filter((at) => at > last));
      coming.push(...answers.flatMap((answer) => (answer.kind === 'later' ? [answer.at] : [])));
    }
    // Six at once, then five a second; each of the others asks twice.
    expect([last - NOW, asked]).toEqual([114 * 200, 6 + 2 * 114]);
  });

  it('keeps both limits in every 60 seconds while workers with clocks apart ask at random', async () => {
    const { below } = randomFrom(5);
    const limits = { perMinute: 120, perSendingDomain: { [DOMAIN]: 50 } };
    const taken: { readonly at: Instant; readonly domain: string }[] = [];
    for (let second = 0; second < 130; second += 1) {
      const asking = Array.from({ length: 6 }, (_, index) => ({
        now: NOW + second * 1_000 + below(1_000) - (index % 3) * 700,
        domain: index < 3 ? DOMAIN : 'other.example.com',
      }));
      const answers = await Promise.all(asking.map(({ now, domain }, index) => take(index, limits, now, domain)));
      answers.forEach(({ kind }, index) => {
        const asked = asking[index];
        if (kind === 'taken' && asked !== undefined) taken.push({ at: asked.now, domain: asked.domain });
      });
    }
    const most = (mails: readonly { readonly at: Instant }[]) =>
      Math.max(...mails.map(({ at: from }) => mails.filter(({ at }) => at >= from && at < from + MINUTE).length));
    const ofDomain = taken.filter(({ domain }) => domain === DOMAIN);
    expect(most(taken)).toBeLessThanOrEqual(122);
    expect(most(ofDomain)).toBeLessThanOrEqual(51);
    // Both are used up: six a second were asked for.
    expect(most(taken)).toBeGreaterThan(110);
    expect(ofDomain.length).toBeGreaterThan(80);
  });

  it('takes nothing of one limit when another has no room', async () => {
    const limits = { perMinute: 60, perSendingDomain: { [DOMAIN]: 1 } };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => take(index, limits, NOW)));
    expect(kinds(answers)).toBe(2);
    const state = () =>
      worker(0).query<{ key: string; nextAt: Instant }>(
        sql`SELECT key, next_at AS "nextAt" FROM throttle ORDER BY key`,
      );
    expect(await state()).toEqual([
      { key: 'installation', nextAt: NOW + 2_000 },
      { key: `sending-domain ${DOMAIN}`, nextAt: NOW + 2 * MINUTE },
    ]);
    expect(await take(0, limits, NOW + 1_500, 'other.example.com')).toEqual({ kind: 'taken' });
  });

  it('gives back what a transaction took that was rolled back', async () => {
    const failing = worker(1).transaction(async (transaction) => {
      await takeThrottle(transaction, { policy: policy({ perMinute: 1 }), sendingDomain: DOMAIN, now: NOW });
      throw new Error('the claim failed');
    });
    await expect(failing).rejects.toThrow('the claim failed');
    const answers = [
      await take(0, { perMinute: 1 }, NOW),
      await take(0, { perMinute: 1 }, NOW),
      await take(0, { perMinute: 1 }, NOW),
    ];
    expect(answers).toEqual([{ kind: 'taken' }, { kind: 'taken' }, { kind: 'later', at: NOW + MINUTE }]);
  });

  it('does not wander at a rate that is no whole number of milliseconds', async () => {
    let now = NOW;
    let taken = 0;
    while (now < NOW + 3_000) {
      const answer = await take(taken, { perMinute: 7_000 }, now);
      if (answer.kind === 'taken') taken += 1;
      else now = answer.at;
    }
    // A second's worth at once, and 350 in three seconds; places of nine whole milliseconds would be 333.
    expect(taken - 116).toBeGreaterThanOrEqual(350);
    expect(taken - 116).toBeLessThanOrEqual(351);
  });

  it('writes nothing where there is no limit', async () => {
    expect(await take(0, {}, NOW)).toEqual({ kind: 'taken' });
    expect(await take(0, { perSendingDomain: { 'other.example.com': 1 } }, NOW)).toEqual({ kind: 'taken' });
    expect(await worker(0).query(sql`SELECT * FROM throttle`)).toEqual([]);
  });
});
