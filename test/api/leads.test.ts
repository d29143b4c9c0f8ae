import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { planLead } from '../../store/plan-lead.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { assess, evidence, makeLead, pushShipped } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');
const NOBODY = '019aa000-0000-7000-8000-000000000000';

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await pushShipped(api);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const attention = async (id: string) =>
  (await database.query<{ rev: number }>(sql`SELECT attention_rev AS rev FROM lead WHERE id = ${id}::uuid`))[0]?.rev ??
  -1;

describe('finding a lead', () => {
  it('goes by address, by the website’s id, by the browser', async () => {
    await api.v1('identify', { userId: 'k-1', anonymousId: 'b-1', traits: { email: 'finder@example.org' } });
    await assess(database, clock);
    const found = async (search: object) =>
      (await api.api('POST', 'leads/search', search)).body.leads.map(({ id }: { id: string }) => id);
    const [id] = await found({ email: ' FINDER@example.org' });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await found({ externalId: 'k-1' })).toEqual([id]);
    expect(await found({ anonymousId: 'b-1', email: 'finder@example.org' })).toEqual([id]);
    expect(await found({ email: 'nobody@example.org' })).toEqual([]);
  });

  it('needs something to go by', async () => {
    expect(await api.api('POST', 'leads/search', {})).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(await api.api('POST', 'leads/search', { email: 'no address' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'email' }] },
    });
    expect(await api.api('POST', 'leads/search', { mail: 'a@example.org' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'mail' }] },
    });
  });
});

describe('what is known of a lead', () => {
  it('is Tanja with 53 points, each of them explained', async () => {
    const day = (date: string, time = '10:00:00') => `${date}T${time}Z`;
    const anonymousId = 'tanjas-browser';
    await api.v1('batch', {
      batch: [
        { type: 'page', anonymousId, name: 'Product', timestamp: day('2026-11-19'), messageId: 'n1' },
        { type: 'page', anonymousId, name: 'Product', timestamp: day('2026-11-19', '11:00:00'), messageId: 'n2' },
        { type: 'page', anonymousId, name: 'Product', timestamp: day('2026-11-20'), messageId: 'n3' },
        {
          type: 'track',
          anonymousId,
          event: 'Newsletter Subscribed',
          properties: { list: 'newsletter' },
          timestamp: day('2026-11-18'),
          messageId: 'n4',
        },
        { type: 'track', anonymousId, event: 'Branch Searched', timestamp: day('2026-11-21'), messageId: 'n5' },
        {
          type: 'identify',
          anonymousId,
          traits: { email: 'tanja@example.org', firstName: 'Tanja' },
          timestamp: day('2026-11-18'),
          messageId: 'n6',
        },
        {
          type: 'identify',
          anonymousId,
          traits: { birthday: '1990-05-01', email: 'tanja@example.org' },
          timestamp: day('2026-11-21', '09:00:00'),
          messageId: 'n7',
        },
      ],
    });
    await assess(database, clock);
    const { body: found } = await api.api('POST', 'leads/search', { email: 'tanja@example.org' });
    const id = found.leads[0].id as string;
    // The opened newsletter, as Tend records it.
    await api.ingest.add(
      ['Email Opened', 'Email Link Clicked'].map((name) => ({
        source: 'tend',
        messageId: name,
        identity: { kind: 'email', value: 'tanja@example.org' },
        kind: 'tend',
        name,
        properties: { message: 'm1', template: 'newsletter' },
        context: null,
        occurredAt: Date.parse(day('2026-11-18', '12:00:00')),
        receivedAt: clock.now(),
        claimedAt: null,
      })),
    );
    await assess(database, clock);

    const { status, body } = await api.api('GET', `leads/${id}?limit=5`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, stage: 'lead' });
    expect(body.identities).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'email', value: 'tanja@example.org' })]),
    );
    const said = {
      value: '1990-05-01',
      source: 'website',
      at: day('2026-11-21', '09:00:00').replace('Z', '.000Z'),
      confidence: 1,
    };
    expect(body.attributes).toContainEqual(
      expect.objectContaining({
        name: 'birthday',
        ...said,
        statements: [expect.objectContaining({ ...said, outcome: 'wins' })],
      }),
    );
    const [standing] = body.standings;
    expect(standing).toMatchObject({
      model: 'stationery',
      modelVersion: 1,
      points: 53,
      firmPoints: 53,
      threshold: 50,
      qualifiedSince: '2026-11-21T10:00:00.000Z',
    });
    expect(
      standing.explanation.map(({ points, ruleName }: { points: number; ruleName: string }) => [points, ruleName]),
    ).toEqual([
      [3, 'Signed up for the newsletter'],
      [5, 'Opened the newsletter'],
      [5, 'Followed a link in the newsletter'],
      [5, 'Browsed products on a day'],
      [5, 'Browsed products on a day'],
      [10, 'Told us their birthday'],
      [20, 'Looked up branches nearby'],
    ]);
    expect(standing.explanation[0].interaction).toMatchObject({
      source: 'shop',
      messageId: 'n4',
      name: 'Newsletter Subscribed',
      at: day('2026-11-18').replace('Z', '.000Z'),
    });

    const all: { id: string; at: string }[] = [...body.timeline.entries];
    for (let next = body.timeline.next; next !== null; ) {
      const page = await api.api('GET', `leads/${id}?limit=5&cursor=${next}`);
      all.push(...page.body.timeline.entries);
      next = page.body.timeline.next;
    }
    expect(all).toHaveLength(9);
    expect(new Set(all.map((entry) => entry.id)).size).toBe(9);
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .sort()
        .reverse(),
    );
  });

  it('is nothing for an unknown lead, and says so', async () => {
    for (const [method, path, body] of [
      ['GET', `leads/${NOBODY}`],
      ['GET', 'leads/tanja@example.org'],
      ['GET', `leads/${NOBODY}/why`],
      ['POST', `leads/${NOBODY}/consents`, evidence],
      ['POST', `leads/${NOBODY}/enrolments`, { sequence: 'stationery-newsletter' }],
      ['GET', `messages?lead=${NOBODY}`],
    ] as const) {
      expect(await api.api(method, path, body)).toMatchObject({
        status: 404,
        body: { code: 'not-found', title: expect.any(String) },
      });
    }
    expect(await api.api('GET', `leads/${NOBODY}?cursor=x&limit=1`)).toMatchObject({ status: 404 });
  });

  it('can be asked for in pages only as they were given', async () => {
    const id = await makeLead(api, database, clock, 'pages@example.org');
    expect(await api.api('GET', `leads/${id}?cursor=nonsense`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cursor' }] },
    });
    expect(await api.api('GET', `leads/${id}?limit=0`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'limit' }] },
    });
  });
});

describe('a consent', () => {
  it('is kept as evidence, for the lead’s own address, and wakes the journey', async () => {
    const id = await makeLead(api, database, clock, 'consent@example.org');
    const before = await attention(id);
    const { status, body } = await api.api('POST', `leads/${id}/consents`, evidence);
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(Number),
        ids: [body.id],
        leadId: id,
        address: 'consent@example.org',
        at: '2026-11-21T12:00:00.000Z',
      },
    ]);
    expect(await attention(id)).toBe(before + 1);
    const { body: lead } = await api.api('GET', `leads/${id}`);
    expect(lead.timeline.entries.find(({ kind }: { kind: string }) => kind === 'consent').detail).toMatchObject({
      wording: evidence.wording,
      formUrl: evidence.formUrl,
      ip: '192.0.2.7',
      promiseMax: 2,
      promiseDays: 7,
      actor: 'crm',
      source: 'api',
    });
  });

  it('is refused when it proves nothing', async () => {
    const id = await makeLead(api, database, clock, 'proof@example.org');
    const { status, body } = await api.api('POST', `leads/${id}/consents`, {
      purpose: 'newsletter',
      action: 'granted',
      ip: 'here',
    });
    expect([status, body.errors.map(({ path }: { path: string }) => path)]).toEqual([400, ['ip']]);
    const lacking = await api.api('POST', `leads/${id}/consents`, { purpose: 'newsletter', action: 'granted' });
    expect(lacking.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'wording',
      'requestedAt',
      'confirmedAt',
    ]);
    expect(await api.api('POST', `leads/${id}/consents`, { purpose: 'newsletter', action: 'withdrawn' })).toMatchObject(
      { status: 201 },
    );
  });
});

describe('an enrolment', () => {
  it('puts a lead into a sequence once', async () => {
    const id = await makeLead(api, database, clock, 'enrol@example.org');
    const before = await attention(id);
    const enrol = (sequence: string) => api.api('POST', `leads/${id}/enrolments`, { sequence });
    expect(await enrol('stationery-newsletter')).toMatchObject({
      status: 201,
      body: { leadId: id, sequence: 'stationery-newsletter', version: 1, step: 'newsletter' },
    });
    expect(await attention(id)).toBe(before + 1);
    expect(await enrol('stationery-newsletter')).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('already') },
    });
    expect(await enrol('stationery-customer')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('customer') },
    });
    expect(await enrol('no-such-sequence')).toMatchObject({ status: 404 });
    expect(await enrol('No Key')).toMatchObject({ status: 400, body: { errors: [{ path: 'sequence' }] } });
  });
});

describe('why', () => {
  it('tells what a lead waits for and what was withheld, in codes and in words', async () => {
    const id = await makeLead(api, database, clock, 'why@example.org');
    const idle = (await api.api('GET', `leads/${id}/why`)).body;
    expect(idle).toMatchObject({
      lead: { id, stage: 'lead' },
      planned: false,
      enrolments: [],
      messages: [],
      handoff: null,
      parked: null,
      unassessed: 0,
    });

    await api.api('POST', `leads/${id}/enrolments`, { sequence: 'stationery-newsletter' });
    await planLead(database, clock, id, { notBefore: clock.now(), messageIdDomain: 'test' });
    const { body } = await api.api('GET', `leads/${id}/why`);
    expect(body).toMatchObject({
      planned: true,
      enrolments: [
        {
          sequence: 'stationery-newsletter',
          version: 1,
          step: { id: 'newsletter', kind: 'send' },
          until: null,
          waitsFor: null,
        },
      ],
      messages: [
        {
          template: 'newsletter',
          state: 'delayed',
          reason: 'no-consent',
          step: 'newsletter',
          deadlineAt: '2026-12-05T12:00:00.000Z',
        },
      ],
    });
    expect(body.words.join(' ')).toContain(
      'step "newsletter", the mail "newsletter" is withheld: there is no consent for this purpose; dropped if not sent by Sat 5 Dec 2026 12:00 UTC.',
    );
    const { body: listed } = await api.api('GET', `messages?lead=${id}`);
    expect(listed.messages).toMatchObject([
      { template: 'newsletter', state: 'delayed', recipient: 'lead', sequence: 'stationery-newsletter' },
    ]);
  });

  it('tells that a lead is parked, and that all is paused', async () => {
    const id = await makeLead(api, database, clock, 'parked@example.org');
    await database.query(
      sql`UPDATE lead SET parked_at = now(), parked_error = 'RangeError: no' WHERE id = ${id}::uuid`,
    );
    await api.api('POST', 'pause');
    const { body } = await api.api('GET', `leads/${id}/why`);
    expect(body.parked).toMatchObject({ error: 'RangeError: no' });
    expect(body.words[0]).toContain('could not be processed');
    expect(body.words[1]).toContain('paused');
    await api.api('POST', 'resume');
  });
});

describe('pausing', () => {
  it('wakes the leads with open mail, both ways, and once', async () => {
    const id = await makeLead(api, database, clock, 'pause@example.org');
    await api.api('POST', `leads/${id}/enrolments`, { sequence: 'stationery-newsletter' });
    await planLead(database, clock, id, { notBefore: clock.now(), messageIdDomain: 'test' });
    const before = await attention(id);
    expect(await api.api('POST', 'pause')).toMatchObject({
      status: 200,
      body: { pausedAt: '2026-11-21T12:00:00.000Z', pausedBy: 'crm' },
    });
    expect(await attention(id)).toBe(before + 1);
    expect(await api.api('POST', 'pause')).toMatchObject({ status: 200 });
    expect(await attention(id)).toBe(before + 1);
    expect(await api.api('POST', 'resume')).toMatchObject({ status: 200, body: { pausedAt: null, pausedBy: null } });
    expect(await attention(id)).toBe(before + 2);
    expect((await api.api('GET', 'installation')).body).toMatchObject({ pausedAt: null });
  });
});
