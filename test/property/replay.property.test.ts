import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import { cancelReplay } from '../../store/cancel-replay.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { putDraft } from '../../store/put-draft.ts';
import { readPresentStandings } from '../../store/read-present-standings.ts';
import { readReplay } from '../../store/read-replay.ts';
import { requestReplay } from '../../store/request-replay.ts';
import { replayBatch } from '../../store/run-replay.ts';
import { sql } from '../../store/sql.ts';
import { addLead, interact, publish, type TestEvent, tester } from '../support/company.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const MONDAY = Date.UTC(2026, 2, 2, 10);
const LEADS = 300 * SCALE;
const DAYS = 70;
const NOW = MONDAY + DAYS * DAY;
const EVENTS = ['Page', 'Demo', 'Webinar', 'Careers', 'Price List'] as const;

/** Every kind of rule: fading, expiring, silence, recurrence, limits, groups. */
const model = (more: object = {}) => ({
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  bands: { 1: 40, 2: 20, 3: 5 },
  mql: [1],
  groups: [{ id: 'reading', atMost: 25, halfLife: { days: 14 } }],
  total: { atLeast: -20 },
  rules: [
    { id: 'page', on: { event: 'Page' }, points: 3, group: 'reading', limit: { times: 2, per: 'day' } },
    { id: 'prices', on: { event: 'Price List' }, points: 12, validFor: { days: 9 }, limit: { times: 3, per: 'day' } },
    { id: 'demo', on: { event: 'Demo' }, points: 30, halfLife: { days: 20 } },
    { id: 'webinar', on: { event: 'Webinar' }, points: 15, limit: { times: 1, within: { days: 3 } } },
    {
      id: 'careers',
      on: { event: 'Careers' },
      points: -10,
      validFor: { days: 20 },
      limit: { times: 2, within: { days: 5 } },
    },
    { id: 'lasting', on: { event: 'Page' }, points: 8, recurring: { times: 3, of: 'days', within: { days: 7 } } },
    { id: 'silent', silence: { after: { days: 12 }, times: 2 }, points: -9 },
  ],
  ...more,
});

describe(`replaying a published model on its own history (seed ${SEED})`, () => {
  let database: Database;
  const clock = testClock(MONDAY);
  const leads: { id: string; email: string }[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await publish(database, 'scoring_model', model(), MONDAY);
    const random = randomFrom(SEED);
    const events: (TestEvent & { readonly comesAt: number })[] = [];
    for (let index = 0; index < LEADS; index += 1) {
      const lead = await addLead(database, { now: MONDAY });
      leads.push(lead);
      for (let count = random.below(25); count > 0; count -= 1) {
        const at = MONDAY + random.below(DAYS * 24) * HOUR;
        const comesAt = at + (random.below(4) === 0 ? random.below(5 * 24) * HOUR : 0);
        events.push({ email: lead.email, event: random.pick(EVENTS), at, comesAt });
      }
    }
    // They come in the order of their coming, some late, and are scored in between.
    events.sort((a, b) => a.comesAt - b.comesAt);
    for (let from = 0; from < events.length; from += 500) {
      const part = events.slice(from, from + 500).filter(({ comesAt }) => comesAt < NOW);
      if (part.length > 0) await interact(database, ...part);
      clock.set(Math.min(NOW, part.at(-1)?.comesAt ?? NOW));
      await assessAll(database, clock);
    }
    clock.set(NOW);
  }, 300_000 * SCALE);
  afterAll(async () => database.close());

  async function replay(version: number | undefined, batchSize = 37) {
    const { id } = await requestReplay(database, { key: 'shop', version, perWeek: 25, actor: tester, now: NOW });
    while (await replayBatch(database, clock, batchSize));
    return readReplay(database, id);
  }

  it('changes nobody, and finds the live standings', { timeout: 120_000 * SCALE }, async () => {
    const { state, leadsDone, report } = await replay(1);
    expect([state, leadsDone]).toEqual(['done', LEADS]);
    expect(report).toMatchObject({
      leads: LEADS,
      changed: 0,
      newlyQualified: 0,
      noLongerQualified: 0,
      samples: [],
      failed: 0,
    });
    expect(report?.weeks.after).toEqual(report?.weeks.before);
    const cells: Record<string, number> = {};
    let qualified = 0;
    await database.transaction(async (transaction) => {
      for (const { id } of leads) {
        const { standings } = await readPresentStandings(transaction, { id, stage: 'lead', accountId: null }, NOW);
        // Nobody has scored a lead that did nothing; replayed, it stands where no points put it.
        const [standing] = standings;
        const cell = standing?.cell ?? '4';
        cells[cell] = (cells[cell] ?? 0) + 1;
        if (standing !== undefined && standing.qualifiedSince !== null) qualified += 1;
      }
    });
    expect(Object.keys(cells).length).toBeGreaterThan(2);
    expect(Object.fromEntries(Object.entries(report?.places ?? {}).map(([cell, row]) => [cell, row[cell]]))).toEqual(
      cells,
    );
    expect(report?.qualified).toEqual({ before: qualified, after: qualified });
  });

  it('finds the same whatever the batches, and the difference that a draft makes', async () => {
    const content = model({ bands: { 1: 30, 2: 15, 3: 5 } });
    await putDraft(database, { kind: 'scoring_model', key: 'shop', content, actor: tester, now: NOW });
    const [small, large] = [await replay(undefined, 11), await replay(undefined, 10_000)];
    expect(small.report).toEqual(large.report);
    expect(small).toMatchObject({ version: 2, against: 1, state: 'done', leads: LEADS, leadsDone: LEADS });
    expect(small.report?.changed).toBeGreaterThan(0);
    expect(small.report?.newlyQualified).toBeGreaterThan(0);
    expect(small.report?.noLongerQualified).toBe(0);
  });

  it('goes on where a process that ended left off, and can be cancelled', async () => {
    const input = { key: 'shop', version: undefined, perWeek: null, actor: tester, now: NOW };
    const whole = (await replay(undefined)).report;
    const { id } = await requestReplay(database, input);
    await replayBatch(database, clock, 50);
    // Dies in the middle of its second batch: after its statements, before their commit.
    let statements = 0;
    const dying = openDatabase({
      url: database.url,
      hashKey: TEST_HASH_KEY,
      poolSize: 1,
      beforeStatement: async (statement) => {
        statements += 1;
        if (statement === 'commit') throw Object.assign(new Error('killed'), { code: 'ECONNRESET' });
      },
    });
    await expect(replayBatch(dying, clock, 50)).rejects.toThrow('killed');
    await dying.close();
    expect(statements).toBeGreaterThan(3);
    expect((await readReplay(database, id)).leadsDone).toBe(50);
    while (await replayBatch(database, clock, 50));
    expect((await readReplay(database, id)).report).toEqual(whole);

    const second = await requestReplay(database, input);
    await replayBatch(database, clock, 50);
    expect(await cancelReplay(database, second.id, NOW)).toMatchObject({ state: 'cancelled', leadsDone: 50 });
    expect(await replayBatch(database, clock, 50)).toBe(false);
    expect(await cancelReplay(database, id, NOW)).toMatchObject({ state: 'done' });
  });

  it('by two workers at once counts each lead once', async () => {
    const { id } = await requestReplay(database, {
      key: 'shop',
      version: undefined,
      perWeek: null,
      actor: tester,
      now: NOW,
    });
    const work = async () => {
      for (let idle = 0; idle < 20; ) {
        if (!(await replayBatch(database, clock, 20))) {
          idle += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    };
    await Promise.all([work(), work()]);
    expect(await readReplay(database, id)).toMatchObject({ state: 'done', leadsDone: LEADS, report: { leads: LEADS } });
  });

  it('counts neither customers nor merged, erased or later leads', async () => {
    const [customer, erased] = [leads[0]!, leads[1]!];
    await addLead(database, { now: NOW + 1 });
    await database.query(sql`UPDATE lead SET stage = 'customer' WHERE id = ${customer.id}::uuid`);
    await database.query(sql`UPDATE lead SET erased_at = now() WHERE id = ${erased.id}::uuid`);
    expect(await replay(1)).toMatchObject({ leads: LEADS - 1, leadsDone: LEADS - 1, report: { leads: LEADS - 2 } });
  });
});
