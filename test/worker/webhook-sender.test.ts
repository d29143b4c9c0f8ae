import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLog } from '../../config/log.ts';
import { HOUR, MINUTE, SECOND } from '../../domain/instant.ts';
import { MOST_ATTEMPTS, retryAt } from '../../domain/webhook/retry.ts';
import { claimWebhooks } from '../../store/claim-webhooks.ts';
import type { Database } from '../../store/database.ts';
import { readWebhookDelivery } from '../../store/list-webhook-deliveries.ts';
import { mergeLeads } from '../../store/merge-leads.ts';
import { newId } from '../../store/new-id.ts';
import { type NewWebhook, queueWebhook } from '../../store/queue-webhook.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { recordWebhookResult } from '../../store/record-webhook-result.ts';
import { replayDeadWebhooks, replayWebhook } from '../../store/replay-webhook.ts';
import { sql } from '../../store/sql.ts';
import { deleteWebhookEndpoint, putWebhookEndpoint, readWebhookEndpoint } from '../../store/webhook-endpoints.ts';
import type { Loop } from '../../worker/loop.ts';
import { startWebhookSender } from '../../worker/webhook-sender.ts';
import { addLead, foundCompany, interact, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { type Receiver, startReceiver, status } from '../support/receiver.ts';

const log = createLog('silent', 'test');
/** Real time, since receivers check that a signature is fresh; tests move it on, and never back. */
const clock = testClock(Date.now());
const pass = (ms: number) => clock.set(clock.now() + ms);

let database: Database;
let receiver: Receiver;
let sender: Loop;
const failures: unknown[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startReceiver();
  sender = startWebhookSender({
    database,
    clock,
    log: Object.assign(createLog('silent', 'test'), { error: (failure: unknown) => failures.push(failure) }),
    allowPrivate: true,
    timeoutMs: 1_500,
  });
});
afterAll(async () => {
  await sender.stop();
  await receiver.close();
  await database.close();
  expect(failures).toEqual([]);
});
beforeEach(() => {
  receiver.answer = status(200);
  receiver.received.length = 0;
});

let endpoints = 0;

/** An endpoint of a test's own at the receiver; what goes to it is found by its path. */
async function endpoint(url?: string): Promise<{ key: string; secret: string; path: string }> {
  endpoints += 1;
  const key = `crm-${endpoints}`;
  const path = `/hooks/${endpoints}`;
  const stored = await putWebhookEndpoint(database, key, { url: url ?? `${receiver.url}${path}` }, by());
  return { key, secret: stored.secret ?? '', path };
}

const by = () => ({ actor: tester, now: clock.now() });

/** Puts an event into the outbox, as a plan does. */
async function queue(endpointKey: string, about: Partial<NewWebhook> = {}): Promise<string> {
  const id = await database.transaction((transaction) =>
    queueWebhook(transaction, {
      endpointKey,
      eventType: 'lead.interested',
      leadId: null,
      enrolmentId: newId(),
      stepId: 'tell',
      visit: 1,
      payload: { data: { sequence: 'pens' }, include: [] },
      now: clock.now(),
      ...about,
    }),
  );
  if (id === null) throw new Error('told already');
  sender.news();
  return id;
}

const at = (path: string) => receiver.received.filter((request) => request.path === path);
const idsAt = (path: string) => at(path).map(({ headers }) => headers['webhook-id']);
const read = (id: string) => readWebhookDelivery(database, id);

/** Waits until somebody waits for a lock with such a statement. */
const isBlocked = (like: string) =>
  vi.waitFor(async () => {
    const [blocked] = await database.query(sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ${like}`);
    expect(blocked).toBeDefined();
  });

/** Waits until the delivery is as said. */
const becomes = (id: string, expected: object) =>
  vi.waitFor(
    async () => {
      sender.news();
      expect(await read(id)).toMatchObject(expected);
    },
    { timeout: 10_000, interval: 10 },
  );

describe('an event', () => {
  it('arrives signed by Standard Webhooks, with ids only', async () => {
    const { key, secret, path } = await endpoint();
    const lead = await addLead(database, { now: clock.now() });
    const enrolmentId = newId();
    const id = await queue(key, { leadId: lead.id, enrolmentId, visit: 3 });
    await becomes(id, { state: 'delivered', attempts: 1, lastStatus: 200, lastError: null, nextAttemptAt: null });
    const [request] = at(path);
    const headers = request?.headers as Record<string, string>;
    expect(new Webhook(secret).verify(request?.text ?? '', headers)).toEqual({
      type: 'lead.interested',
      timestamp: new Date(clock.now()).toISOString(),
      data: { sequence: 'pens', leadId: lead.id, enrolmentId, step: 'tell', visit: 3 },
    });
    expect(headers).toMatchObject({ 'webhook-id': id, 'content-type': 'application/json' });
    expect(() => new Webhook(secret).verify(`${request?.text} `, headers)).toThrow(/signature/);
  });

  it('tells of the lead what is known when it is sent, and nothing of that is stored', async () => {
    const { key, path } = await endpoint();
    const now = clock.now();
    const rules = [{ id: 'view', on: { event: 'Viewed' }, points: 7 }];
    await foundCompany(database, {
      now,
      model: { key: 'm', name: 'M', timeZone: 'UTC', threshold: 5, rules },
      sequences: [],
      templates: [],
    });
    const lead = await addLead(database, { now, email: 'tanja@people.example' });
    receiver.answer = status(500);
    const payload = { data: {}, include: ['profile', 'score'] as const };
    const id = await queue(key, { leadId: lead.id, payload });
    await becomes(id, { state: 'waiting', attempts: 1 });
    await interact(database, { email: lead.email, event: 'Viewed', at: now });
    await assessAll(database, clock);
    const said = { leadId: lead.id, source: 'form', confidence: 1, lead: { hobby: 'ink' } } as const;
    await recordLeadAttributes(database, { ...said, actor: tester, now });
    receiver.answer = status(200);
    pass(5 * SECOND);
    await becomes(id, { state: 'delivered' });
    const [before, after] = at(path).map(({ body }) => body.data.lead);
    expect(before).toMatchObject({ profile: { email: 'tanja@people.example', attributes: {} }, score: [] });
    expect(after).toEqual({
      profile: {
        email: 'tanja@people.example',
        userId: null,
        locale: null,
        stage: 'lead',
        company: null,
        attributes: { hobby: 'ink' },
      },
      score: [{ model: 'm', points: 7, firmPoints: 7, cell: null, qualified: true }],
    });
    const [row] = await database.query<{ text: string }>(
      sql`SELECT to_jsonb(webhook_delivery)::text AS text FROM webhook_delivery WHERE id = ${id}::uuid`,
    );
    expect(row?.text).not.toMatch(/tanja|people\.example|hobby/);
  });

  it('of a person who was erased meanwhile tells nothing of them; of one who was merged, of the one who lives on', async () => {
    const { key, path } = await endpoint();
    const include = { payload: { data: {}, include: ['profile'] as const } };
    const [gone, survivor, loser] = [
      await addLead(database, { now: clock.now() }),
      await addLead(database, { now: clock.now() }),
      await addLead(database, { now: clock.now() }),
    ];
    receiver.answer = status(503);
    const erased = await queue(key, { leadId: gone.id, ...include });
    const merged = await queue(key, { leadId: loser.id, ...include });
    await becomes(erased, { attempts: 1, state: 'waiting' });
    await becomes(merged, { attempts: 1, state: 'waiting' });
    await database.query(sql`UPDATE lead SET erased_at = now() WHERE id = ${gone.id}::uuid`);
    await database.transaction(async (transaction) => {
      await transaction.query(sql`
        SELECT 1 FROM lead WHERE id IN (${survivor.id}::uuid, ${loser.id}::uuid) ORDER BY id FOR NO KEY UPDATE`);
      await mergeLeads(transaction, { survivor: survivor.id, loser: loser.id, now: clock.now() });
    });
    receiver.answer = status(200);
    pass(5 * SECOND);
    await becomes(erased, { state: 'delivered' });
    await becomes(merged, { state: 'delivered', leadId: survivor.id });
    const told = new Map(at(path).map(({ body, headers }) => [headers['webhook-id'], body.data]));
    expect(told.get(erased)).toMatchObject({ leadId: gone.id, lead: null });
    expect(told.get(merged)).toMatchObject({ leadId: survivor.id, lead: { profile: { email: expect.any(String) } } });
  });

  it('that is to tell of a lead whom nobody can read is tried again, not sent without', async () => {
    const { key, path } = await endpoint();
    const id = await queue(key, { leadId: newId(), payload: { data: {}, include: ['profile'] } });
    await becomes(id, { state: 'waiting', attempts: 1, lastError: expect.stringContaining('could not be read') });
    expect(at(path)).toEqual([]);
  });

  it('is told once a visit, whoever asks how often', async () => {
    const { key, path } = await endpoint();
    const enrolmentId = newId();
    const id = await queue(key, { enrolmentId });
    await expect(queue(key, { enrolmentId })).rejects.toThrow('told already');
    const again = await queue(key, { enrolmentId, visit: 2 });
    await becomes(id, { state: 'delivered' });
    await becomes(again, { state: 'delivered' });
    expect(idsAt(path).sort()).toEqual([id, again].sort());
  });

  it('of a transaction that was rolled back is never sent', async () => {
    const { key, path } = await endpoint();
    const failing = database.transaction(async (transaction) => {
      const about = { leadId: null, enrolmentId: newId(), stepId: 'tell', visit: 1, now: clock.now() };
      const payload = { data: {}, include: [] };
      await queueWebhook(transaction, { endpointKey: key, eventType: 'lead.interested', payload, ...about });
      throw new Error('the plan failed');
    });
    await expect(failing).rejects.toThrow('the plan failed');
    const id = await queue(key);
    await becomes(id, { state: 'delivered' });
    expect(idsAt(path)).toEqual([id]);
  });
});

describe('an endpoint that fails', () => {
  it('with 500 gets the event again after five seconds, under the same id and a signature of its own', async () => {
    const { key, secret, path } = await endpoint();
    receiver.answer = status(500);
    const id = await queue(key);
    await becomes(id, {
      state: 'waiting',
      attempts: 1,
      lastStatus: 500,
      lastError: expect.stringContaining('answered 500'),
      nextAttemptAt: clock.now() + 5 * SECOND,
    });
    pass(5 * SECOND - 1);
    expect(
      await claimWebhooks(database, clock, { limit: 9, perEndpoint: 9, busy: new Map(), leaseMs: MINUTE }),
    ).toEqual([]);
    receiver.answer = status(200);
    pass(1);
    await becomes(id, { state: 'delivered', attempts: 2, lastStatus: 200, lastError: null });
    expect(idsAt(path)).toEqual([id, id]);
    const [, second] = at(path);
    const seconds = Number(second?.headers['webhook-timestamp']);
    expect(seconds).toBe(Math.floor(clock.now() / 1_000));
    const signature = new Webhook(secret).sign(id, new Date(seconds * 1_000), second?.text ?? '');
    expect(second?.headers['webhook-signature']).toBe(signature);
  });

  it('by not answering in time is let go, and gets the event again', async () => {
    const { key } = await endpoint();
    receiver.answer = () => {};
    const id = await queue(key);
    await becomes(id, { state: 'waiting', attempts: 1, lastStatus: null, lastError: 'No answer within 1.5 seconds.' });
    receiver.answer = status(202);
    pass(5 * SECOND);
    await becomes(id, { state: 'delivered', lastStatus: 202 });
  });

  it('is taken at its word when it answers 200 and then says more than anybody reads, or never ends', async () => {
    const { key } = await endpoint();
    receiver.answer = (_request, response) => void response.writeHead(200).write(Buffer.alloc(1_000_000));
    const endless = await queue(key);
    await becomes(endless, { state: 'delivered' });
    receiver.answer = (_request, response) => void response.writeHead(200).write('and');
    await becomes(await queue(key), { state: 'delivered' });
  });

  it('by redirecting is told so, and where it points to is not asked', async () => {
    const inner = await startReceiver();
    onTestFinished(() => inner.close());
    const { key, path } = await endpoint();
    for (const [code, location] of [
      [302, `${inner.url}/latest/meta-data`],
      [307, `${receiver.url}/elsewhere`],
      [308, 'http://169.254.169.254/latest/meta-data'],
    ] as const) {
      receiver.answer = status(code, { Location: location });
      const id = await queue(key);
      await becomes(id, {
        state: 'waiting',
        lastStatus: code,
        lastError: `The endpoint answered ${code}, a redirect, which is not followed: register the address it leads to.`,
      });
    }
    expect(at(path)).toHaveLength(3);
    expect(at('/elsewhere')).toEqual([]);
    expect(inner.received).toEqual([]);
  });

  it('by not being there is tried over three days; then the event is dead, and a replay brings it', async () => {
    const closed = await startReceiver();
    await closed.close();
    const { key } = await endpoint(closed.url);
    const id = await queue(key);
    for (let attempts = 1; attempts < MOST_ATTEMPTS; attempts += 1) {
      const next = retryAt(attempts, clock.now());
      await becomes(id, {
        state: 'waiting',
        attempts,
        lastError: 'The request failed (ECONNREFUSED).',
        nextAttemptAt: next,
      });
      clock.set(next ?? 0);
    }
    await becomes(id, { state: 'dead', attempts: MOST_ATTEMPTS, nextAttemptAt: null, finishedAt: clock.now() });
    pass(72 * HOUR);
    expect(
      await claimWebhooks(database, clock, { limit: 9, perEndpoint: 9, busy: new Map(), leaseMs: MINUTE }),
    ).toEqual([]);
    await putWebhookEndpoint(database, key, { url: `${receiver.url}/mended` }, by());
    await replayWebhook(database, id, by());
    await becomes(id, { state: 'delivered', attempts: 1 });
    expect(idsAt('/mended')).toEqual([id]);
  });

  it('with 410 is disabled; its events wait, in order, until it is enabled again', async () => {
    const { key, path } = await endpoint();
    const lead = await addLead(database, { now: clock.now() });
    receiver.answer = status(410);
    const first = await queue(key, { leadId: lead.id });
    await becomes(first, { state: 'waiting', attempts: 1, lastStatus: 410, endpointDisabled: true });
    expect(await readWebhookEndpoint(database, key)).toMatchObject({ disabledAt: clock.now() });
    const second = await queue(key, { leadId: lead.id });
    receiver.answer = status(200);
    pass(HOUR);
    expect(
      await claimWebhooks(database, clock, { limit: 9, perEndpoint: 9, busy: new Map(), leaseMs: MINUTE }),
    ).toEqual([]);
    expect(await read(second)).toMatchObject({
      state: 'waiting',
      attempts: 0,
      endpointDisabled: true,
      waitsFor: first,
    });
    await putWebhookEndpoint(database, key, { url: `${receiver.url}${path}`, disabled: false }, by());
    await becomes(second, { state: 'delivered' });
    expect(idsAt(path)).toEqual([first, first, second]);
  });

  it('and has got another address meanwhile is not disabled by what the old one said', async () => {
    const { key } = await endpoint();
    receiver.answer = (_request, response) => {
      void putWebhookEndpoint(database, key, { url: `${receiver.url}/new` }, by()).then(() => {
        receiver.answer = status(200);
        response.writeHead(410).end();
      });
    };
    const id = await queue(key);
    await becomes(id, { state: 'delivered' });
    expect(await readWebhookEndpoint(database, key)).toMatchObject({ disabledAt: null });
  });

  it('and gets another address brings forward also what is queued at that instant', async () => {
    const { key } = await endpoint();
    const lead = await addLead(database, { now: clock.now() });
    receiver.answer = status(500);
    const first = await queue(key, { leadId: lead.id });
    await becomes(first, { state: 'waiting', attempts: 1 });
    receiver.answer = status(200);
    let second: string | null = null;
    let changing: Promise<unknown> | undefined;
    await database.transaction(async (transaction) => {
      const about = { leadId: lead.id, enrolmentId: newId(), stepId: 'tell', visit: 1, now: clock.now() };
      const payload = { data: {}, include: [] };
      second = await queueWebhook(transaction, { endpointKey: key, eventType: 'lead.interested', payload, ...about });
      changing = putWebhookEndpoint(database, key, { url: `${receiver.url}/forward` }, by());
      await isBlocked('%FROM webhook_endpoint%FOR NO KEY UPDATE%');
    });
    await changing;
    await becomes(second ?? '', { state: 'delivered' });
    expect(idsAt('/forward')).toEqual([first, second]);
  });

  it('slowly, with much waiting for it, does not hold up another', async () => {
    const [slow, quick] = [await endpoint(), await endpoint()];
    const hanging: (() => void)[] = [];
    receiver.answer = (request, response) => {
      if (request.path === slow.path) hanging.push(() => response.writeHead(200).end());
      else response.writeHead(200).end();
    };
    const waiting = [];
    for (let i = 0; i < 30; i += 1) waiting.push(await queue(slow.key));
    await vi.waitFor(() => expect(hanging).toHaveLength(4));
    await becomes(await queue(quick.key), { state: 'delivered' });
    expect(hanging.length).toBeLessThanOrEqual(8);
    receiver.answer = status(200);
    for (const release of hanging) release();
    for (const id of waiting) {
      pass(5 * SECOND);
      await becomes(id, { state: 'delivered' });
    }
  });
});

it('an outage of days is made good by one replay, in order', async () => {
  const { key, path } = await endpoint();
  const lead = await addLead(database, { now: clock.now() });
  const ids = [];
  for (let i = 0; i < 5; i += 1) ids.push(await queue(key, { leadId: lead.id, now: clock.now() + HOUR }));
  await database.query(sql`
    UPDATE webhook_delivery SET state = 'dead', attempts = 10, next_attempt_at = NULL, finished_at = created_at WHERE endpoint_key = ${key}`);
  expect(await replayDeadWebhooks(database, key, by())).toBe(5);
  expect(await replayDeadWebhooks(database, key, by())).toBe(0);
  for (const id of ids) await becomes(id, { state: 'delivered', attempts: 1 });
  expect(idsAt(path)).toEqual(ids);
  await expect(replayDeadWebhooks(database, 'no-such', by())).rejects.toMatchObject({ code: 'not-found' });
});

describe('an endpoint that is not there', () => {
  it('leaves an event as dead that says so, and a replay refuses until it is made', async () => {
    const id = await queue('nowhere');
    expect(await read(id)).toMatchObject({
      state: 'dead',
      attempts: 0,
      lastError: expect.stringContaining('There was no endpoint "nowhere"'),
    });
    await expect(replayWebhook(database, id, by())).rejects.toMatchObject({ code: 'conflict' });
    await putWebhookEndpoint(database, 'nowhere', { url: `${receiver.url}/now` }, by());
    await replayWebhook(database, id, by());
    await becomes(id, { state: 'delivered' });
    expect(idsAt('/now')).toEqual([id]);
  });

  it('any more makes what waited for it dead, also what is queued at the same instant', async () => {
    const { key } = await endpoint();
    receiver.answer = status(500);
    const early = await queue(key);
    await becomes(early, { state: 'waiting', attempts: 1 });
    let late: string | null = null;
    let deleting: Promise<void> | undefined;
    await database.transaction(async (transaction) => {
      const about = { leadId: null, enrolmentId: newId(), stepId: 'tell', visit: 1, now: clock.now() + HOUR };
      const payload = { data: {}, include: [] };
      late = await queueWebhook(transaction, { endpointKey: key, eventType: 'lead.interested', payload, ...about });
      deleting = deleteWebhookEndpoint(database, key, by());
      await isBlocked('DELETE%');
    });
    await deleting;
    for (const id of [early, late ?? '']) {
      expect(await read(id)).toMatchObject({ state: 'dead', lastError: 'The endpoint was deleted.' });
    }
  });
});

describe('order', () => {
  it('is kept for one lead and endpoint, and nobody else waits', async () => {
    const [crm, shop] = [await endpoint(), await endpoint()];
    const [lead, other] = [
      await addLead(database, { now: clock.now() }),
      await addLead(database, { now: clock.now() }),
    ];
    let down = true;
    receiver.answer = (request, response) => {
      const fails = down && request.path === crm.path && request.body.data.leadId === lead.id;
      response.writeHead(fails ? 500 : 200).end();
    };
    const first = await queue(crm.key, { leadId: lead.id });
    await becomes(first, { state: 'waiting', attempts: 1 });
    const second = await queue(crm.key, { leadId: lead.id });
    const third = await queue(crm.key, { leadId: lead.id });
    for (const id of [
      await queue(crm.key, { leadId: other.id }),
      await queue(crm.key),
      await queue(shop.key, { leadId: lead.id }),
    ]) {
      await becomes(id, { state: 'delivered' });
    }
    // Nor are they due before it: whoever claims has nothing to search.
    const { nextAttemptAt } = await read(first);
    expect(await read(second)).toMatchObject({ state: 'waiting', attempts: 0, waitsFor: first, nextAttemptAt });
    expect(await read(third)).toMatchObject({ state: 'waiting', attempts: 0, waitsFor: second });
    down = false;
    pass(5 * SECOND);
    await becomes(third, { state: 'delivered' });
    const leads = at(crm.path).filter(({ body }) => body.data.leadId === lead.id);
    expect(leads.map(({ headers }) => headers['webhook-id'])).toEqual([first, first, second, third]);
  });

  it('goes on once the earlier one is dead', async () => {
    const { key } = await endpoint();
    const lead = await addLead(database, { now: clock.now() });
    let dead = '';
    receiver.answer = (request, response) =>
      void response.writeHead(request.headers['webhook-id'] === dead ? 500 : 200).end();
    await database.transaction(async (transaction) => {
      const about = { leadId: lead.id, enrolmentId: newId(), stepId: 'tell', visit: 1, now: clock.now() };
      const payload = { data: {}, include: [] };
      const given = { endpointKey: key, eventType: 'lead.interested', payload, ...about };
      dead = (await queueWebhook(transaction, given)) ?? '';
    });
    const next = await queue(key, { leadId: lead.id });
    for (let attempts = 1; attempts < MOST_ATTEMPTS; attempts += 1) {
      await becomes(dead, { attempts, state: 'waiting' });
      expect(await read(next)).toMatchObject({ attempts: 0 });
      clock.set(retryAt(attempts, clock.now()) ?? 0);
    }
    await becomes(dead, { state: 'dead' });
    await becomes(next, { state: 'delivered' });
  });
});

describe('several senders', () => {
  it('never make the same attempt, and keep each lead’s order', async () => {
    const others = [1, 2].map(() => startWebhookSender({ database, clock, log, allowPrivate: true }));
    onTestFinished(async () => void (await Promise.all(others.map((other) => other.stop()))));
    const targets = [await endpoint(), await endpoint()] as const;
    const leads = [];
    for (let i = 0; i < 5; i += 1) leads.push(await addLead(database, { now: clock.now() }));
    const open = new Set<string>();
    const twice: string[] = [];
    receiver.answer = (request, response) => {
      const one = `${request.path} ${request.body.data.leadId}`;
      if (open.has(one)) twice.push(one);
      open.add(one);
      setTimeout(() => {
        open.delete(one);
        response.writeHead(200).end();
      }, 5);
    };
    const queued: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      const { key } = i % 2 === 0 ? targets[0] : targets[1];
      queued.push(await queue(key, { leadId: leads[i % 5]?.id ?? null, payload: { data: { i }, include: [] } }));
      for (const other of others) other.news();
    }
    for (const id of queued) await becomes(id, { state: 'delivered', attempts: 1 });
    expect(twice).toEqual([]);
    expect(receiver.received).toHaveLength(100);
    for (const { path } of targets) {
      for (const { id } of leads) {
        const order = at(path).flatMap(({ body }) => (body.data.leadId === id ? [body.data.i as number] : []));
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(order).toHaveLength(10);
      }
    }
  });

  it('take over from one that died in between, and do not hear of its result any more', async () => {
    const { key, path } = await endpoint(`${receiver.url}/taken-over`);
    await sender.stop();
    try {
      const id = await queue(key);
      const claim = { limit: 9, perEndpoint: 9, busy: new Map(), leaseMs: MINUTE };
      const [died] = await claimWebhooks(database, clock, claim);
      expect(died).toMatchObject({ id, attempt: 1 });
      expect(await claimWebhooks(database, clock, claim)).toEqual([]);
      pass(MINUTE);
      const [next] = await claimWebhooks(database, clock, claim);
      expect(next).toMatchObject({ id, attempt: 2 });
      if (died === undefined || next === undefined) throw new Error('not claimed');
      expect(await recordWebhookResult(database, clock, died, { kind: 'answered', status: 500 })).toBeNull();
      expect(await read(id)).toMatchObject({ state: 'claimed', attempts: 2, lastStatus: null });
      expect(await recordWebhookResult(database, clock, next, { kind: 'answered', status: 200 })).toEqual({
        state: 'delivered',
      });
    } finally {
      sender = startWebhookSender({ database, clock, log, allowPrivate: true, timeoutMs: 1_500 });
    }
    expect(at(path)).toEqual([]);
  });

  it('do not try for ever what ends each of them', async () => {
    const { key, path } = await endpoint();
    await sender.stop();
    const id = await queue(key);
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      await claimWebhooks(database, clock, { limit: 9, perEndpoint: 9, busy: new Map(), leaseMs: MINUTE });
      pass(MINUTE);
    }
    sender = startWebhookSender({ database, clock, log, allowPrivate: true, timeoutMs: 1_500 });
    await becomes(id, { state: 'dead', lastError: expect.stringContaining('without a result') });
    expect(at(path)).toEqual([]);
  });
});

it('after a rotation both secrets are good for a day, then the new one alone', async () => {
  const { key, secret: old, path } = await endpoint();
  const url = `${receiver.url}${path}`;
  const { secret: fresh = '' } = await putWebhookEndpoint(database, key, { url, rotateSecret: true }, by());
  expect(fresh).not.toBe(old);
  await becomes(await queue(key), { state: 'delivered' });
  pass(24 * HOUR);
  await becomes(await queue(key), { state: 'delivered' });
  const good = (secret: string) =>
    at(path).map(({ headers, text }) => {
      const sentAt = new Date(Number(headers['webhook-timestamp']) * 1_000);
      const signature = new Webhook(secret).sign(String(headers['webhook-id']), sentAt, text);
      return String(headers['webhook-signature']).split(' ').includes(signature);
    });
  expect(good(old)).toEqual([true, false]);
  expect(good(fresh)).toEqual([true, true]);
});
