import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../api/consent-proof-page.ts';
import { DAY, MINUTE } from '../../domain/instant.ts';
import { signToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { readConsentProof } from '../../store/read-consent-proof.ts';
import { sql } from '../../store/sql.ts';
import { openBrowser, openPage, shoot } from '../support/browser.ts';
import { plainTemplate, publish } from '../support/company.ts';
import { confirmTemplate, shopPolicy, signUp } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll } from '../support/driver.ts';
import { readable, startPost, type TestPost } from '../support/post.ts';
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
let post: TestPost;
let browser: Browser;
let lead: string;
const compose = { publicUrl: 'http://127.0.0.1:8080', signingSecret: SIGNING_SECRET, from: 'Shop <shop@shop.example>' };
const requestedAt = Date.parse('2026-11-25T10:00:00.000Z');
const clock = fixedClock(new Date(requestedAt).toISOString());

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  post = await startPost(database, clock, SIGNING_SECRET);
  browser = await openBrowser();
  await publish(database, 'template', confirmTemplate, requestedAt);
  await publish(database, 'template', plainTemplate('welcome'), requestedAt);
  await publish(database, 'pacing', { key: 'default', name: 'Shop', timeZone: 'Europe/Berlin' }, requestedAt);
  await publish(database, 'consent', shopPolicy, requestedAt);
  await publish(
    database,
    'sequence',
    {
      key: 'welcome',
      name: 'Welcome',
      purpose: 'newsletter',
      entry: [{ kind: 'tend', event: 'Subscription Confirmed' }],
      steps: [{ id: 'hello', kind: 'send', template: 'welcome' }],
    },
    requestedAt,
  );
  lead = await livedThrough();
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await browser.close();
  await post.close();
  await api.stop();
  await database.close();
});

const send = (link: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${api.url}${new URL(link).pathname}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body,
  }).then(answer);

/** Tanja signs up for two things, confirms, gets a mail, unsubscribes from it, and signs up for a third. */
async function livedThrough(): Promise<string> {
  const request = (fields: object) =>
    fetch(`${api.url}/v1/opt-ins`, {
      method: 'POST',
      headers: { ...basic(WRITE_KEY), 'X-Forwarded-For': '203.0.113.9', 'User-Agent': 'Firefox 150 <on> Linux' },
      body: JSON.stringify({ ...signUp, ...fields }),
    });
  await request({ purposes: ['newsletter', 'tracking'] });
  const [mail] = await post.deliver();
  const link = readable(mail!).links.find((each) => each.includes('/c/')) ?? '';
  clock.set(requestedAt + 5 * MINUTE);
  await send(link, 'confirm=yes', { 'X-Forwarded-For': '198.51.100.7', 'User-Agent': 'Safari 20' });
  await assessAll(database, clock);
  await post.deliver();
  clock.set(requestedAt + 2 * DAY);
  const [sent] = await database.query<{ id: string; leadId: string }>(
    sql`SELECT id, lead_id AS "leadId" FROM message WHERE template_key = 'welcome' AND state = 'accepted'`,
  );
  const token = signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId: sent?.id ?? '' });
  await send(`${api.url}/u/${token}`, 'List-Unsubscribe=One-Click', { 'X-Forwarded-For': '198.51.100.8' });
  clock.set(requestedAt + 3 * DAY);
  await request({ purposes: ['offers'] });
  return sent?.leadId ?? '';
}

const proof = (query = '') => api.api('GET', `leads/${lead}/consent-proof${query}`);
/** What a reader sees: the text of the page, blanks as one. */
async function textOf(language: 'en' | 'de'): Promise<string> {
  const { status, body } = await proof(`?language=${language}`);
  expect(status).toBe(200);
  const page = await openPage(browser);
  await page.setContent(body as string);
  const text = (await page.locator('body').innerText()).replace(/\s+/g, ' ');
  await page.close();
  return text;
}

describe('the proof of consent', () => {
  it('holds each element that the rulings name (BGH I ZR 164/09, AG Düsseldorf 23 C 3876/13)', async () => {
    const text = await textOf('de');
    const [mail] = await database.query<{ header: string; acceptedAt: number; reply: string | null }>(
      sql`SELECT message_id_header AS header, finished_at AS "acceptedAt", smtp_reply AS reply FROM message WHERE purpose = 'double-opt-in' ORDER BY created_at LIMIT 1`,
    );
    const elements: Record<string, string | RegExp> = {
      'the wording as shown':
        'Ja, schreiben Sie mir über Papier & Tinte, höchstens einmal die Woche. Das kann ich jederzeit beenden.',
      'its version': 'Fassung des Wortlauts 2026-11',
      'the form’s URL': 'https://www.shop.example/newsletter?from=home',
      'the address': 'tanja@people.example',
      'the IP address of the request': 'IP-Adresse der Anmeldung 203.0.113.9',
      'the browser of the request': 'Browser der Anmeldung (User-Agent) Firefox 150 <on> Linux',
      'date and time of the request':
        /Datum und Uhrzeit der Anmeldung 25\.11\.2026, 11:00:00 MEZ \(UTC 2026-11-25T10:00:00\.000Z\)/,
      'the IP address of the confirmation': 'IP-Adresse der Bestätigung 198.51.100.7',
      'the browser of the confirmation': 'Safari 20',
      'date and time of the confirmation':
        /Datum und Uhrzeit der Bestätigung 25\.11\.2026, 11:05:00 MEZ \(UTC 2026-11-25T10:05:00\.000Z\)/,
      'the Message-ID of the mail that was confirmed': `Message-ID ${mail?.header}`,
      'when it was sent': /Dem Mailserver übergeben 25\.11\.2026, 11:00:00 MEZ/,
      'when it was accepted': /Vom Mailserver angenommen 25\.11\.2026, 11:00:00 MEZ/,
      'what the mail server said': /Antwort des Mailservers 250/,
      'its subject': 'Betreff Bitte bestätigen Sie Ihre Anmeldung',
      'its text': /Bitte bestätigen: bestätigen .* Das waren nicht Sie\? Dann ist nichts zu tun\./,
      'the frequency promised': 'Zugesagte Häufigkeit höchstens eine Mail pro Woche',
      'the purpose': 'E-Mail: Rundbrief newsletter',
      'tracking, as a purpose of its own': /Erfassen, welche unserer Mails geöffnet .* tracking/,
      'the withdrawal': /Einwilligung widerrufen .* 27\.11\.2026, 11:00:00 MEZ .* 198\.51\.100\.8/,
      'what holds now': /Widerrufen: 27\.11\.2026/,
      'a sign-up that proves nothing yet': /Nicht bestätigt .* Angebote/,
      'that nobody can change it': /Die Datenbank weist jede Änderung und Löschung ab/,
    };
    for (const [what, wanted] of Object.entries(elements)) {
      const found = typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      expect(found, `${what}: ${wanted}\n\n${text}`).toBe(true);
    }
  });

  it('is there in English too, and as data with the same digest', async () => {
    const text = await textOf('en');
    expect(text).toContain('Date and time of the confirmation 25/11/2026, 11:05:00 CET (UTC 2026-11-25T10:05:00.000Z)');
    const { body, headers } = await proof('?format=json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).toContain(body.digest);
    expect(body.purposes).toMatchObject([
      {
        channel: 'email',
        purpose: 'newsletter',
        state: { kind: 'withdrawn', at: '2026-11-27T10:00:00.000Z' },
        records: [
          {
            action: 'granted',
            requestedAt: '2026-11-25T10:00:00.000Z',
            confirmedAt: '2026-11-25T10:05:00.000Z',
            confirmation: { acceptedAt: '2026-11-25T10:00:00.000Z', text: { from: 'stored' } },
          },
          { action: 'withdrawn', source: 'unsubscribe' },
        ],
      },
      { purpose: 'tracking', state: { kind: 'granted' }, records: [{ action: 'granted' }] },
    ]);
  });

  it('has the mail that was confirmed in its digest, and no acceptance that nobody heard of', async () => {
    const read = () => readConsentProof(database, { leadId: lead, now: clock.now(), compose });
    const before = await read();
    const confirmed = before.purposes[0]?.records[0]?.confirmation;
    expect(confirmed).toMatchObject({ sentAt: requestedAt, acceptedAt: requestedAt });
    const altered = JSON.parse(JSON.stringify(before).replace('Bitte bestätigen Sie Ihre Anmeldung', 'Jetzt kaufen'));
    expect(digestOf(altered)).not.toBe(digestOf(before));
    expect(digestOf(await read())).toBe(digestOf(before));
    // Nobody heard the server's answer; that the link was used proves that the mail arrived, not when it was accepted.
    const set = (reason: string | null) =>
      database.query(
        sql`UPDATE message SET reason = ${reason} WHERE message_id_header = ${confirmed?.messageId ?? ''}`,
      );
    await set('proved-by-click');
    expect((await read()).purposes[0]?.records[0]?.confirmation).toMatchObject({
      sentAt: requestedAt,
      acceptedAt: null,
    });
    await set(null);
  });

  it('says what is not on record, rather than leave it out', async () => {
    const { body } = await api.api('POST', `leads/${lead}/consents`, {
      channel: 'phone',
      purpose: 'advice',
      action: 'granted',
      address: '+49301234567',
      wording: 'You may call me.',
      requestedAt: '2026-11-25T09:00:00Z',
      confirmedAt: '2026-11-25T09:00:00Z',
    });
    expect(body.id).toEqual(expect.any(Number));
    const text = await textOf('en');
    expect(text).toMatch(/Telephone: advice .* Address of the form \(URL\) – .*No mail is recorded with this consent/);
  });

  it('is for whoever has the secret key, of leads that there are', async () => {
    const get = (path: string, key: string) =>
      fetch(`${api.url}/api/leads/${path}`, { headers: { Authorization: `Bearer ${key}` } });
    expect((await get(`${lead}/consent-proof`, WRITE_KEY)).status).toBe(403);
    expect((await get(`${lead}/consent-proof?format=pdf`, SECRET_KEY)).status).toBe(400);
    expect((await get('01900000-0000-7000-8000-000000000000/consent-proof', SECRET_KEY)).status).toBe(404);
  });

  it('prints on A4 with nothing from elsewhere, and can be read by everybody', async () => {
    const { body } = await proof('?language=de');
    expect(body).not.toMatch(/<script|<link|<img|@import|url\(/i);
    const page = await openPage(browser);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.setContent(body as string);
    await shoot(page, 'consent-proof');
    const folder = mkdtempSync(join(tmpdir(), 'tend-proof-'));
    try {
      const file = join(process.env.TEND_SHOTS ?? folder, 'consent-proof.pdf');
      await page.pdf({ path: file, preferCSSPageSize: true, printBackground: true });
      const head = execFileSync('head', ['-c', '5', file]).toString();
      expect(head).toBe('%PDF-');
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(asked).toEqual([]);
    await page.close();
  });
});
