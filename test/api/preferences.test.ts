import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, SECOND } from '../../domain/instant.ts';
import { answerUrl, preferencesUrl } from '../../mail/links.ts';
import { signToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import {
  DESK,
  openBrowser,
  openPage,
  PHONE,
  shoot,
  sticksOut,
  type Reader as Visitor,
  violations,
} from '../support/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { addMail, foundMailingCompany, type Reader, sendTo } from '../support/reader.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';

let database: Database;
let api: RunningApi;
let browser: Browser;
const clock = fixedClock('2026-11-25T12:00:00.000Z');
let reader: Reader;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await foundMailingCompany(database, clock.now());
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

/** A reader of the newsletter, who agreed to at most one a week. */
async function newReader(options: Partial<Parameters<typeof sendTo>[1]> = {}): Promise<void> {
  clock.set(clock.now() + SECOND);
  reader = await sendTo(database, { now: clock.now() - HOUR, promise: { max: 1, days: 7 }, ...options });
}

const address = () => preferencesUrl({ publicUrl: '', signingSecret: SIGNING_SECRET }, reader.message);
const open = async (path = address(), init: RequestInit = {}) => answer(await fetch(`${api.url}${path}`, init));
const consents = () =>
  database.query<Record<string, unknown>>(sql`
    SELECT purpose, action, address, wording, locale, change, source, actor, ip, promise_max AS max, promise_days AS days,
           form_url AS "formUrl", confirmation_message_id AS "confirmationMessageId", requested_at AS "requestedAt",
           confirmed_at AS "confirmedAt", wording_version AS "wordingVersion", at
    FROM consent WHERE lead_id = ${reader.lead}::uuid ORDER BY id`);
const changes = async () =>
  (await consents()).slice(1).map(({ action, purpose, change }) => change ?? `${action} ${purpose}`);
const present = async () => (await api.api('GET', `leads/${reader.lead}/preferences`)).body;
/** Everything that could have changed about the lead. */
const everything = async () =>
  JSON.stringify(
    await database.query<object>(sql`
      SELECT (SELECT to_jsonb(lead) FROM lead WHERE id = ${reader.lead}::uuid) AS lead,
             (SELECT jsonb_agg(to_jsonb(consent) ORDER BY id) FROM consent WHERE lead_id = ${reader.lead}::uuid) AS consents,
             (SELECT jsonb_agg(to_jsonb(interaction) ORDER BY id) FROM interaction WHERE lead_id = ${reader.lead}::uuid) AS interactions`),
  );

/** A person at their own preferences; without scripts, unless told otherwise. */
async function visit(visitor: Visitor = {}): Promise<Page> {
  const page = await openPage(browser, { javaScriptEnabled: false, ...visitor });
  await page.goto(`${api.url}${address()}`);
  return page;
}
const save = (page: Page) => page.getByRole('button', { name: /^(Speichern|Save)$/ }).click();
const told = async (page: Page) => (await page.getByRole('status').innerText()).replace(/\n+/g, '\n');

describe('the page of one’s mails', () => {
  it('shows how everything stands, in the reader’s language; opened again and again, it changes nothing', async () => {
    await newReader();
    const before = await everything();
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD']) expect((await open(address(), { method })).status).toBe(200);
    const page = await visit();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Ihre Mails von Federkiel');
    const newsletter = page.getByRole('checkbox', { name: /Papier und Tinte/ });
    expect(await newsletter.isChecked()).toBe(true);
    expect(await page.locator('label').filter({ has: newsletter }).innerText()).toContain(
      'Höchstens eine Mail pro Woche',
    );
    expect(await page.getByRole('checkbox', { name: /Veranstaltungen/ }).isChecked()).toBe(false);
    expect(await page.getByRole('checkbox', { name: /Festhalten/ }).isChecked()).toBe(false);
    expect(await page.getByRole('radio', { name: 'So oft, wie beim Thema versprochen' }).isChecked()).toBe(true);
    expect(await page.locator('main').innerText()).toContain('kommen in jedem Fall: Rechnungen.');
    expect(await page.content()).not.toContain(reader.email);
    expect(await page.getByRole('link', { name: 'Impressum' }).getAttribute('href')).toBe(
      'https://federkiel.example/imprint',
    );
    await page.getByRole('link', { name: 'English' }).click();
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Your mails from Federkiel');
    expect(await everything()).toBe(before);
    await page.context().close();
  });

  it('saves a topic that is switched on as a confirmed consent, in the words as shown, with the mail that led there', async () => {
    await newReader();
    const page = await visit();
    await page.getByRole('checkbox', { name: /Veranstaltungen/ }).check();
    await save(page);
    expect(await told(page)).toBe('Gespeichert. Das hat sich geändert:\nVeranstaltungen & Kurse: eingeschaltet');
    expect(await page.getByRole('checkbox', { name: /Veranstaltungen/ }).isChecked()).toBe(true);
    const [, granted, ...more] = await consents();
    expect(more).toEqual([]);
    expect(granted).toEqual({
      purpose: 'events',
      action: 'granted',
      address: reader.email,
      wording: [
        'Worüber dürfen wir Ihnen schreiben?',
        'Veranstaltungen & Kurse',
        'Wann in Ihrer Nähe etwas los ist.',
        'Höchstens eine Mail in zwei Wochen',
        'Wenn Sie ein Thema einschalten und speichern, willigen Sie ein, dazu E-Mails von Federkiel zu erhalten. Das können Sie jederzeit widerrufen: auf dieser Seite oder über den Link in jeder Mail.',
        '[Speichern]',
      ].join('\n'),
      wordingVersion: expect.stringMatching(/^[\w-]{16}$/),
      locale: 'de',
      change: null,
      source: 'preferences',
      actor: 'recipient',
      ip: '127.0.0.1',
      max: 1,
      days: 14,
      formUrl: 'http://127.0.0.1:8080/p/',
      confirmationMessageId: `<${reader.message}@shop.example>`,
      requestedAt: clock.now(),
      confirmedAt: clock.now(),
      at: clock.now(),
    });
    for (const line of String(granted?.wording).split('\n').slice(0, -1))
      expect(await page.locator('main').innerText()).toContain(line);
    expect((await present()).purposes[1]).toMatchObject({ key: 'events', on: true, promise: { max: 1, days: 14 } });
    await page.context().close();
  });

  it('saves everything at once, an entry each, and what was left alone makes none', async () => {
    await newReader();
    const page = await visit();
    await page.getByRole('checkbox', { name: /Papier/ }).uncheck();
    await page.getByRole('checkbox', { name: /Umfragen/ }).check();
    await page.getByRole('checkbox', { name: /Festhalten/ }).check();
    await page.getByRole('radio', { name: 'Höchstens eine Mail im Monat' }).check();
    await page.getByLabel('Pause machen').selectOption('8');
    await page.getByLabel('Sprache der Mails').selectOption('English');
    await save(page);
    expect(await told(page)).toBe(
      [
        'Gespeichert. Das hat sich geändert:',
        'Papier und Tinte: ausgeschaltet',
        'Umfragen: eingeschaltet',
        'Festhalten, welche Mails und Links ich öffne: eingeschaltet',
        'Wie oft? Höchstens eine Mail im Monat',
        'Pause machen: Keine Mails bis 20. Januar 2027',
        'Sprache der Mails: English',
      ].join('\n'),
    );
    const until = new Date(clock.now() + 56 * DAY).toISOString();
    expect(await changes()).toEqual([
      'withdrawn newsletter',
      'granted surveys',
      'granted tracking',
      { limit: { max: 1, days: 31 } },
      { pausedUntil: until },
      { locale: 'en' },
    ]);
    for (const { wording } of (await consents()).slice(1)) expect(wording).toMatch(/^\S/);
    const view = await present();
    expect(view).toMatchObject({ tracking: true, pausedUntil: until, limit: { max: 1, days: 31 }, locale: 'en' });
    const lead = await api.api('GET', `leads/${reader.lead}`);
    expect(lead.body.locale).toBe('en');
    const unsubscribed = lead.body.timeline.entries.filter(
      ({ detail }: { detail: { name?: string } }) => detail.name === 'Unsubscribed',
    );
    expect(unsubscribed).toMatchObject([
      { detail: { properties: { message: reader.message, purpose: 'newsletter' } } },
    ]);
    await save(page);
    expect(await told(page)).toBe('Das war alles schon so: Es hat sich nichts geändert.');
    expect(await changes()).toHaveLength(6);
    // And back again.
    await page.getByRole('radio', { name: 'So oft, wie beim Thema versprochen' }).check();
    await page.getByLabel('Pause machen').selectOption('Pause beenden');
    await page.getByRole('checkbox', { name: /Papier/ }).check();
    await page.getByRole('checkbox', { name: /Festhalten/ }).uncheck();
    await save(page);
    expect((await changes()).slice(6)).toEqual([
      'withdrawn tracking',
      'granted newsletter',
      { limit: null },
      { pausedUntil: null },
    ]);
    expect(await present()).toMatchObject({
      tracking: false,
      pausedUntil: null,
      limit: null,
      purposes: [{ on: true }, {}, {}],
    });
    await page.context().close();
  });

  it('ends everything by one button; each topic can be switched on again', async () => {
    await newReader();
    const page = await visit();
    await page.getByRole('button', { name: 'Alle Mails abbestellen' }).click();
    expect(await told(page)).toContain('Sie erhalten zu keinem Thema mehr eine Mail.');
    expect((await consents()).slice(1)).toMatchObject([
      {
        purpose: 'all',
        action: 'withdrawn',
        wording: 'Sie erhalten dann ab sofort zu keinem Thema mehr eine Mail.\n[Alle Mails abbestellen]',
      },
    ]);
    expect(await page.getByRole('button', { name: 'Alle Mails abbestellen' }).count()).toBe(0);
    expect(await present()).toMatchObject({ endedEverything: true });
    await page.getByRole('checkbox', { name: /Papier/ }).check();
    await save(page);
    expect(await changes()).toEqual(['withdrawn all', 'granted newsletter']);
    expect(await present()).toMatchObject({ endedEverything: false, purposes: [{ on: true }, { on: false }, {}] });
    await page.context().close();
  });

  it('keeps what another page ended meanwhile: only what was touched is a wish', async () => {
    await newReader();
    const page = await visit();
    await fetch(`${api.url}/u/${signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId: reader.message })}`, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    });
    await page.getByRole('radio', { name: 'Höchstens eine Mail pro Woche' }).check();
    await save(page);
    expect(await changes()).toEqual(['withdrawn newsletter', { limit: { max: 1, days: 7 } }]);
    expect(await page.getByRole('checkbox', { name: /Papier/ }).isChecked()).toBe(false);
    await page.context().close();
  });

  it('is looked at with eyes and by axe: nothing to complain of at a desk and on a telephone, by day and by night', {
    timeout: 120_000,
  }, async () => {
    await newReader();
    const question = { attribute: 'need', question: 'When do you need it?', choices: ['now', 'later', 'never'] };
    await database.query(sql`
      UPDATE message SET question = ${JSON.stringify(question)}::jsonb WHERE id = ${reader.message}::uuid`);
    const ask = answerUrl({ publicUrl: '', signingSecret: SIGNING_SECRET }, reader.message, 'need');
    const unsubscribe = `/u/${signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId: reader.message })}`;
    for (const [name, visitor] of Object.entries({
      desk: { viewport: DESK },
      phone: { viewport: PHONE },
      'desk-night': { viewport: DESK, colorScheme: 'dark', locale: 'en-GB' },
      'phone-night': { viewport: PHONE, colorScheme: 'dark', locale: 'en-GB' },
    } as const)) {
      const page = await visit({ javaScriptEnabled: true, ...visitor });
      const look = async (what: string) => {
        await shoot(page, `${what}-${name}`);
        // Width changes what axe sees as little as the language does: two of the four have both of each.
        if (name === 'desk' || name === 'phone-night') expect(await violations(page), what).toEqual([]);
        expect(await sticksOut(page), what).toBe(0);
      };
      await look('preferences');
      await page.locator('input[value=events]').check();
      await page.locator('select[name=pause]').selectOption('4');
      await save(page);
      await look('saved');
      await page.locator('input[value=events]').uncheck();
      await page.locator('select[name=pause]').selectOption('none');
      await save(page);
      await page.goto(`${api.url}${unsubscribe}`);
      await look('unsubscribe');
      await page.locator('main form button').click();
      await look('unsubscribed');
      await page.locator('button.second').click();
      await look('undone');
      await page.goto(`${api.url}/p/nonsense`);
      await look('bad-link');
      await page.goto(`${api.url}${ask}?choice=2`);
      await look('question');
      await page.locator('main form button').click();
      await look('answered');
      await page.context().close();
      clock.set(clock.now() + SECOND);
    }
  });
});

describe('the form', () => {
  const post = (fields: Record<string, string> | string, init: RequestInit = {}) =>
    open(`${address()}?lang=en`, { method: 'POST', body: new URLSearchParams(fields), ...init });
  /** As the page shows it now. */
  async function shown(): Promise<Record<string, string>> {
    const { body } = await open(`${address()}?lang=en`);
    const agreements = /name="agreements" value="([^"]+)"/.exec(body)?.[1] ?? '';
    return { agreements, frequency: 'promised', 'frequency-shown': 'promised', pause: 'none', 'pause-shown': 'none' };
  }

  it('of another mail’s token, a forged one, or one for another purpose gets the page for bad links', async () => {
    await newReader();
    for (const token of [
      'x',
      signToken('another secret', { purpose: 'preferences', messageId: reader.message }),
      signToken(SIGNING_SECRET, { purpose: 'unsubscribe', messageId: reader.message }),
      signToken(SIGNING_SECRET, { purpose: 'open', messageId: reader.message }),
    ]) {
      expect((await open(`/p/${token}`)).status).toBe(403);
      expect(
        (await open(`/p/${token}`, { method: 'POST', body: new URLSearchParams({ everything: 'off' }) })).status,
      ).toBe(403);
    }
    expect(await changes()).toEqual([]);
  });

  it('that was cut off, or is none, saves nothing and says so in plain words', async () => {
    await newReader();
    const before = await everything();
    const whole = await shown();
    const { frequency: _, ...cut } = whole;
    for (const fields of ['', 'x=y', cut, { ...whole, frequency: 'hourly' }, { ...whole, pause: '3' }]) {
      const { status, body } = await post(fields);
      expect(status).toBe(400);
      expect(body).toContain('role="alert">That did not arrive in full, and nothing was saved.');
    }
    expect(
      (await post('', { body: '{"everything":"off"}', headers: { 'Content-Type': 'application/json' } })).status,
    ).toBe(400);
    expect((await post({ more: 'x'.repeat(30_000) })).status).toBe(413);
    expect((await open(address(), { method: 'DELETE' })).status).toBe(405);
    expect(await everything()).toBe(before);
  });

  it('can’t begin what the page does not offer', async () => {
    await newReader();
    const before = await everything();
    for (const key of ['unheard-of', 'invoices', 'all', 'double-opt-in', 'tracking'])
      expect((await post({ ...(await shown()), topic: key, 'topic-shown': `${key}:off` })).status).toBe(200);
    expect((await post({ ...(await shown()), locale: 'fr', 'locale-shown': 'en' })).body).toContain(
      'nothing has changed',
    );
    expect(await everything()).toBe(before);
  });

  it('many times at once is one change', async () => {
    await newReader();
    const fields = { ...(await shown()), topic: 'events', 'topic-shown': 'events:off', pause: '4' };
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(fields)));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const pausedUntil = new Date(clock.now() + 28 * DAY).toISOString();
    expect(await changes()).toEqual(['granted events', { pausedUntil }]);
  });

  it('whose words of consent have changed since it was shown records none of it', async () => {
    await newReader();
    const fields = { ...(await shown()), topic: 'events', 'topic-shown': 'events:off' };
    const before = await everything();
    for (const agreements of ['older-words', '']) {
      const { status, body } = await post({ ...fields, agreements, pause: '4' });
      expect(status).toBe(409);
      expect(body).toContain('The words of a topic have changed meanwhile');
    }
    // The German page has other words than the English one.
    const german = await open(`${address()}?lang=de`, { method: 'POST', body: new URLSearchParams(fields) });
    expect(german.status).toBe(409);
    expect(await everything()).toBe(before);
    // What ends something needs no agreement.
    await post({ ...fields, agreements: 'older-words', topic: '', 'topic-shown': 'newsletter:on' });
    expect(await changes()).toEqual(['withdrawn newsletter']);
  });

  it('from an address that the person has given up can end topics, and begin none', async () => {
    await newReader();
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      VALUES ('email', ${`new-${reader.email}`}, ${reader.lead}::uuid, ${at(clock.now())}, ${at(clock.now())})`);
    const { body } = await open(`${address()}?lang=en`);
    expect(body).toContain('This link went to an address that you don’t use for our mails any more.');
    expect(body).toMatch(/value="newsletter" checked>/);
    expect(body).toMatch(/value="events" disabled>/);
    const fields = await shown();
    expect((await post({ ...fields, topic: 'events', 'topic-shown': 'events:off' })).status).toBe(409);
    expect((await post({ ...fields, tracking: 'on', 'tracking-shown': 'off' })).status).toBe(409);
    expect(await changes()).toEqual([]);
    await post({ ...fields, topic: '', 'topic-shown': 'newsletter:on' });
    expect(await changes()).toEqual(['withdrawn newsletter']);
    // The same with how often, and when: less of it at any time, more of it not.
    const set = async (change: Record<string, string>) => (await post({ ...(await shown()), ...change })).status;
    expect(await set({ frequency: 'monthly', pause: '4' })).toBe(200);
    const [monthly, running] = [{ 'frequency-shown': 'monthly' }, { 'pause-shown': 'running' }];
    expect(await set({ ...monthly, frequency: 'promised' })).toBe(409);
    expect(await set({ ...monthly, frequency: 'weekly' })).toBe(409);
    expect(await set({ ...running, pause: 'none' })).toBe(409);
    expect(await set({ ...running, pause: '2' })).toBe(409);
    expect(await set({ ...running, pause: '12' })).toBe(200);
    expect(await present()).toMatchObject({ limit: { max: 1, days: 31 } });
  });

  it('from a new address takes a consent for it, where the one before was for another', async () => {
    await newReader();
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, address, source, actor, at)
      VALUES (${reader.lead}::uuid, 'email', 'events', 'granted', 'earlier@example.org', 'api', 'test', ${at(clock.now() - HOUR)})`);
    expect((await present()).purposes[1]).toMatchObject({ key: 'events', on: false, state: 'granted' });
    await post({ ...(await shown()), topic: 'events', 'topic-shown': 'events:off' });
    expect((await consents()).at(-1)).toMatchObject({ purpose: 'events', action: 'granted', address: reader.email });
    expect((await present()).purposes[1]).toMatchObject({ on: true });
  });

  it('says that nothing is sent to an address on the suppression list', async () => {
    await newReader();
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, actor, at)
      VALUES ('email', ${database.keyedHash(reader.email)}, 'manual', 'test', ${at(clock.now())})`);
    expect((await open(`${address()}?lang=en`)).body).toContain('No mail is sent to this address at present');
    expect(await present()).toMatchObject({ suppressed: true });
  });

  it('ends sign-ups that wait for their confirmation, with the topic or with everything', async () => {
    await newReader();
    const mail = await addMail(database, { ...reader, purpose: 'double-opt-in', now: clock.now() });
    await database.query(sql`
      INSERT INTO opt_in_request (id, lead_id, address, purposes, wording, form_url, message_id, requested_at, expires_at)
      VALUES (${newId()}::uuid, ${reader.lead}::uuid, ${reader.email}, '{newsletter,events}', 'Yes', 'https://shop.example/', ${mail}::uuid,
              ${at(clock.now())}, ${at(clock.now() + DAY)})`);
    const request = async () =>
      (
        await database.query<object>(sql`
          SELECT purposes, expires_at > ${at(clock.now())} AS open FROM opt_in_request WHERE lead_id = ${reader.lead}::uuid`)
      )[0];
    await post({ ...(await shown()), topic: '', 'topic-shown': 'newsletter:on' });
    expect(await request()).toEqual({ purposes: ['events'], open: true });
    await post({ everything: 'off' });
    expect(await request()).toEqual({ purposes: ['events'], open: false });
  });

  it('leads nowhere once the person was erased, and says so kindly', async () => {
    await newReader();
    await database.query(sql`UPDATE lead SET erased_at = ${at(clock.now())} WHERE id = ${reader.lead}::uuid`);
    const before = await everything();
    const found = await open(`${address()}?lang=de`);
    expect([found.status, found.body.includes('Hier gibt es nichts mehr')]).toEqual([410, true]);
    expect((await post({ everything: 'off' })).status).toBe(410);
    expect(await everything()).toBe(before);
  });

  it('counts for the lead that the mail’s lead was merged into', async () => {
    await newReader();
    const { lead: loser, message } = reader;
    await newReader();
    await database.query(sql`UPDATE message SET lead_id = ${reader.lead}::uuid WHERE id = ${message}::uuid`);
    await database.query(
      sql`UPDATE identity SET lead_id = ${reader.lead}::uuid, linked_at = linked_at - interval '1 day' WHERE lead_id = ${loser}::uuid`,
    );
    await database.query(sql`UPDATE lead SET merged_into = ${reader.lead}::uuid WHERE id = ${loser}::uuid`);
    reader = { ...reader, message };
    await post({ ...(await shown()), topic: '', 'topic-shown': 'newsletter:on', frequency: 'weekly' });
    expect(await changes()).toEqual(['withdrawn newsletter', { limit: { max: 1, days: 7 } }]);
    expect((await api.api('GET', `leads/${loser}/preferences`)).body).toMatchObject({
      leadId: reader.lead,
      purposes: [{ on: false }, {}, {}],
    });
  });

  it('of a test lead counts its pause from the lead’s own clock', async () => {
    await newReader();
    await database.query(
      sql`UPDATE lead SET test = true, clock_offset_ms = ${30 * DAY} WHERE id = ${reader.lead}::uuid`,
    );
    await post({ ...(await shown()), pause: '2' });
    const until = new Date(clock.now() + 44 * DAY).toISOString();
    expect((await consents()).at(-1)).toMatchObject({ change: { pausedUntil: until }, at: clock.now() + 30 * DAY });
    expect(await present()).toMatchObject({ pausedUntil: until });
  });
});

describe('the language that a person chose', () => {
  it('is not overruled by what a website tells of their browser', async () => {
    await newReader();
    await api.api('PUT', `leads/${reader.lead}/preferences`, { locale: 'de' });
    await api.v1('identify', {
      traits: { email: reader.email, locale: 'en-US' },
      messageId: `identify ${reader.email}`,
    });
    await linkIdentities(database, clock);
    expect((await api.api('GET', `leads/${reader.lead}`)).body.locale).toBe('de');
    await newReader();
    await api.v1('identify', {
      traits: { email: reader.email, locale: 'en-US' },
      messageId: `identify ${reader.email}`,
    });
    await linkIdentities(database, clock);
    expect((await api.api('GET', `leads/${reader.lead}`)).body.locale).toBe('en-US');
  });
});

describe('preferences by the company', () => {
  const put = (body: object) => api.api('PUT', `leads/${reader.lead}/preferences`, body);

  it('are what a person told it; what is not named stays', async () => {
    await newReader();
    const until = new Date(clock.now() + 10 * DAY).toISOString();
    const { status, body } = await put({ pausedUntil: until, limit: { max: 2, days: 30 }, note: 'called on Tuesday' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      leadId: reader.lead,
      address: reader.email,
      pausedUntil: until,
      limit: { max: 2, days: 30 },
      purposes: [{ key: 'newsletter', on: true, state: 'granted' }, { on: false, state: 'none', since: null }, {}],
    });
    expect((await consents()).slice(1)).toMatchObject([
      { action: 'changed', purpose: 'all', source: 'api', actor: 'crm', wording: 'called on Tuesday' },
      { action: 'changed' },
    ]);
    await put({ purposes: { newsletter: false } });
    expect((await changes()).at(-1)).toBe('withdrawn newsletter');
    expect((await put({ pausedUntil: null, limit: null })).body).toMatchObject({ pausedUntil: null, limit: null });
    expect((await put({ endEverything: true })).body).toMatchObject({ endedEverything: true });
    const page = await open(`${address()}?lang=en`);
    expect(page.body).toContain('You get no mails of any topic any more.');
  });

  it('show a limit of its own on the person’s page, who may keep it or not', async () => {
    await newReader();
    await put({ limit: { max: 3, days: 10 } });
    const page = await visit();
    expect(await page.getByRole('radio', { name: 'Höchstens drei Mails in 10 Tagen' }).isChecked()).toBe(true);
    await save(page);
    expect(await told(page)).toContain('nichts geändert');
    await page.context().close();
  });

  it('can’t grant: a consent needs its evidence', async () => {
    await newReader();
    const wrong = await put({ purposes: { events: true, unknown: false }, tracking: true, pausedUntil: null });
    expect(wrong).toMatchObject({
      status: 400,
      body: {
        errors: [
          { path: 'purposes.events', problem: expect.stringContaining('POST /api/leads/:id/consents') },
          { path: 'purposes.unknown' },
          { path: 'tracking' },
        ],
      },
    });
    expect(await changes()).toEqual([]);
  });

  it('name the field that is wrong', async () => {
    await newReader();
    expect(await put({ limit: { max: 0, days: 7 }, locale: 'German', pausedUntil: 'soon', more: 1 })).toMatchObject({
      status: 400,
      body: {
        errors: expect.arrayContaining([
          expect.objectContaining({ path: 'locale' }),
          expect.objectContaining({ path: 'pausedUntil' }),
        ]),
      },
    });
    expect(await put({ pausedUntil: '9999-12-31T00:00:00Z' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'pausedUntil' }] },
    });
    for (const id of [newId(), 'x']) {
      expect((await api.api('GET', `leads/${id}/preferences`)).status).toBe(404);
      expect((await api.api('PUT', `leads/${id}/preferences`, { limit: null })).status).toBe(404);
    }
    await database.query(sql`UPDATE lead SET erased_at = ${at(clock.now())} WHERE id = ${reader.lead}::uuid`);
    expect((await put({ limit: null })).status).toBe(404);
    expect((await api.api('GET', `leads/${reader.lead}/preferences`)).status).toBe(404);
  });
});

describe('without a consent policy', () => {
  it('the page has what the person has a record of, under its key', async () => {
    await newReader();
    await database.query(sql`UPDATE definition SET live_version_id = NULL WHERE kind = 'consent'`);
    const { body } = await open(`${address()}?lang=en`);
    expect(body).toMatch(/value="newsletter" checked>/);
    expect(body).not.toContain('value="events"');
    await open(`${address()}?lang=en`, { method: 'POST', body: new URLSearchParams({ everything: 'off' }) });
    expect((await open()).body).toMatch(/value="newsletter"><span>newsletter/);
    await newReader({ consent: false });
    expect((await open(`${address()}?lang=en`)).body).toContain('There are no topics to choose from at present.');
  });
});
