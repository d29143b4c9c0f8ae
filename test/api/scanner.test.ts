import { Agent, request } from 'node:http';
import path from 'node:path';
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSendMail } from '../../activities/send-mail.ts';
import { apiClient } from '../../cli/api-client.ts';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { pushDefinitions } from '../../cli/push-definitions.ts';
import { packageRoot } from '../../config/package-root.ts';
import type { Template } from '../../domain/definition/template.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import type { Database } from '../../store/database.ts';
import { insertLooseMail } from '../../store/insert-loose-mail.ts';
import { judgeWaitingHits } from '../../store/judge-hits.ts';
import { lockLead } from '../../store/lock-lead.ts';
import { planHandoffRow } from '../../store/plan-handoff.ts';
import { planLead } from '../../store/plan-lead.ts';
import { raiseAttention } from '../../store/raise-attention.ts';
import { sql } from '../../store/sql.ts';
import { addLead, publish } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll } from '../support/driver.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { randomFrom, SEED } from '../support/property.ts';
import { fixedClock, type RunningApi, SECRET_KEY, SIGNING_SECRET, startApi, WRITE_KEY } from './running-api.ts';

// A scanner fetches every link of every mail that is shipped, by GET and HEAD, twice, in any order.

const START = '2026-11-23T10:00:00.000Z';
/** As what they come: one that says so, one in disguise, one that says nothing. */
const SCANNER = 'Barracuda Sentinel (EE)';
const DISGUISES = ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', null] as const;
/** Enough for the threshold, if what machines do counted. */
const model = {
  key: 'readers',
  name: 'Readers',
  timeZone: 'UTC',
  threshold: 20,
  rules: [
    { id: 'open', on: { kind: 'tend', event: 'Email Opened' }, points: 15 },
    { id: 'click', on: { kind: 'tend', event: 'Email Link Clicked' }, points: 15 },
    { id: 'page', on: { kind: 'page', event: 'Product' }, points: 3, limit: { per: 'lead' } },
  ],
};

let database: Database;
let api: RunningApi;
let mailbox: TestMailbox;
let transport: MailTransport;
let sendMail: ReturnType<typeof createSendMail>['sendMail'];
const clock = fixedClock(START);
const random = randomFrom(SEED);

beforeAll(async () => {
  [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
  api = await startApi(database, clock);
  await api.api('PUT', 'reps/rita', { name: 'Rita', email: 'rita@sales.example' });
  const shipped = ['sequences/attributes', 'templates'].map((entry) => path.join(packageRoot, entry));
  await pushDefinitions(
    apiClient(api.url, { writeKey: WRITE_KEY, secretKey: SECRET_KEY }),
    await readDefinitionFiles(shipped),
  );
  await publish(database, 'scoring_model', model, clock.now());
  const purposes = [
    { key: 'newsletter', name: { en: 'Newsletter' } },
    { key: 'orders', name: { en: 'Your orders' }, basis: 'contract' },
  ];
  await publish(database, 'consent', { key: 'shop', name: 'Shop', purposes }, clock.now());
  transport = createMailTransport({ smtpUrl: mailbox.url, connections: 2 });
  const compose = { publicUrl: api.url, signingSecret: SIGNING_SECRET, from: 'Shop <shop@shop.example>' };
  ({ sendMail } = createSendMail({ database, clock, transport, compose, leaseMs: 60_000 }));
}, 120_000);
afterAll(async () => {
  expect(api.failures).toEqual([]);
  connections.destroy();
  transport?.close();
  await api.stop();
  await mailbox.close();
  await database.close();
});

interface SentMail {
  readonly template: string;
  readonly lead: string;
  readonly email: string;
  readonly source: string;
}

/** Every mail to leads that is shipped, each sent to somebody of their own, who agreed to tracking. */
async function sendAll(round: number): Promise<SentMail[]> {
  const rows = await database.query<{ content: Template }>(sql`
    SELECT content FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'template' AND content->>'recipient' = 'lead' ORDER BY definition.key`);
  const sent: SentMail[] = [];
  for (const { content: template } of rows) {
    const email = `${template.key}.${round}@people.example`;
    const confirms = template.key === 'confirm-subscription';
    const lead = confirms ? await signUp(email) : (await addLead(database, { now: clock.now(), email })).id;
    if (!confirms) {
      await agree(lead, 'tracking');
      await putInQueue(lead, email, template);
    }
    sent.push({ template: template.key, lead, email, source: await deliver(lead, email) });
  }
  return sent;
}

async function agree(lead: string, purpose: string): Promise<void> {
  const evidence = { channel: 'email', purpose, action: 'granted', wording: 'Yes.', formUrl: 'https://shop.example/' };
  const said = new Date(clock.now()).toISOString();
  const consent = { ...evidence, requestedAt: said, confirmedAt: said };
  expect((await api.api('POST', `leads/${lead}/consents`, consent)).status).toBe(201);
}

/** A sign-up, whose mail asks to confirm it. */
async function signUp(email: string): Promise<string> {
  const purposes = ['newsletter', 'tracking'];
  const form = {
    wording: 'Yes.',
    formUrl: 'https://shop.example/',
    locale: 'de',
    ip: '192.0.2.7',
    userAgent: 'Firefox',
  };
  expect((await api.api('POST', 'opt-ins', { address: email, purposes, ...form })).status).toBe(202);
  const [row] = await database.query<{ lead: string }>(
    sql`SELECT lead_id AS lead FROM opt_in_request WHERE address = ${email}`,
  );
  return row?.lead ?? '';
}

async function putInQueue(leadId: string, address: string, { key: template, service, asks }: Template): Promise<void> {
  await database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, leadId);
    const purpose = service === true ? 'orders' : 'newsletter';
    const mail = { purpose, template, address, deadlineAt: null, now: clock.now(), messageIdDomain: 'shop.example' };
    const id = await insertLooseMail(transaction, lead, mail);
    const question = { attribute: 'authority', question: 'Who decides?', choices: ['me', 'somebody else'] };
    if (asks === true)
      await transaction.query(
        sql`UPDATE message SET question = ${JSON.stringify(question)}::jsonb WHERE id = ${id}::uuid`,
      );
    await raiseAttention(transaction, [leadId]);
  });
}

/** What the journey does, up to the mailbox. */
async function deliver(leadId: string, email: string): Promise<string> {
  const { send, plannedAt } = await planLead(database, clock, leadId, {
    notBefore: 0,
    messageIdDomain: 'shop.example',
  });
  for (const messageId of send) expect(await sendMail({ messageId, notBefore: plannedAt })).toEqual({ kind: 'sent' });
  const mail = mailbox.mails.filter(({ to }) => to === email).at(-1);
  if (mail === undefined) throw new Error(`nothing came to ${email}`);
  return mail.source;
}

/** A lead in sales' hands, and the mail that tells its representative. */
async function handOver(): Promise<SentMail> {
  const { id: lead, email } = await addLead(database, { now: clock.now(), email: 'ready@people.example' });
  const adjustment = { model: 'readers', points: 30, reason: 'met at the fair' };
  expect((await api.api('POST', `leads/${lead}/score-adjustments`, adjustment)).status).toBe(201);
  await assessAll(database, clock);
  const options = { notBefore: 0, messageIdDomain: 'shop.example' };
  await planLead(database, clock, lead, options);
  const [handoff] = await database.query<{ id: string }>(sql`SELECT id FROM handoff WHERE lead_id = ${lead}::uuid`);
  const plan = await planHandoffRow(database, clock, handoff?.id ?? '', { ...options, acceptWithinMs: 86_400_000 });
  await sendMail({ messageId: plan.send ?? '', notBefore: plan.plannedAt });
  const mail = mailbox.mails.find(({ to }) => to === 'rita@sales.example');
  return { template: 'handoff', lead, email, source: mail?.source ?? '' };
}

/** Every address of Tend's in html, text and headers. */
async function linksOf(source: string): Promise<string[]> {
  const { html = '', text = '', headers } = await new PostalMime().parse(source);
  const inHtml = [...html.matchAll(/(?:href|src)\s*=\s*["']([^"']+)["']/gi)].map(([, url]) =>
    (url ?? '').replaceAll('&amp;', '&').replaceAll('&#x3D;', '='),
  );
  const all = [...inHtml, ...(text.match(/https?:\/\/[^\s<>()[\]"']+/g) ?? [])];
  for (const { value } of headers) all.push(...(value.match(/https?:\/\/[^\s<>,]+/g) ?? []));
  return [...new Set(all.filter((url) => url.startsWith(api.url)))];
}

const connections = new Agent({ keepAlive: true });
/** Without a cookie, following nothing. `agent` null: without the header. */
function scan(method: 'GET' | 'HEAD', url: string, agent: string | null): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = agent === null ? {} : { 'User-Agent': agent };
    const asked = request(url, { method, headers, agent: connections }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** All that a person can say, that is known of them, and that sales has. */
const facts = async () => {
  const [row] = await database.query<{ all: object }>(sql`
    SELECT jsonb_build_object(
      'consents', (SELECT jsonb_agg(to_jsonb(consent) ORDER BY id) FROM consent),
      'signUps', (SELECT jsonb_agg(to_jsonb(opt_in_request) ORDER BY id) FROM opt_in_request),
      'suppressed', (SELECT jsonb_agg(to_jsonb(suppression) ORDER BY id) FROM suppression),
      'attributes', (SELECT jsonb_agg(to_jsonb(attribute) ORDER BY id) FROM attribute),
      'handoffs', (SELECT jsonb_agg(to_jsonb(handoff) ORDER BY id) FROM handoff),
      'assignments', (SELECT jsonb_agg(to_jsonb(handoff_assignment) ORDER BY to_jsonb(handoff_assignment)) FROM handoff_assignment),
      'leads', (SELECT jsonb_agg(jsonb_build_array(id, stage, locale, time_zone, merged_into, erased_at) ORDER BY id) FROM lead)) AS all`);
  return row?.all;
};
const standings = () =>
  database.query<{ lead: string; points: number; firm: number; qualified: boolean }>(sql`
    SELECT lead_id AS lead, points, firm_points AS firm, qualified_since IS NOT NULL AS qualified FROM standing ORDER BY lead_id`);

it('every link of every mail, fetched by GET and HEAD, twice, changes no consent, attribute or handoff, and leaves points that are revoked', async () => {
  const mails: { mail: SentMail; links: string[]; agent: string | null }[] = [];
  for (const round of [0, 1]) {
    for (const [index, mail] of (await sendAll(round)).entries()) {
      const agent = round === 0 ? SCANNER : (DISGUISES[index % 2] ?? null);
      mails.push({ mail, links: await linksOf(mail.source), agent });
    }
  }
  const handoff = await handOver();
  mails.push({ mail: handoff, links: await linksOf(handoff.source), agent: SCANNER });
  // What it is about is there: 20 mails and more, each with its ways out, pixels and links that are recorded, the trap.
  expect(new Set(mails.map(({ mail }) => mail.template)).size).toBeGreaterThan(20);
  const tracked = mails.filter(({ links }) => links.some((url) => url.includes('/t/o/')));
  expect(tracked.length).toBeGreaterThan(40);
  for (const { mail, links } of tracked) {
    for (const page of ['/t/o/', '/t/h/', '/u/', '/p/'])
      expect([mail.template, page, links.some((url) => url.includes(page))]).toEqual([mail.template, page, true]);
  }
  expect(tracked.filter(({ links }) => links.some((url) => url.includes('/t/c/'))).length).toBeGreaterThan(30);
  const kinds = new Set(mails.flatMap(({ links }) => links.map((url) => new URL(url).pathname.split('/')[1])));
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['a', 'c', 'm', 'p', 'r', 't', 'u']));
  const before = await facts();

  clock.set(clock.now() + 30_000);
  for (const { mail, links, agent } of mails) {
    const fetches = links.flatMap((url) =>
      (['GET', 'HEAD', 'GET', 'HEAD'] as const).map((method) => ({ url, method })),
    );
    while (fetches.length > 0) {
      const [next] = fetches.splice(random.below(fetches.length), 1);
      if (next === undefined) break;
      const status = await scan(next.method, next.url, agent);
      expect([mail.template, next.url, status < 400 || status === 401]).toEqual([mail.template, next.url, true]);
    }
  }
  await assessAll(database, clock);
  expect(await facts()).toEqual(before);
  // The points are there, and are provisional: nobody comes to qualify by them.
  const whileProvisional = await standings();
  const readers = new Set(tracked.map(({ mail }) => mail.lead));
  for (const { lead, points, firm, qualified } of whileProvisional.filter((standing) => readers.has(standing.lead))) {
    expect([points >= 15, firm, qualified]).toEqual([true, 0, false]);
    await planLead(database, clock, lead, { notBefore: 0, messageIdDomain: 'shop.example' });
  }
  expect(whileProvisional.length).toBeGreaterThanOrEqual(readers.size);
  expect(await facts()).toEqual(before);

  clock.set(clock.now() + 25_000);
  while ((await judgeWaitingHits(database, clock)).more);
  await assessAll(database, clock);
  for (const standing of (await standings()).filter(({ lead }) => readers.has(lead)))
    expect(standing).toMatchObject({ points: 0, firm: 0, qualified: false });
  const [left] = await database.query<{ unjudged: number; people: number; counting: number }>(sql`
    SELECT (SELECT count(*) FROM mail_hit WHERE judged_at IS NULL) AS unjudged, (SELECT count(*) FROM mail_hit WHERE machine IS NULL) AS people,
           (SELECT count(*) FROM interaction WHERE kind = 'tend' AND name LIKE 'Email%' AND discounted_at IS NULL) AS counting`);
  expect(left).toEqual({ unjudged: 0, people: 0, counting: 0 });
  expect(await facts()).toEqual(before);

  // The person behind it shows: that brings back nothing of what the scanner did.
  for (const { mail } of tracked) {
    await api.v1('identify', { userId: mail.email, traits: { email: mail.email } });
    await api.v1('page', { userId: mail.email, name: 'Product' });
  }
  await assessAll(database, clock);
  for (const standing of (await standings()).filter(({ lead }) => readers.has(lead)))
    expect(standing).toMatchObject({ points: 3, firm: 3, qualified: false });
}, 180_000);
