import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continueRefolds } from '../../store/continue-refolds.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { shopSender } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';
import { assess, makeLead, pushShipped, shippedDefinitions } from './tanja.ts';

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

const model = (threshold: number, key?: string) => ({
  ...(key === undefined ? {} : { key }),
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold,
  rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20 }],
});
const mjml =
  '<mjml><mj-body><mj-section><mj-column><mj-text>Hello <a href="{{ unsubscribeUrl }}">no more</a> {{ imprint }}</mj-text></mj-column></mj-section></mj-body></mjml>';
const plain =
  '<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>';
const template = (subject = 'Hello', more: object = {}) => ({
  name: 'Hello',
  locales: { en: { subject, mjml } },
  ...more,
});
const sequence = (templateKey: string) => ({
  name: 'S',
  purpose: 'newsletter',
  steps: [{ id: 'one', kind: 'send', template: templateKey }],
});

describe('a draft', () => {
  it('is an immutable version; the same content makes no new one', async () => {
    expect(await api.api('PUT', 'scoring-models/shop', model(50))).toMatchObject({
      status: 201,
      body: { key: 'shop', version: 1, created: true },
    });
    const { rules, ...rest } = model(50);
    expect(await api.api('PUT', 'scoring-models/shop', { rules, key: 'shop', ...rest })).toMatchObject({
      status: 200,
      body: { version: 1, created: false },
    });
    expect(await api.api('PUT', 'scoring-models/shop', model(60))).toMatchObject({ status: 201, body: { version: 2 } });
    expect(await api.api('PUT', 'scoring-models/shop', model(50))).toMatchObject({
      status: 200,
      body: { version: 1, created: false },
    });
    await expect(database.query(sql`UPDATE definition_version SET content = '{}' WHERE key = 'shop'`)).rejects.toThrow(
      'immutable',
    );
  });

  it('by many at once is one version', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.api('PUT', 'scoring-models/race', model(50))),
    );
    expect(answers.map(({ body }) => body.version)).toEqual(Array(8).fill(1));
    expect(answers.filter(({ body }) => body.created)).toHaveLength(1);
  });

  it('is refused with every field named', async () => {
    const { status, body } = await api.api('PUT', 'scoring-models/shop', {
      ...model(50),
      threshold: 0,
      tresholds: 1,
      rules: [{ id: 'a', on: {}, points: 1.5 }],
    });
    expect([status, body.code]).toEqual([422, 'definition-invalid']);
    expect(body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'rules.0.on',
      'rules.0.points',
      'threshold',
      'tresholds',
    ]);
    expect(await api.api('PUT', 'scoring-models/shop', model(50, 'other'))).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'key' }] },
    });
    expect(await api.api('PUT', 'scoring-models/No%20Key', model(50))).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'key' }] },
    });
    expect(await api.api('PUT', 'sequences/s', [])).toMatchObject({ status: 422 });
  });
});

describe('publishing', () => {
  beforeAll(async () => {
    await api.api('PUT', 'senders/default', shopSender);
    await api.api('POST', 'senders/default/publish');
  });

  it('makes the draft live, once, with who did it on record', async () => {
    await api.api('PUT', 'templates/hello', template());
    expect(await api.api('POST', 'templates/hello/publish')).toMatchObject({
      status: 200,
      body: { key: 'hello', version: 1, published: true },
    });
    expect(await api.api('POST', 'templates/hello/publish')).toMatchObject({
      status: 200,
      body: { version: 1, published: false },
    });
    const { body } = await api.api('GET', 'templates/hello');
    expect(body).toMatchObject({
      key: 'hello',
      liveVersion: 1,
      draftVersion: 1,
      live: { lineage: 'hello', recipient: 'lead' },
    });
    expect(body.versions).toMatchObject([
      { version: 1, createdBy: 'crm', publishedBy: 'crm', publishedAt: '2026-11-21T12:00:00.000Z' },
    ]);
    expect((await api.api('GET', 'templates')).body.definitions).toMatchObject([
      { key: 'hello', name: 'Hello', liveVersion: 1 },
    ]);
    const audit = await database.query(
      sql`SELECT action, actor_kind AS "by" FROM audit WHERE subject_id = 'hello' ORDER BY id`,
    );
    expect(audit).toEqual([
      { action: 'definition.drafted', by: 'key' },
      { action: 'definition.published', by: 'key' },
    ]);
  });

  it('compiles a template, and refuses one that cannot be compiled', async () => {
    const [row] = await database.query<{ compiled: { locales: { en: { html: string } } } }>(
      sql`SELECT compiled FROM definition_version WHERE key = 'hello'`,
    );
    expect(row?.compiled.locales.en.html).toContain('{{ unsubscribeUrl }}');
    await api.api('PUT', 'templates/broken', template('{{ firstName'));
    expect(await api.api('POST', 'templates/broken/publish')).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'locales.en.subject' }] },
    });
    expect((await api.api('GET', 'templates/broken')).body.liveVersion).toBeNull();
  });

  it('refuses a sequence whose template is not live, and names step and mend', async () => {
    await api.api('PUT', 'sequences/s', sequence('later'));
    const { status, body } = await api.api('POST', 'sequences/s/publish');
    expect([status, body.errors]).toEqual([
      422,
      [
        {
          path: 'steps.0.template',
          problem: 'step "one" needs the template "later", which is not published: publish it first',
        },
      ],
    ]);
    await api.api('PUT', 'templates/later', template());
    await api.api('POST', 'templates/later/publish');
    expect(await api.api('POST', 'sequences/s/publish')).toMatchObject({ status: 200, body: { published: true } });
    await api.api('PUT', 'templates/rep', {
      ...template(),
      recipient: 'rep',
      locales: { en: { subject: 'Hello', mjml: plain } },
    });
    await api.api('POST', 'templates/rep/publish');
    await api.api('PUT', 'sequences/wrong', sequence('rep'));
    expect(await api.api('POST', 'sequences/wrong/publish')).toMatchObject({
      status: 422,
      body: { errors: [{ problem: expect.stringContaining('representatives') }] },
    });
  });

  it('needs something that was stored', async () => {
    expect(await api.api('POST', 'sequences/nothing/publish')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('PUT') },
    });
    expect(await api.api('GET', 'sequences/nothing')).toMatchObject({ status: 404 });
  });

  it('by many at once publishes once', async () => {
    await api.api('PUT', 'templates/rush', template());
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.api('POST', 'templates/rush/publish')));
    expect(answers.filter(({ body }) => body.published)).toHaveLength(1);
  });

  it('scores every lead anew under a new model', async () => {
    await api.api('PUT', 'scoring-models/shop', model(50));
    await api.api('POST', 'scoring-models/shop/publish');
    const id = await makeLead(api, database, clock, 'rescored@example.org');
    await api.v1('track', { context: { traits: { email: 'rescored@example.org' } }, event: 'Branch Searched' });
    await assess(database, clock);
    const standing = async () => (await api.api('GET', `leads/${id}`)).body.standings;
    expect(await standing()).toMatchObject([{ model: 'shop', modelVersion: 1, points: 20, qualifiedSince: null }]);

    await api.api('PUT', 'scoring-models/shop', {
      ...model(30),
      rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 40 }],
    });
    await api.api('POST', 'scoring-models/shop/publish');
    expect(await database.query(sql`SELECT refold FROM lead WHERE id = ${id}::uuid`)).toEqual([{ refold: true }]);
    await assess(database, clock);
    expect(await standing()).toMatchObject([{ modelVersion: 3, points: 40, qualifiedSince: expect.any(String) }]);
  });

  it('goes on with marking leads where a process that ended left off', async () => {
    await database.query(sql`UPDATE lead SET refold = false`);
    await database.query(
      sql`UPDATE definition_version SET compiled = '{"refold": "pending", "after": null}' WHERE key = 'shop' AND version = 3`,
    );
    const marked = await Promise.all([continueRefolds(database), continueRefolds(database)]);
    expect(marked.reduce((sum, count) => sum + count)).toBe(1);
    expect(await continueRefolds(database)).toBe(0);
  });

  it('gives parked leads another try', async () => {
    const id = await makeLead(api, database, clock, 'unparked@example.org');
    await database.query(
      sql`UPDATE lead SET parked_at = now(), parked_error = 'x', refold = false WHERE id = ${id}::uuid`,
    );
    await api.api('PUT', 'templates/mended', template());
    await api.api('POST', 'templates/mended/publish');
    expect(await database.query(sql`SELECT parked_at, refold FROM lead WHERE id = ${id}::uuid`)).toEqual([
      { parked_at: null, refold: true },
    ]);
  });
});

describe('the shipped definitions', () => {
  it('are all valid, refer to one another rightly and can be pushed twice', async () => {
    expect((await pushShipped(api)).sort()).toEqual([
      'consent default',
      'layout federkiel',
      'layout federkiel-service',
      'layout team',
      'mailing next-newsletter',
      'partial federkiel-imprint',
      'partial federkiel-look',
      'partial lead-facts',
      'scoring-model stationery',
      'sender federkiel',
      'sequence demo-newsletter',
      'sequence stationery-birthday',
      'sequence stationery-customer',
      'sequence stationery-newsletter',
      'template birthday-question',
      'template birthday-voucher',
      'template colleague-notice',
      'template confirm-subscription',
      'template consent-renewal',
      'template customer-first-steps',
      'template customer-refill',
      'template customer-welcome',
      'template handoff',
      'template ink-workshop',
      'template newsletter',
      'template next-newsletter',
      'template painting-supplies',
      'template paper-guide',
      'template pen-guide',
      'template reply-forward',
    ]);
    expect(await pushShipped(api)).toEqual([]);
    expect((await api.api('GET', 'reps')).body.reps.map(({ key }: { key: string }) => key)).toEqual([
      'jonas-weber',
      'petra-lindner',
    ]);
  });

  it('are in English and German', async () => {
    const templates = (await shippedDefinitions()).filter(({ kind }) => kind === 'template');
    for (const { content } of templates) expect(Object.keys(content.locales as object)).toEqual(['en', 'de']);
  });
});
