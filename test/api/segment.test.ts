import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { answer, basic, fixedClock, type RunningApi, SECRET_KEY, startApi, WRITE_KEY } from './running-api.ts';

let database: Database;
let api: RunningApi;
const NOW = '2026-11-21T12:00:00.000Z';
const clock = fixedClock(NOW);

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

interface Row {
  readonly kind: string;
  readonly name: string;
  readonly source: string;
  readonly properties: Record<string, unknown>;
  readonly context: Record<string, unknown> | null;
  readonly occurredAt: number;
  readonly claimedAt: string | null;
  readonly identity: string;
}

async function stored(messageId: string): Promise<Row[]> {
  return database.query<Row>(sql`
    SELECT interaction.kind, name, source, properties, context, occurred_at AS "occurredAt", claimed_at AS "claimedAt",
           identity.kind || ' ' || identity.value AS identity
    FROM interaction JOIN identity ON identity.id = identity_id WHERE message_id = ${messageId}`);
}

const track = (messageId: string, more: object = {}) =>
  api.v1('track', { userId: 'u1', event: 'Branch Searched', messageId, ...more });

describe('what websites send', () => {
  it('is stored before it is answered', async () => {
    const { status, body } = await track('t1', { properties: { city: 'Köln', radius: 5 } });
    expect([status, body]).toEqual([200, { success: true }]);
    expect(await stored('t1')).toEqual([
      {
        kind: 'track',
        name: 'Branch Searched',
        source: 'shop',
        properties: { city: 'Köln', radius: 5 },
        context: null,
        occurredAt: Date.parse(NOW),
        claimedAt: null,
        identity: 'user_id u1',
      },
    ]);
  });

  it('is stored once, however often it is sent, at the same time too', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => track('same')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await stored('same')).toHaveLength(1);
    expect((await track('same', { event: 'Something Else' })).status).toBe(200);
    expect((await stored('same'))[0]?.name).toBe('Branch Searched');
  });

  it('may be an event that nobody has heard of', async () => {
    expect((await track('unheard', { event: 'Würfel gerollt 🎲' })).status).toBe(200);
    expect((await stored('unheard'))[0]?.name).toBe('Würfel gerollt 🎲');
  });

  it('is an identify: which traits were given, without their values, and the values apart', async () => {
    await api.v1('identify', {
      userId: 'u1',
      anonymousId: 'a1',
      messageId: 'i1',
      traits: { email: 'Tanja@Example.org', birthday: '1990-05-01', phone: null },
    });
    expect((await stored('i1'))[0]).toMatchObject({
      kind: 'identify',
      name: 'Identified',
      properties: { 'trait.email': true, 'trait.birthday': true },
      context: {
        traits: { email: 'Tanja@Example.org', birthday: '1990-05-01', phone: null },
        userId: 'u1',
        anonymousId: 'a1',
      },
      identity: 'user_id u1',
    });
  });

  it('is a page, with its name or without', async () => {
    await api.v1('page', { anonymousId: 'a1', messageId: 'p1', name: 'Product', properties: { sku: 'P-12' } });
    await api.v1('page', { anonymousId: 'a1', messageId: 'p2' });
    expect((await stored('p1'))[0]).toMatchObject({ kind: 'page', name: 'Product', identity: 'anonymous_id a1' });
    expect((await stored('p2'))[0]).toMatchObject({ kind: 'page', name: 'Page' });
  });

  it('is a batch of all of them', async () => {
    const { status } = await api.v1('batch', {
      batch: [
        { type: 'track', userId: 'u1', event: 'One', messageId: 'b1' },
        { type: 'page', userId: 'u1', name: 'Two', messageId: 'b2' },
        { type: 'identify', userId: 'u1', traits: { city: 'Köln' }, messageId: 'b3' },
      ],
      sentAt: NOW,
    });
    expect(status).toBe(200);
    expect((await stored('b2'))[0]?.name).toBe('Two');
  });

  it('belongs to the user id before the address before the browser', async () => {
    const traits = { email: ' Tanja@Example.org ' };
    await track('o1', { userId: 'u1', anonymousId: 'a1', context: { traits } });
    await track('o2', { userId: undefined, anonymousId: 'a1', context: { traits } });
    await track('o3', { userId: undefined, anonymousId: 'a1', context: { traits: { email: 'not an address' } } });
    await track('o4', { userId: 4711 });
    const owners = await Promise.all(['o1', 'o2', 'o3', 'o4'].map(async (id) => (await stored(id))[0]?.identity));
    expect(owners).toEqual(['user_id u1', 'email tanja@example.org', 'anonymous_id a1', 'user_id 4711']);
  });

  it('may come with the key in its body, as plain text, from another origin, as browsers send it', async () => {
    const response = await fetch(`${api.url}/v1/track`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain', Origin: 'https://federkiel.example' },
      body: JSON.stringify({ writeKey: WRITE_KEY, userId: 'u1', event: 'Beacon', messageId: 'beacon' }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const preflight = await fetch(`${api.url}/v1/track`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([
      204,
      'Authorization, Content-Type',
    ]);
  });

  it('may be compressed', async () => {
    const body = gzipSync(JSON.stringify({ userId: 'u1', event: 'Zipped', messageId: 'zip' }));
    const response = await fetch(`${api.url}/v1/track`, {
      method: 'POST',
      headers: { ...basic(WRITE_KEY), 'Content-Encoding': 'gzip' },
      body,
    });
    expect(response.status).toBe(200);
  });
});

describe('when it happened', () => {
  const happened = async (messageId: string, more: object) => {
    expect((await track(messageId, more)).status).toBe(200);
    const [row] = await stored(messageId);
    return [new Date(row?.occurredAt ?? 0).toISOString(), row?.claimedAt];
  };

  it('is what the sender says', async () => {
    expect(await happened('w1', { timestamp: '2026-11-20T08:00:00+01:00' })).toEqual([
      '2026-11-20T07:00:00.000Z',
      null,
    ]);
    expect(await happened('w2', { timestamp: '2026-11-20T08:00:00' })).toEqual(['2026-11-20T08:00:00.000Z', null]);
  });

  it("is corrected by the error of the sender's clock", async () => {
    const more = { timestamp: '2026-11-21T13:59:00Z', sentAt: '2026-11-21T14:00:00Z' };
    expect(await happened('w3', more)).toEqual(['2026-11-21T11:59:00.000Z', '2026-11-21T13:59:00Z']);
  });

  it('is never in the future: the year 3000 becomes now, and what was claimed is kept', async () => {
    expect(await happened('w4', { timestamp: '3000-01-01T00:00:00Z' })).toEqual([NOW, '3000-01-01T00:00:00Z']);
  });

  it.each([['yesterday'], ['1999-12-31T23:59:59Z'], ['2026-13-01T00:00:00Z'], [1700000000000], ['']])(
    'cannot be %s',
    async (timestamp) => {
      const { status, body } = await track('w5', { timestamp });
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ path: 'timestamp', problem: expect.any(String) }]);
      expect(await stored('w5')).toEqual([]);
    },
  );
});

describe('what cannot be taken', () => {
  const raw = async (path: string, init: RequestInit) =>
    answer(await fetch(`${api.url}${path}`, { method: 'POST', ...init }));

  it('is what comes without a key, with an unknown one, or with a secret key', async () => {
    const body = JSON.stringify({ userId: 'u1', event: 'X' });
    const none = await raw('/v1/track', { body });
    expect(none).toMatchObject({
      status: 401,
      body: {
        code: 'key-missing',
        status: 401,
        title: expect.any(String),
        detail: expect.stringContaining('write key'),
      },
    });
    expect(none.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(none.headers.get('www-authenticate')).toContain('Basic');
    expect(await raw('/v1/track', { body, headers: basic('wk_unknown') })).toMatchObject({
      status: 401,
      body: { code: 'key-unknown' },
    });
    expect(await raw('/v1/track', { body, headers: basic(SECRET_KEY) })).toMatchObject({
      status: 403,
      body: { code: 'key-of-wrong-kind' },
    });
  });

  it('is a body that is no JSON, or no object', async () => {
    const headers = basic(WRITE_KEY);
    expect(await raw('/v1/track', { headers, body: '{"event": ' })).toMatchObject({
      status: 400,
      body: { code: 'invalid-json' },
    });
    expect(await raw('/v1/track', { headers, body: '[1]' })).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
    expect(await raw('/v1/track', { headers, body: '' })).toMatchObject({ status: 400 });
  });

  it('is 2 MB, or more than 32 KB for one event', async () => {
    const large = JSON.stringify({ userId: 'u1', event: 'X', properties: { text: 'x'.repeat(2 * 1024 * 1024) } });
    for (const call of ['track', 'batch']) {
      expect(await raw(`/v1/${call}`, { headers: basic(WRITE_KEY), body: large })).toMatchObject({
        status: 413,
        body: { code: 'body-too-large' },
      });
    }
    const event = (size: number) => ({
      type: 'track',
      userId: 'u1',
      event: 'X',
      properties: { text: 'x'.repeat(size) },
    });
    expect((await api.v1('track', event(33 * 1024))).status).toBe(413);
    expect(await api.v1('batch', { batch: [event(100), event(40 * 1024)] })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'batch.1', problem: expect.stringContaining('32 KB') }] },
    });
  });

  it('is a batch with one bad event: nothing of it is stored, and every problem is named', async () => {
    const { status, body } = await api.v1('batch', {
      batch: [
        { type: 'track', userId: 'u1', event: 'Good', messageId: 'half1' },
        { type: 'track', userId: 'u1', messageId: 'half2' },
        { type: 'alias', userId: 'u1' },
        'event',
        { type: 'track', event: 'Whose?' },
      ],
    });
    expect(status).toBe(400);
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'batch.1.event',
      'batch.2.type',
      'batch.3',
      'batch.4.userId',
    ]);
    expect(await stored('half1')).toEqual([]);
  });

  it.each([
    [{ event: '' }, 'event'],
    [{ event: 'x'.repeat(201) }, 'event'],
    [{ event: 7 }, 'event'],
    [{ userId: 'x'.repeat(300) }, 'userId'],
    [{ userId: '' }, 'userId'],
    [{ userId: { a: 1 } }, 'userId'],
    [{ messageId: 'x'.repeat(300) }, 'messageId'],
    [{ properties: 'text' }, 'properties'],
    [{ sentAt: 'soon' }, 'sentAt'],
  ])('is %j', async (more, path) => {
    const { status, body } = await track('bad', more);
    expect(status).toBe(400);
    expect(body.errors[0].path).toBe(path);
  });

  it('is another method, or another address', async () => {
    const get = await fetch(`${api.url}/v1/track`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(`${api.url}/v1/alias`, { method: 'POST' })).status).toBe(404);
  });
});

describe('what poisons other systems', () => {
  it('loses its NULs and half surrogates, and is stored', async () => {
    const headers = { ...basic(WRITE_KEY), 'Content-Type': 'application/json' };
    const body = String.raw`{"userId":"u1","event":"N\u0000L \ud83d","messageId":"poison\u0000","properties":{"k\u0000":"v\udc00","ok":"🎨","deep":["\u0000"],"__proto__":{"x":1}}}`;
    const response = await fetch(`${api.url}/v1/track`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    expect((await stored('poison\uFFFD'))[0]).toMatchObject({
      name: 'N\uFFFDL \uFFFD',
      properties: { 'k\uFFFD': 'v\uFFFD', ok: '🎨', deep: ['\uFFFD'] },
    });
  });

  it('is refused when it nests too deeply', async () => {
    let nested: object = {};
    for (let depth = 0; depth < 30; depth += 1) nested = { nested };
    const { status, body } = await track('deep', { properties: nested });
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ path: 'properties', problem: 'nests deeper than 20 levels' }]);
    const abyss = `{"userId":"u1","event":"X","properties":${'['.repeat(15_000)}${']'.repeat(15_000)}}`;
    expect(
      (await fetch(`${api.url}/v1/track`, { method: 'POST', headers: basic(WRITE_KEY), body: abyss })).status,
    ).toBe(400);
  });

  it('may hold any number', async () => {
    const body =
      '{"userId":"u1","event":"X","messageId":"numbers","properties":{"huge":1e400,"int":123456789012345678901234567890,"small":1e-300,"minus":-0}}';
    expect((await fetch(`${api.url}/v1/track`, { method: 'POST', headers: basic(WRITE_KEY), body })).status).toBe(200);
    expect((await stored('numbers'))[0]?.properties).toMatchObject({ huge: null, small: 1e-300 });
  });
});
