import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushDefinitions } from '../../cli/push-definitions.ts';
import { viewUrl } from '../../mail/links.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import type { Database } from '../../store/database.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, interact, publish, shopSender, type TestLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';

const NOON = Date.parse('2026-06-09T12:00:00Z');
const HOUR = 3_600_000;
const PUBLIC = 'https://tend.shop.example';
const clock = testClock(NOON);
let database: Database;
let mailbox: TestMailbox;
let transport: MailTransport;
let api: RunningApi;

beforeAll(async () => {
  [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
  transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
  const compose = { publicUrl: PUBLIC, signingSecret: SIGNING_SECRET, from: 'Tend <tend@other.example>' };
  api = await startApi(database, clock, 1, [], { transport, compose });
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  transport.close();
  await mailbox.close();
  await database.close();
});

const layout = (frame = 'Frame one') => ({
  name: 'Plain',
  mjml: `<mjml><mj-body><mj-section><mj-column><mj-text>${frame}</mj-text>{% content %}{% partial 'footer' %}</mj-column></mj-section></mj-body></mjml>`,
});
const footer = (words = 'Unsubscribe') => ({
  name: 'Footer',
  mjml: `<mj-text><a href="{{ unsubscribeUrl }}">${words}</a> {{ imprint }} <a href="{{ viewUrl }}">View</a></mj-text>`,
});
const pens = (content = 'Hello {{ firstName | default: "there" }}', more: object = {}) => ({
  name: 'Pens',
  layout: 'plain',
  repeatable: true,
  locales: { en: { subject: 'Pens', preview: 'Three to try', mjml: `<mj-text>${content}</mj-text>` } },
  ...more,
});

async function put(kind: string, key: string, content: object) {
  const stored = await api.api('PUT', `${kind}/${key}`, content);
  if (stored.status >= 400) return stored;
  return api.api('POST', `${kind}/${key}/publish`);
}

const errorsOf = ({ body }: { body: { errors: { path: string; problem: string }[] } }) =>
  body.errors.map(({ path, problem }) => `${path} ${problem}`);

describe('publishing', () => {
  it('needs what a template is made of: sender, layout and partials, each named', async () => {
    await api.api('PUT', 'templates/pens', pens());
    expect(errorsOf(await api.api('POST', 'templates/pens/publish'))).toEqual([
      expect.stringMatching(/^sender the sender "default", which serves templates that name none, is not published/),
      expect.stringMatching(/^layout there is no layout "plain"/),
    ]);
    expect(errorsOf(await put('layouts', 'plain', layout()))).toEqual([
      expect.stringMatching(/^mjml line 1: there is no partial "footer"/),
    ]);
    expect(await put('senders', 'default', shopSender)).toMatchObject({ status: 200 });
    expect(await put('partials', 'footer', footer())).toMatchObject({ status: 200 });
    expect(await put('layouts', 'plain', layout())).toMatchObject({ status: 200, body: { published: true } });
    expect((await api.api('POST', 'templates/pens/publish')).body).toEqual({
      key: 'pens',
      version: 1,
      published: true,
      warnings: [],
    });
    expect(errorsOf(await put('templates', 'other', pens('Hello', { sender: 'other' })))).toEqual([
      expect.stringContaining('the sender "other" is not published'),
    ]);
  });

  it('tells what should be looked at', async () => {
    const { body } = await put('templates', 'warned', pens('<a href="http://localhost/">Here</a>'));
    expect(body).toMatchObject({
      published: true,
      warnings: [{ path: 'locales.en.mjml', problem: expect.stringContaining('leads to a machine') }],
    });
  });

  it('tries the template on leads as they are, and names none of them', async () => {
    const lead = await addLead(database, { now: NOON, email: 'secret@people.example' });
    await tell(lead, { company: 'Secret GmbH' });
    const content = '{% if company %}{{ company }} in {{ town }}{% endif %}';
    const answer = await put('templates', 'strict', pens(content));
    expect([answer.status, errorsOf(answer)]).toEqual([
      422,
      [expect.stringMatching(/^locales\.en\.mjml line 1: "town" is not known of every reader/)],
    ]);
    expect(JSON.stringify(answer.body)).not.toMatch(/secret/i);
    expect(
      await put('templates', 'strict', pens(content, { variables: { town: { default: 'your town' } } })),
    ).toMatchObject({ status: 200 });
  });

  it('of a layout or partial makes every template anew that it stands in, or refuses and names them', async () => {
    expect(await html('pens')).toContain('Frame one');
    expect(await put('layouts', 'plain', layout('Frame two'))).toMatchObject({ status: 200 });
    expect(await html('pens')).toContain('Frame two');
    expect(await uses('pens')).toEqual([
      { kind: 'layout', key: 'plain', version: 2 },
      { kind: 'partial', key: 'footer', version: 1 },
    ]);
    expect(await put('partials', 'footer', footer('No more'))).toMatchObject({ status: 200 });
    expect(await html('pens')).toMatch(/Frame two[\s\S]*No more/);
    // Without a way out, no template may go that it stands in.
    const without = { name: 'Footer', mjml: '<mj-text>{{ imprint }}</mj-text>' };
    const refused = await put('partials', 'footer', without);
    expect([refused.status, errorsOf(refused)]).toEqual([
      422,
      ['pens', 'strict', 'warned'].map((key) =>
        expect.stringMatching(new RegExp(`in the template "${key}", locales\\.en\\.mjml: .*unsubscribe link`)),
      ),
    ]);
    expect(await html('pens')).toContain('No more');
    const broken = await put('layouts', 'plain', { ...layout(), mjml: layout().mjml.replace('{% content %}', '') });
    expect(errorsOf(broken)).toEqual([expect.stringContaining('must have {% content %} once')]);
  });

  it('of a sender asks that it has what its templates name of it', async () => {
    const withPrivacy = { ...shopSender, links: { privacy: 'https://shop.example/privacy' } };
    await put('senders', 'shop', { ...withPrivacy, key: 'shop' });
    const content = '<a href="{{ sender.privacyUrl }}">Privacy</a>';
    expect(await put('templates', 'private', pens(content, { sender: 'shop' }))).toMatchObject({ status: 200 });
    expect(errorsOf(await put('senders', 'shop', { ...shopSender, key: 'shop' }))).toEqual([
      expect.stringMatching(/in the template "private", locales\.en\.mjml: line 1: "sender\.privacyUrl" is not known/),
    ]);
  });

  it('by two at once leaves no template made of what is no longer live', async () => {
    await api.api('PUT', 'layouts/plain', layout('Frame three'));
    await api.api('PUT', 'templates/pens', pens('Written anew'));
    const answers = await Promise.all([
      api.api('POST', 'layouts/plain/publish'),
      api.api('POST', 'templates/pens/publish'),
    ]);
    for (const [index, address] of ['layouts/plain', 'templates/pens'].entries())
      if (answers[index]?.status === 409) await api.api('POST', `${address}/publish`);
    expect(await html('pens')).toMatch(/Frame three[\s\S]*Written anew/);
    expect((await uses('pens'))?.[0]).toMatchObject({ kind: 'layout', key: 'plain', version: 4 });
  });

  async function compiledOf(key: string) {
    const [row] = await database.query<{ compiled: { locales: { en: { html: string } }; uses?: object[] } }>(sql`
      SELECT compiled FROM definition JOIN definition_version AS version ON version.id = live_version_id
      WHERE definition.kind = 'template' AND definition.key = ${key}`);
    return row?.compiled;
  }
  const html = async (key: string) => (await compiledOf(key))?.locales.en.html ?? '';
  const uses = async (key: string) => (await compiledOf(key))?.uses;
});

describe('a preview', () => {
  it('is the mail as nobody, as given attributes or as a lead would get it', async () => {
    const lead = await addLead(database, { now: NOON, email: 'tanja@people.example' });
    await tell(lead, { firstName: 'Tanja' });
    await put('templates', 'hello', pens('Hello {{ firstName | default: "there" }} ({{ email }})'));
    const preview = async (input: object) => (await api.api('POST', 'templates/hello/preview', input)).body;
    const nobody = await preview({});
    expect(nobody).toMatchObject({
      locale: 'en',
      from: 'Shop <shop@shop.example>',
      subject: 'Pens',
      preview: 'Three to try',
      text: expect.stringContaining('Hello there'),
      missing: [],
      problems: [],
      warnings: [],
    });
    expect(nobody.sizeBytes).toBe(Buffer.byteLength(nobody.html));
    expect(nobody.html).not.toContain('/t/o/');
    expect((await preview({ attributes: { firstName: 'Otto' } })).text).toContain('Hello Otto');
    expect((await preview({ lead: lead.id, locale: 'fr' })).text).toContain('Hello Tanja (tanja@people.example)');
    expect(await api.api('POST', 'templates/hello/preview', { lead: 'x' })).toMatchObject({ status: 404 });
    expect(await api.api('POST', 'templates/none/preview', {})).toMatchObject({ status: 404 });
    expect(await api.api('POST', 'templates/hello/preview', { who: 1 })).toMatchObject({ status: 400 });
  });

  it('of a draft is as if all drafts were live, and shows what is missing', async () => {
    await api.api('PUT', 'templates/hello', pens('Dear {{ nickname }}'));
    await api.api('PUT', 'partials/footer', { ...footer('Draft of a footer') });
    const live = (await api.api('POST', 'templates/hello/preview', {})).body;
    expect(live.text).toContain('Hello there');
    const { body } = await api.api('POST', 'templates/hello/preview', { draft: true });
    expect(body).toMatchObject({
      text: expect.stringContaining('Dear [nickname]'),
      missing: ['nickname'],
      problems: [{ path: 'locales.en.mjml', problem: expect.stringContaining('"nickname"') }],
    });
    expect(body.html).toContain('Draft of a footer');
  });
});

describe('a test of a template', () => {
  it("shows a reader's data to the sender's own people only, and is on record", async () => {
    const lead = await addLead(database, { now: NOON, email: 'anna@people.example' });
    await tell(lead, { firstName: 'Anna' });
    await put('templates', 'hello', pens('Hello {{ firstName | default: "there" }} ({{ email }})'));
    const to = ['tina@shop.example', 'press@agency.example'];
    const { status, body } = await api.api('POST', 'templates/hello/test', { to, leadId: lead.id });
    expect([status, body.mails]).toMatchObject([
      200,
      [
        { to: 'tina@shop.example', state: 'accepted', filledWith: 'reader', subject: '[Test] Pens' },
        { to: 'press@agency.example', state: 'accepted', filledWith: 'nobody' },
      ],
    ]);
    const sourceTo = (address: string) =>
      mailbox.mails.find((mail) => mail.to === address)?.source.replace(/=\r?\n/g, '') ?? '';
    expect(sourceTo('tina@shop.example')).toContain('Hello Anna (anna@people.example)');
    expect(sourceTo('press@agency.example')).toContain('Hello there (press@agency.example)');
    expect(sourceTo('press@agency.example')).not.toMatch(/anna/i);
    const audit = await database.query(
      sql`SELECT action, subject_id AS "of", detail FROM audit WHERE action = 'template.tested'`,
    );
    expect(audit).toEqual([{ action: 'template.tested', of: 'hello', detail: { mails: 2, lead: lead.id } }]);
  });

  it('goes to no lead, and to nobody who is not written to', async () => {
    const { status, body } = await api.api('POST', 'templates/hello/test', { to: ['anna@people.example', 'nobody'] });
    expect([status, body.errors.map(({ path }: { path: string }) => path)]).toEqual([400, ['to.0', 'to.1']]);
  });
});

describe('a mail as a page', () => {
  it('is shown as it was sent, untracked and for no search engine, and looking at it changes nothing', async () => {
    await put('templates', 'seen', pens('Hello {{ firstName | default: "there" }}'));
    await publish(
      database,
      'scoring_model',
      { key: 'm', name: 'M', timeZone: 'UTC', threshold: 100, rules: [{ id: 'a', on: { event: 'A' }, points: 1 }] },
      NOON,
    );
    await publish(
      database,
      'sequence',
      {
        key: 's',
        name: 'S',
        purpose: 'newsletter',
        entry: [{ event: 'Wanted' }],
        steps: [{ id: 'one', kind: 'send', template: 'seen' }],
      },
      NOON,
    );
    const lead = await addLead(database, { now: NOON });
    await tell(lead, { firstName: 'Berta' });
    await interact(database, { email: lead.email, event: 'Wanted', at: NOON });
    await assessAll(database, clock);
    let messageId = '';
    await runJourney(database, clock, lead.id, (id) => {
      messageId = id;
    });
    const page = new URL(viewUrl({ publicUrl: api.url, signingSecret: SIGNING_SECRET }, messageId));
    // A new frame and another name are of later mails.
    clock.set(NOON + HOUR);
    await put('layouts', 'plain', layout('A later frame'));
    await tell(lead, { firstName: 'Barbara' }, NOON + HOUR);
    const before = await counts();
    const shown = await fetch(page);
    const html = await shown.text();
    expect([shown.status, shown.headers.get('x-robots-tag'), shown.headers.get('cache-control')]).toEqual([
      200,
      'noindex, nofollow',
      'no-store',
    ]);
    expect(shown.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(html).toMatch(/Frame three[\s\S]*Hello Berta/);
    expect(html).not.toMatch(/Barbara|A later frame|\/t\/[oc]\//);
    expect((await fetch(page, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(page, { method: 'POST' })).status).toBe(405);
    expect(await counts()).toEqual(before);

    expect((await fetch(`${page.href.slice(0, -2)}AA`)).status).toBe(403);
    await database.query(sql`UPDATE lead SET erased_at = ${at(NOON)} WHERE id = ${lead.id}::uuid`);
    expect((await fetch(page)).status).toBe(403);
  });

  async function counts() {
    const [row] = await database.query(sql`
      SELECT (SELECT count(*) FROM interaction) AS interactions, (SELECT count(*) FROM consent) AS consents, (SELECT max(attention_rev) FROM lead) AS attention`);
    return row;
  }
});

it.each([
  ['a layout', 'layouts', 'plain', layout('Mended')],
  ['a partial', 'partials', 'footer', footer('Mended')],
  ['a sender', 'senders', 'default', { ...shopSender, name: 'Mended' }],
])('publishing %s wakes whose mails could not be made', async (_, kind, key, content) => {
  const lead = await addLead(database, { now: NOON });
  await interact(database, { email: lead.email, event: 'Wanted', at: clock.now() });
  await assessAll(database, clock);
  await runJourney(database, clock, lead.id);
  await database.query(sql`
    UPDATE message SET state = 'deferred', reason = 'render-failed', next_attempt_at = ${at(clock.now() + HOUR)}, finished_at = NULL
    WHERE lead_id = ${lead.id}::uuid`);
  expect(await put(kind, key, content)).toMatchObject({ status: 200, body: { published: true } });
  const [woken] = await database.query(sql`
    SELECT next_attempt_at AS "nextAttemptAt", attention_rev > planned_rev AS waits
    FROM message JOIN lead ON lead.id = message.lead_id WHERE lead.id = ${lead.id}::uuid`);
  expect(woken).toEqual({ nextAttemptAt: null, waits: true });
});

it('a push shows warnings with their place in the file', async () => {
  const client = {
    call: async (method: 'GET' | 'PUT' | 'POST', path: string, body?: unknown) =>
      (await api.api(method, path.replace('/api/', ''), body)).body,
  };
  const pushed: string[] = [];
  const file = {
    file: 'a.yaml',
    kind: 'template',
    key: 'placed',
    content: pens('<a href="#">x</a>'),
    placeOf: (path: string) => `a.yaml:7 (${path})`,
  } as const;
  await pushDefinitions(client as never, [file], ({ warnings }) => pushed.push(...warnings));
  expect(pushed).toEqual([expect.stringContaining('a.yaml:7 (locales.en.mjml): locales.en.mjml a link leads nowhere')]);
});

async function tell(
  { id }: TestLead,
  attributes: Readonly<Record<string, string>>,
  instant = NOON - HOUR,
): Promise<void> {
  for (const [name, value] of Object.entries(attributes))
    await database.query(sql`
      INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
      VALUES (${id}::uuid, ${name}, ${JSON.stringify(value)}::jsonb, 'form', ${at(instant)}, ${at(instant)})`);
}
