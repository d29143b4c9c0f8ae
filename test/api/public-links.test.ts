import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';
import { evidence, makeLead, pushShipped } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');
let lead: string;
let message: string;

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

let count = 0;
/** A lead with consent, who was sent the newsletter. */
async function sentNewsletter(): Promise<void> {
  count += 1;
  const email = `reader${count}@example.org`;
  lead = await makeLead(api, database, clock, email);
  await api.api('POST', `leads/${lead}/consents`, evidence);
  const { body } = await api.api('POST', `leads/${lead}/enrolments`, { sequence: 'stationery-newsletter' });
  message = newId();
  const now = new Date(clock.now());
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state, due_at,
                         claimed_at, finished_at, message_id_header, created_at)
    VALUES (${message}::uuid, 'lead', ${lead}::uuid, ${email}, 'email', 'newsletter', ${body.id}::uuid, 'newsletter', 1, 'newsletter', 'newsletter',
            'accepted', ${now}, ${now}, ${now}, ${`<${message}@test>`}, ${now})`);
}

const token = (purpose: 'open' | 'unsubscribe') => signToken(SIGNING_SECRET, { purpose, messageId: message });
const clickToken = (url: string) => signToken(SIGNING_SECRET, { purpose: 'click', messageId: message, url });
const get = async (path: string, init: RequestInit = {}) =>
  answer(await fetch(`${api.url}${path}`, { redirect: 'manual', ...init }));
const recorded = () =>
  database.query<{ name: string; kind: string; properties: object }>(sql`
    SELECT name, kind, properties FROM interaction WHERE lead_id = ${lead}::uuid AND source = 'tend' ORDER BY id`);
const consents = () =>
  database.query<object>(
    sql`SELECT action, purpose, address, source, ip, user_agent AS "userAgent" FROM consent WHERE lead_id = ${lead}::uuid ORDER BY id`,
  );
const attention = async () =>
  (await database.query<{ rev: number }>(sql`SELECT attention_rev AS rev FROM lead WHERE id = ${lead}::uuid`))[0]
    ?.rev ?? -1;

describe('the open pixel', () => {
  it('is a picture, and the opening is recorded, once a minute at most', async () => {
    await sentNewsletter();
    const { status, headers } = await get(`/t/o/${token('open')}`);
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, 'image/gif', 'no-store']);
    await get(`/t/o/${token('open')}`);
    expect(await recorded()).toEqual([
      {
        name: 'Email Opened',
        kind: 'tend',
        properties: { message, template: 'newsletter', sequence: 'stationery-newsletter', step: 'newsletter' },
      },
    ]);
  });

  it('is a picture whatever the token, and records nothing for a wrong one or a HEAD', async () => {
    await sentNewsletter();
    for (const path of ['/t/o/nonsense', `/t/o/${token('unsubscribe')}`]) expect((await get(path)).status).toBe(200);
    expect((await get(`/t/o/${token('open')}`, { method: 'HEAD' })).status).toBe(200);
    expect(await recorded()).toEqual([]);
  });
});

describe('a tracked link', () => {
  const url = 'https://federkiel.example/painting?from=newsletter&x=ü#a';

  it('leads to its target, and the click is recorded', async () => {
    await sentNewsletter();
    const { status, headers } = await get(`/t/c/${clickToken(url)}`);
    expect([status, headers.get('location'), headers.get('set-cookie')]).toEqual([
      302,
      'https://federkiel.example/painting?from=newsletter&x=%C3%BC#a',
      null,
    ]);
    await get(`/t/c/${clickToken(url)}`);
    expect(await recorded()).toMatchObject([
      { name: 'Email Link Clicked', properties: { message, template: 'newsletter', url } },
    ]);
  });

  it('leads nowhere else: a forged token, or one for another purpose, gets a page and no redirect', async () => {
    await sentNewsletter();
    const forged = Buffer.from(clickToken(url), 'base64url');
    forged.write('evil', 25);
    for (const bad of [forged.toString('base64url'), token('open'), 'x', encodeURIComponent('https://evil.example')]) {
      const { status, headers, body } = await get(`/t/c/${bad}`);
      expect([status, headers.get('location')]).toEqual([403, null]);
      expect(body).toContain('This link does not work');
    }
    expect(await recorded()).toEqual([]);
  });

  it('is not clicked by a HEAD, with which scanners look', async () => {
    await sentNewsletter();
    expect((await get(`/t/c/${clickToken(url)}`, { method: 'HEAD' })).status).toBe(302);
    expect(await recorded()).toEqual([]);
  });
});

describe('unsubscribing', () => {
  const oneClick = (init: RequestInit = {}) =>
    get(`/u/${token('unsubscribe')}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'Gmail' },
      body: 'List-Unsubscribe=One-Click',
      ...init,
    });

  it('by GET changes nothing and asks, in a page that anybody can use', async () => {
    await sentNewsletter();
    const [before, rev] = [await consents(), await attention()];
    for (const method of ['GET', 'HEAD'])
      expect((await get(`/u/${token('unsubscribe')}`, { method })).status).toBe(200);
    const { body, headers } = await get(`/u/${token('unsubscribe')}`, {
      headers: { 'Accept-Language': 'de-DE,de;q=0.9,en;q=0.5' },
    });
    expect(body).toContain('<html lang="de">');
    expect(body).toContain(
      '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Jetzt abmelden</button></form>',
    );
    expect(headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(await consents()).toEqual(before);
    expect(await attention()).toBe(rev);
    expect(await recorded()).toEqual([]);
  });

  it('by one click (RFC 8058) takes effect at once: evidence, interaction, a look at the plan', async () => {
    await sentNewsletter();
    const rev = await attention();
    const { status, headers } = await oneClick();
    expect([status, headers.get('set-cookie'), headers.get('location')]).toEqual([200, null, null]);
    expect((await consents())[1]).toEqual({
      action: 'withdrawn',
      purpose: 'newsletter',
      address: `reader${count}@example.org`,
      source: 'unsubscribe',
      ip: '127.0.0.1',
      userAgent: 'Gmail',
    });
    expect(await recorded()).toMatchObject([{ name: 'Unsubscribed', properties: { message, purpose: 'newsletter' } }]);
    expect(await attention()).toBe(rev + 1);
  });

  it('takes a multipart form as well', async () => {
    await sentNewsletter();
    const form = new FormData();
    form.set('List-Unsubscribe', 'One-Click');
    expect((await oneClick({ body: form, headers: {} })).status).toBe(200);
    expect(await consents()).toHaveLength(2);
  });

  it('again, or many times at once, is one withdrawal; a new consent can be withdrawn anew', async () => {
    await sentNewsletter();
    const answers = await Promise.all(Array.from({ length: 6 }, () => oneClick()));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(await consents()).toHaveLength(2);
    await api.api('POST', `leads/${lead}/consents`, evidence);
    await oneClick();
    expect(await consents()).toHaveLength(4);
  });

  it('needs the right token and the right body', async () => {
    await sentNewsletter();
    expect((await get(`/u/${token('open')}`, { method: 'POST', body: 'List-Unsubscribe=One-Click' })).status).toBe(403);
    expect((await get(`/u/${token('open')}`)).status).toBe(403);
    expect(await oneClick({ body: 'x=y' })).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    expect(await oneClick({ body: 'x'.repeat(20_000) })).toMatchObject({ status: 413 });
    expect((await oneClick({ method: 'PUT' })).status).toBe(405);
    expect(await consents()).toHaveLength(1);
  });

  it('works for the lead that the mail’s lead was merged into', async () => {
    await sentNewsletter();
    const [loser, mail] = [lead, message];
    await sentNewsletter();
    await database.query(sql`UPDATE message SET lead_id = ${lead}::uuid WHERE id = ${mail}::uuid`);
    await database.query(sql`UPDATE lead SET merged_into = ${lead}::uuid WHERE id = ${loser}::uuid`);
    message = mail;
    expect((await oneClick()).status).toBe(200);
    expect((await consents()).at(-1)).toMatchObject({ action: 'withdrawn' });
  });
});
