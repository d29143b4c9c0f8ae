import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createIngest } from '../../api/ingest.ts';
import { system } from '../../domain/actor.ts';
import { signToken } from '../../mail/tokens.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../store/api-keys.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import type { NewInteraction } from '../../store/ingest-interactions.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import {
  answer,
  basic,
  fixedClock,
  type RunningApi,
  SECRET_KEY,
  SIGNING_SECRET,
  startApi,
  WRITE_KEY,
} from './running-api.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const get = async (path: string, init: RequestInit = {}) => answer(await fetch(`${api.url}${path}`, init));

describe('the process', () => {
  it('says that it lives, that it is ready, and how much it did', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
    await api.v1('track', { userId: 'tanja@example.org', event: 'X' });
    const { status, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(body).toMatch(/tend_interactions_total\{result="stored"\} \d+/);
    expect(body).toMatch(/tend_http_answers_total\{part="v1",status="200"\} \d+/);
    expect(body).not.toContain('tanja');
  });

  it('answers in problem details where there is nothing, or not this method', async () => {
    expect(await get('/nothing')).toMatchObject({
      status: 404,
      body: { code: 'not-found', type: 'urn:tend:problem:not-found' },
    });
    expect(await api.api('GET', 'nothing')).toMatchObject({ status: 404 });
    const wrong = await api.api('DELETE', 'reps/petra');
    expect(wrong).toMatchObject({ status: 405, body: { code: 'method-not-allowed' } });
    expect(wrong.headers.get('allow')).toBe('PUT');
    expect(await get('/%E0%A4%A')).toMatchObject({
      status: expect.toSatisfy((status: number) => status === 400 || status === 404),
    });
  });
});

describe('the key of /api', () => {
  it('is a secret key, as Bearer or as user name', async () => {
    expect(await get('/api/reps')).toMatchObject({
      status: 401,
      body: { code: 'key-missing', detail: expect.stringContaining('Bearer') },
    });
    expect(await get('/api/reps', { headers: { Authorization: 'Bearer sk_wrong' } })).toMatchObject({
      status: 401,
      body: { code: 'key-unknown' },
    });
    expect(await get('/api/reps', { headers: { Authorization: `Bearer ${WRITE_KEY}` } })).toMatchObject({
      status: 403,
      body: { code: 'key-of-wrong-kind' },
    });
    expect(await get('/api/reps', { headers: basic(SECRET_KEY) })).toMatchObject({ status: 200 });
    expect((await get('/api/reps', { headers: basic(SECRET_KEY) })).headers.get('cache-control')).toBe('no-store');
  });

  it('ends within seconds when it is revoked', async () => {
    const { key, id } = await createApiKey(database, {
      kind: 'secret',
      name: 'temporary',
      actor: system,
      now: clock.now(),
    });
    const call = () => get('/api/reps', { headers: { Authorization: `Bearer ${key}` } });
    expect((await call()).status).toBe(200);
    await revokeApiKey(database, id, system, clock.now());
    clock.set(clock.now() + 6_000);
    expect((await call()).status).toBe(401);
    expect((await listApiKeys(database)).find((listed) => listed.id === id)).toMatchObject({
      hint: key.slice(-4),
      revokedAt: expect.any(Number),
    });
  });

  it('has a name of its own, and "tend" is taken', async () => {
    const make = (name: string) => createApiKey(database, { kind: 'write', name, actor: system, now: clock.now() });
    await expect(make('tend')).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(make(' ')).rejects.toMatchObject({ code: 'invalid-request' });
    const stored = JSON.stringify(await database.query(sql`SELECT * FROM api_key`));
    expect(stored).not.toContain(SECRET_KEY);
  });
});

describe('bodies of /api', () => {
  const put = async (body: string, type: string) =>
    answer(
      await fetch(`${api.url}/api/reps/x`, {
        method: 'PUT',
        headers: { Authorization: `Bearer ${SECRET_KEY}`, 'Content-Type': type },
        body,
      }),
    );

  it('are JSON of at most 1 MB', async () => {
    expect(await put('{', 'application/json')).toMatchObject({ status: 400, body: { code: 'invalid-json' } });
    expect(await put('name=x', 'application/x-www-form-urlencoded')).toMatchObject({
      status: 415,
      body: { code: 'media-type-unsupported' },
    });
    expect(await put(`{"name":"${'x'.repeat(2 * 1024 * 1024)}"}`, 'application/json')).toMatchObject({
      status: 413,
      body: { code: 'body-too-large' },
    });
  });
});

const interaction = (messageId: string, more: Partial<NewInteraction> = {}): NewInteraction => ({
  source: 'shop',
  messageId,
  identity: { kind: 'user_id', value: 'u1' },
  kind: 'track',
  name: 'X',
  properties: {},
  context: null,
  occurredAt: clock.now(),
  receivedAt: clock.now(),
  claimedAt: null,
  ...more,
});

describe('the ingest', () => {
  it('gathers requests into few writes', async () => {
    let statements = 0;
    const counting: Database = {
      ...database,
      transaction: (work) => {
        statements += 1;
        return database.transaction(work);
      },
    };
    const ingest = createIngest({ database: counting, flushMs: 5 });
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => ingest.add([interaction(`gather${index}`)])));
    expect(statements).toBeLessThan(10);
    expect(ingest.counts).toEqual({ stored: 1_000, duplicates: 0, refused: 0, waiting: 0 });
    await ingest.close();
  });

  it('refuses one poisonous request and stores its neighbours', async () => {
    const ingest = createIngest({ database, flushMs: 5 });
    const results = await Promise.allSettled([
      ingest.add([interaction('good1')]),
      ingest.add([interaction('poison', { name: 'N\0L' })]),
      ingest.add([interaction('good2'), interaction('good3')]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'invalid-request' } });
    const rows = await database.query(
      sql`SELECT message_id AS id FROM interaction WHERE message_id IN ('good1', 'good2', 'good3', 'poison') ORDER BY 1`,
    );
    expect(rows).toEqual([{ id: 'good1' }, { id: 'good2' }, { id: 'good3' }]);
    await ingest.close();
  });

  it('says so when too much waits', async () => {
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow: Database = { ...database, transaction: async (work) => gate.then(() => database.transaction(work)) };
    const ingest = createIngest({ database: slow, flushMs: 0, maxWaiting: 10 });
    const taken = Array.from({ length: 10 }, (_, index) => ingest.add([interaction(`slow${index}`)]));
    await expect(ingest.add([interaction('one-too-many')])).rejects.toMatchObject({ code: 'unavailable' });
    open();
    await Promise.all(taken);
    await ingest.add([interaction('again')]);
    await ingest.close();
  });

  it('answers everything it took before it closes, and takes nothing more', async () => {
    const ingest = createIngest({ database, flushMs: 1_000 });
    const taken = ingest.add([interaction('last')]);
    await ingest.close();
    await taken;
    await expect(ingest.add([interaction('too-late')])).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('while the database is away', () => {
  it('nothing is lost silently: websites are told to send again, readers get their link', async () => {
    const away = openDatabase({ url: 'postgres://postgres@127.0.0.1:1/none', hashKey: TEST_HASH_KEY });
    const failures: unknown[] = [];
    const ingest = createIngest({ database: away, flushMs: 1 });
    // The key is known from before.
    const app = createApp({
      database: {
        ...away,
        query: (statement) => (statement.text.includes('api_key') ? database.query(statement) : away.query(statement)),
      },
      clock,
      ingest,
      signingSecret: SIGNING_SECRET,
      report: (failure) => failures.push(failure),
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const track = await answer(
        await fetch(`${url}/v1/track`, {
          method: 'POST',
          headers: basic(WRITE_KEY),
          body: '{"userId":"u1","event":"X"}',
        }),
      );
      expect(track).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(track.headers.get('retry-after')).toBe('1');
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const messageId = '019aa000-0000-7000-8000-000000000001';
      expect((await fetch(`${url}/t/o/${signToken(SIGNING_SECRET, { purpose: 'open', messageId })}`)).status).toBe(200);
      const link = signToken(SIGNING_SECRET, { purpose: 'click', messageId, url: 'https://federkiel.example/' });
      expect((await fetch(`${url}/t/c/${link}`, { redirect: 'manual' })).status).toBe(302);
      const unsubscribe = await fetch(`${url}/u/${signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId })}`, {
        method: 'POST',
        body: 'List-Unsubscribe=One-Click',
      });
      expect(unsubscribe.status).toBe(503);
      expect(JSON.stringify(failures)).not.toMatch(/u1|127\.0\.0\.1:1/);
    } finally {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await ingest.close();
      await away.close();
    }
  });
});
