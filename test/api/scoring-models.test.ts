import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continueRefolds } from '../../store/continue-refolds.ts';
import type { Database } from '../../store/database.ts';
import { markSeeded } from '../../store/installation.ts';
import { replayBatch } from '../../store/run-replay.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { assess, makeLead } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock, 1, ['marketing', 'sales']);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const model = (threshold: number) => ({
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold,
  rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20 }],
});
const put = (threshold: number, key = 'shop') => api.api('PUT', `scoring-models/${key}`, model(threshold));
const post = (step: string, body?: object, key = 'shop') => api.api('POST', `scoring-models/${key}/${step}`, body);
const read = async () => (await api.api('GET', 'scoring-models/shop')).body;

describe("a model's life through the API", () => {
  it('the first start needs no approval; later every version does, from each party', async () => {
    await put(50);
    expect(await post('publish')).toMatchObject({ status: 200, body: { version: 1, published: true } });
    await put(60);
    expect(await post('publish')).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('before marketing and sales have approved it') },
    });
    await markSeeded(database, clock.now());
    await put(50, 'second');
    expect(await post('publish', {}, 'second')).toMatchObject({ status: 409 });

    expect(await post('approvals', { party: 'marketing', note: 'more demos' })).toMatchObject({
      status: 200,
      body: {
        key: 'shop',
        version: 2,
        approvals: [{ party: 'marketing', actor: 'crm', note: 'more demos', at: '2026-11-21T12:00:00.000Z' }],
      },
    });
    expect(await post('publish')).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/before sales has approved it.*"party": "sales"/) },
    });
    expect(await post('approvals', { party: 'marketing', note: 'again' })).toMatchObject({
      body: { approvals: [{ note: 'more demos' }] },
    });
    expect(await post('approvals', { party: 'sales', version: 2 })).toMatchObject({ status: 200 });
    // What was agreed to is version 2, and nothing else.
    await put(70);
    expect(await post('publish')).toMatchObject({ status: 409 });
    await put(60);
    expect(await post('publish', { note: 'agreed on Monday' })).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await read()).toMatchObject({
      liveVersion: 2,
      approvalsNeeded: ['marketing', 'sales'],
      approvals: [{ party: 'marketing' }, { party: 'sales' }],
      publication: { changed: 'hand-off', perDay: null, note: 'agreed on Monday', previous: 1 },
    });
    const audit = await database.query<{ action: string }>(
      sql`SELECT action FROM audit WHERE subject_kind = 'scoring_model' AND subject_id = 'shop' AND action <> 'definition.drafted' ORDER BY id`,
    );
    expect(audit.map(({ action }) => action)).toEqual([
      'definition.published',
      'definition.approved',
      'definition.approved',
      'definition.published',
    ]);
  });

  it('rolling back needs none: it was given once', async () => {
    expect(await post('rollback', { note: 'too many' })).toMatchObject({
      status: 200,
      body: { version: 1, published: true },
    });
    expect(await read()).toMatchObject({ liveVersion: 1, publication: { note: 'too many', previous: 2 } });
    expect(await post('rollback', { version: 2 })).toMatchObject({ status: 200, body: { version: 2 } });
  });

  it('shows how far scoring anew has come', async () => {
    for (let index = 0; index < 3; index += 1) await makeLead(api, database, clock, `progress${index}@example.org`);
    await database.query(
      sql`UPDATE definition_version SET compiled = '{"refold": "pending", "after": null, "marked": 0, "leads": null}' WHERE key = 'shop' AND version = 2`,
    );
    expect((await read()).refold).toBeNull();
    await continueRefolds(database, 1);
    expect((await read()).refold).toEqual({ leads: 3, marked: 3, toScore: 3 });
    await assess(database, clock);
    expect((await read()).refold).toEqual({ leads: 3, marked: 3, toScore: 0 });
  });

  it('replays a draft, tells how far it is, and can be cancelled', async () => {
    await api.v1('track', { context: { traits: { email: 'progress0@example.org' } }, event: 'Branch Searched' });
    await assess(database, clock);
    await put(20);
    const asked = await post('replay', { perWeek: 25 });
    expect(asked).toMatchObject({ status: 202, body: { model: 'shop', version: 4 } });
    const address = `replays/${asked.body.id}`;
    expect(asked.headers.get('location')).toBe(`/api/${address}`);
    expect(await api.api('GET', address)).toMatchObject({
      status: 200,
      body: {
        state: 'waiting',
        leadsDone: 0,
        report: null,
        words: null,
        askedBy: 'crm',
        askedAt: '2026-11-21T12:00:00.000Z',
      },
    });
    while (await replayBatch(database, clock, 2));
    expect((await api.api('GET', address)).body).toMatchObject({
      state: 'done',
      leads: 3,
      leadsDone: 3,
      against: 2,
      words:
        '1 of 3 leads change cell; 1 become ready for sales and 0 no longer are; 1 new MQLs a week (now 0); sales capacity 25 a week',
      report: { until: '2026-11-21T12:00:00.000Z', mqlsPerWeek: { before: 0, after: 1 } },
    });
    const second = await post('replay', { version: 2 });
    expect(await api.api('POST', `replays/${second.body.id}/cancel`)).toMatchObject({
      status: 200,
      body: { state: 'cancelled', finishedAt: '2026-11-21T12:00:00.000Z' },
    });
    expect(await replayBatch(database, clock)).toBe(false);
  });

  it('sets, compares and drops a shadow', async () => {
    expect(await post('shadow')).toMatchObject({ status: 200, body: { version: 4, set: true } });
    await assess(database, clock);
    expect((await api.api('GET', 'scoring-models/shop/shadow')).body).toMatchObject({
      live: 2,
      shadow: 4,
      qualified: { live: 0, shadow: 1, both: 0 },
    });
    expect(await read()).toMatchObject({ shadow: { version: 4 } });
    expect(await api.api('DELETE', 'scoring-models/shop/shadow')).toMatchObject({
      status: 200,
      body: { dropped: true },
    });
    expect(await api.api('GET', 'scoring-models/shop/shadow')).toMatchObject({ status: 404 });
    expect(await read()).toMatchObject({ shadow: null });
  });

  it('names what is wrong with a request', async () => {
    const problems = async (step: string, body: object) => {
      const { status, body: problem } = await post(step, body);
      return [status, (problem.errors ?? []).map(({ path }: { path: string }) => path)];
    };
    expect(await problems('publish', { changed: 'later' })).toEqual([400, ['changed']]);
    expect(await problems('publish', { changed: 'never', perDay: 3 })).toEqual([400, ['perDay']]);
    expect(await problems('publish', { perDay: 0 })).toEqual([400, ['perDay']]);
    expect(await problems('publish', { notes: 'x' })).toEqual([400, ['notes']]);
    expect(await problems('approvals', { party: 'legal' })).toEqual([400, ['party']]);
    expect(await problems('replay', { perWeek: 1.5 })).toEqual([400, ['perWeek']]);
    expect(await problems('shadow', { version: 'two' })).toEqual([400, ['version']]);
    expect(await post('replay', {}, 'nothing')).toMatchObject({ status: 404 });
    expect(await post('replay', { version: 99 })).toMatchObject({ status: 404 });
    expect(await post('approvals', { party: 'sales' }, 'nothing')).toMatchObject({ status: 404 });
    expect(await api.api('GET', 'replays/none')).toMatchObject({ status: 404 });
    expect(await api.api('GET', 'scoring-models/shop/replay')).toMatchObject({ status: 405 });
    expect(await api.api('GET', 'scoring-models/nothing')).toMatchObject({ status: 404 });
  });
});
