import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../config/log.ts';
import { DAY } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { readReplay } from '../../store/read-replay.ts';
import { requestReplay } from '../../store/request-replay.ts';
import { startReplayer } from '../../worker/replayer.ts';
import { startSweeper } from '../../worker/sweeper.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { eventually } from '../support/engine.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);
const model = (threshold: number) => ({
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold,
  rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30 }],
});

describe('what the worker does behind all others', () => {
  let database: Database;
  const clock = testClock(MONDAY);
  const log = createLog('silent', 'test');
  const leads: TestLead[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: MONDAY, model: model(100), sequences: [], templates: [] });
    for (let index = 0; index < 30; index += 1) leads.push(await addLead(database, { now: MONDAY }));
    await interact(database, ...leads.map(({ email }) => ({ email, event: 'Demo', at: MONDAY + 1 })));
    await assessAll(database, clock);
    clock.set(MONDAY + DAY);
    await putDraft(database, {
      kind: 'scoring_model',
      key: 'shop',
      content: model(20),
      actor: tester,
      now: clock.now(),
    });
  });
  afterAll(async () => database.close());

  it('replays what was asked for', async () => {
    const now = clock.now();
    const { id } = await requestReplay(database, {
      key: 'shop',
      version: undefined,
      perWeek: null,
      actor: tester,
      now,
    });
    const replayer = startReplayer({ database, clock, log });
    const done = await eventually('the replay', async () => {
      const replay = await readReplay(database, id);
      return replay.state === 'done' && replay;
    });
    await replayer.stop();
    expect(done).toMatchObject({ leadsDone: 30, report: { newlyQualified: 30 } });
  });

  it('gives leads that a publishing made ready their turn, a few at a time, and plans them last', async () => {
    const choice = { changed: 'hand-off', perDay: 25, note: null } as const;
    await publishDefinition(database, { kind: 'scoring_model', key: 'shop', actor: tester, now: clock.now(), choice });
    clock.set(MONDAY + DAY + 1_000);
    await assessAll(database, clock);
    for (const { id } of leads) await runJourney(database, clock, id);
    const woken: { readonly lane: 'first' | 'later'; readonly ids: readonly string[] }[] = [];
    const sweeper = startSweeper({
      database,
      clock,
      log,
      everyMs: 30,
      waker: {
        leads: (ids) => void woken.push({ lane: 'first', ids }),
        leadsLater: (ids) => void woken.push({ lane: 'later', ids }),
        handoffs: () => {},
        stop: async () => {},
      },
    });
    const wokenLater = () => new Set(woken.flatMap(({ lane, ids }) => (lane === 'later' ? ids : [])));
    await eventually('two rounds', async () => wokenLater().size >= 25);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await sweeper.stop();
    // Twenty a round, and 25 a day.
    expect(wokenLater().size).toBe(25);
    expect(Math.max(...woken.map(({ ids }) => ids.length))).toBe(20);
    expect(woken.filter(({ lane }) => lane === 'first')).toEqual([]);
  });
});
