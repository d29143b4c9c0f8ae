import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../config/log.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { queueWebhook } from '../../store/queue-webhook.ts';
import { sql } from '../../store/sql.ts';
import { startWebhookSender } from '../../worker/webhook-sender.ts';
import { createTestDatabase } from '../support/database.ts';
import { startReceiver, status } from '../support/receiver.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { makeLead } from './tanja.ts';

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

const put = (key: string, body: unknown) => api.api('PUT', `webhook-endpoints/${key}`, body);
const url = 'https://crm.example/hooks/tend';

/** An event in the outbox that no sender takes: none runs. */
async function queued(endpointKey: string, leadId: string | null = null): Promise<string> {
  const id = await database.transaction((transaction) =>
    queueWebhook(transaction, {
      endpointKey,
      eventType: 'lead.interested',
      leadId,
      enrolmentId: newId(),
      stepId: 'tell',
      visit: 1,
      payload: { data: { sequence: 'pens', at: 5 }, include: ['profile'] },
      now: clock.now(),
    }),
  );
  return id ?? '';
}

describe('an endpoint', () => {
  it('is made with a secret that is shown this once', async () => {
    const made = await put('crm', { url, description: 'Our CRM' });
    expect(made).toMatchObject({
      status: 201,
      body: { key: 'crm', url, description: 'Our CRM', disabledAt: null, createdAt: '2026-11-21T12:00:00.000Z' },
    });
    expect(made.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await put('crm', { url });
    expect(again).toMatchObject({ status: 200, body: { description: 'Our CRM' } });
    expect(JSON.stringify([again.body, (await api.api('GET', 'webhook-endpoints/crm')).body])).not.toMatch(/whsec_/);
    const list = await api.api('GET', 'webhook-endpoints');
    expect(list.body).toEqual({ endpoints: [expect.objectContaining({ key: 'crm', url })] });
    expect(JSON.stringify(list.body)).not.toMatch(/secret":/);
  });

  it('gets another secret when that is asked for, and the one before is good for a day', async () => {
    const before = (await put('rotated', { url })).body.secret;
    const { status: code, body } = await put('rotated', { url, rotateSecret: true });
    expect(code).toBe(200);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(before);
    expect(body.previousSecretUntil).toBe('2026-11-22T12:00:00.000Z');
  });

  it('made by two at once is made once, and only its maker sees the secret that signs', async () => {
    for (let i = 0; i < 10; i += 1) {
      const answers = await Promise.all([put(`race-${i}`, { url }), put(`race-${i}`, { url })]);
      expect(answers.map(({ status: code }) => code).sort()).toEqual([200, 201]);
      const [kept] = await database.query<{ secret: string }>(
        sql`SELECT secret FROM webhook_endpoint WHERE key = ${`race-${i}`}`,
      );
      expect(answers.flatMap(({ body }) => body.secret ?? [])).toEqual([kept?.secret]);
    }
  });

  it.each([
    ['crm', { url: 'ftp://crm.example' }, 'url'],
    ['crm', { url: 'https://user:secret@crm.example' }, 'url'],
    ['crm', { url: 'crm.example' }, 'url'],
    ['crm', {}, 'url'],
    ['crm', { url, rotateSecret: 'yes' }, 'rotateSecret'],
    ['crm', { url, secret: 'mine' }, 'secret'],
    ['CRM', { url }, 'key'],
  ])('%s with %j is refused, naming %s', async (key, body, field) => {
    expect(await put(key, body)).toMatchObject({
      status: 400,
      body: { code: 'invalid-request', errors: [{ path: field, problem: expect.any(String) }] },
    });
  });

  it('is disabled and enabled, and what waits for it with it', async () => {
    await put('resting', { url });
    const id = await queued('resting');
    clock.set('2026-11-21T12:01:00.000Z');
    expect(await put('resting', { url, disabled: true })).toMatchObject({
      body: { disabledAt: '2026-11-21T12:01:00.000Z', deliveries: { waiting: 1, dead: 0 } },
    });
    expect((await api.api('GET', `webhook-deliveries/${id}`)).body).toMatchObject({ endpointDisabled: true });
    expect(await api.api('POST', 'webhook-endpoints/resting/test')).toMatchObject({ status: 409 });
    expect(await put('resting', { url })).toMatchObject({ body: { disabledAt: '2026-11-21T12:01:00.000Z' } });
    expect(await put('resting', { url, disabled: false })).toMatchObject({ body: { disabledAt: null } });
    expect((await api.api('GET', `webhook-deliveries/${id}`)).body).toMatchObject({ endpointDisabled: false });
  });

  it('is deleted; what waited for it stays on record', async () => {
    await put('going', { url });
    const id = await queued('going');
    expect((await api.api('DELETE', 'webhook-endpoints/going')).status).toBe(204);
    expect((await api.api('GET', 'webhook-endpoints/going')).status).toBe(404);
    expect((await api.api('DELETE', 'webhook-endpoints/going')).status).toBe(404);
    expect((await api.api('GET', `webhook-deliveries/${id}`)).body).toMatchObject({
      state: 'dead',
      lastError: 'The endpoint was deleted.',
    });
    expect((await api.api('POST', 'webhook-endpoints/going/test')).status).toBe(404);
  });

  it('is changed on record, without its secret', async () => {
    const entries = await database.query<{ action: string; detail: unknown }>(
      sql`SELECT action, detail FROM audit WHERE subject_kind = 'webhook_endpoint' AND subject_id = 'rotated' ORDER BY id`,
    );
    expect(entries).toEqual([
      { action: 'webhook-endpoint.created', detail: { rotated: false } },
      { action: 'webhook-endpoint.changed', detail: { rotated: true } },
    ]);
  });

  it('takes no other method and no other key', async () => {
    expect((await api.api('POST', 'webhook-endpoints/crm')).status).toBe(405);
    expect((await fetch(`${api.url}/api/webhook-endpoints`)).status).toBe(401);
  });
});

describe('deliveries', () => {
  it('are found by state, endpoint and lead, newest first', async () => {
    const lead = await makeLead(api, database, clock, 'tanja@example.org');
    await put('one', { url });
    await put('two', { url });
    const [first, second, third] = [await queued('one', lead), await queued('two', lead), await queued('one', lead)];
    const unknown = await queued('no-such-endpoint', lead);
    const found = async (query: string) =>
      (await api.api('GET', `webhook-deliveries?${query}`)).body.deliveries.map(({ id }: { id: string }) => id);
    expect(await found(`leadId=${lead}`)).toEqual([unknown, third, second, first]);
    expect(await found(`leadId=${lead}&endpoint=one`)).toEqual([third, first]);
    expect(await found(`leadId=${lead}&state=dead`)).toEqual([unknown]);
    expect(await found(`leadId=${lead}&limit=1`)).toEqual([unknown]);
    expect((await api.api('GET', `webhook-deliveries/${third}`)).body).toEqual({
      id: third,
      endpoint: 'one',
      type: 'lead.interested',
      leadId: lead,
      enrolmentId: expect.any(String),
      step: 'tell',
      visit: 1,
      data: { sequence: 'pens', at: 5 },
      include: ['profile'],
      state: 'waiting',
      attempts: 0,
      nextAttemptAt: new Date(clock.now()).toISOString(),
      endpointDisabled: false,
      waitsFor: first,
      lastStatus: null,
      lastError: null,
      createdAt: new Date(clock.now()).toISOString(),
      finishedAt: null,
    });
  });

  it.each([
    ['state=lost', 'state'],
    ['leadId=5', 'leadId'],
    ['limit=0', 'limit'],
    ['lead=x', 'lead'],
  ])('asked for with %s: the field is named', async (query, field) => {
    expect(await api.api('GET', `webhook-deliveries?${query}`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: field }] },
    });
  });

  it('that are not there get 404', async () => {
    for (const id of [newId(), 'none']) {
      expect((await api.api('GET', `webhook-deliveries/${id}`)).status).toBe(404);
      expect((await api.api('POST', `webhook-deliveries/${id}/replay`)).status).toBe(404);
    }
    expect((await api.api('GET', `webhook-deliveries?leadId=${newId()}`)).status).toBe(404);
  });

  it('are replayed once they are over, and to an endpoint that is there', async () => {
    await put('replayed', { url });
    const id = await queued('replayed');
    expect(await api.api('POST', `webhook-deliveries/${id}/replay`)).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('under way') },
    });
    await api.api('DELETE', 'webhook-endpoints/replayed');
    expect(await api.api('POST', `webhook-deliveries/${id}/replay`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('PUT /api/webhook-endpoints/replayed') },
    });
    await put('replayed', { url });
    expect(await api.api('POST', `webhook-deliveries/${id}/replay`)).toMatchObject({
      status: 202,
      body: { id, state: 'waiting', attempts: 0, finishedAt: null },
    });
  });

  it('that are dead are replayed all at once', async () => {
    const ids = [await queued('later'), await queued('later')];
    expect((await api.api('POST', 'webhook-endpoints/later/replay')).status).toBe(404);
    await put('later', { url });
    const replayed = await api.api('POST', 'webhook-endpoints/later/replay');
    expect(replayed).toMatchObject({ status: 202, body: { replayed: 2 } });
    for (const id of ids)
      expect((await api.api('GET', `webhook-deliveries/${id}`)).body).toMatchObject({ state: 'waiting', attempts: 0 });
  });

  it('are counted among the figures of the process', async () => {
    const text = await (await fetch(`${api.url}/metrics`)).text();
    const [counts] = await database.query<{ waiting: number; dead: number }>(sql`
      SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead FROM webhook_delivery`);
    expect(counts).toMatchObject({ waiting: expect.any(Number), dead: expect.any(Number) });
    expect(counts?.dead).toBeGreaterThan(0);
    expect(text).toContain(`tend_webhook_deliveries{state="waiting"} ${counts?.waiting}\n`);
    expect(text).toContain(`tend_webhook_deliveries{state="dead"} ${counts?.dead}\n`);
    expect(text).toContain('tend_webhook_deliveries{state="held"} 0\n');
  });
});

it('a test goes the way that every event goes', async () => {
  const receiver = await startReceiver();
  const log = createLog('silent', 'test');
  const sender = startWebhookSender({ database, clock, log, allowPrivate: true });
  try {
    await put('tested', { url: `${receiver.url}/hook` });
    receiver.answer = status(401);
    const { status: code, body } = await api.api('POST', 'webhook-endpoints/tested/test');
    expect([code, body]).toMatchObject([202, { type: 'webhook.test', endpoint: 'tested', state: 'waiting' }]);
    sender.news();
    await expect
      .poll(async () => (await api.api('GET', `webhook-deliveries/${body.id}`)).body, { timeout: 10_000 })
      .toMatchObject({ attempts: 1, lastStatus: 401, lastError: 'The endpoint answered 401; 2xx means received.' });
    expect(receiver.received).toEqual([
      expect.objectContaining({
        path: '/hook',
        body: { type: 'webhook.test', timestamp: new Date(clock.now()).toISOString(), data: { endpoint: 'tested' } },
      }),
    ]);
  } finally {
    await sender.stop();
    await receiver.close();
  }
});
