import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR, SECOND } from '../../domain/instant.ts';
import { signToken, type TokenPurpose } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { unsubscribe } from '../../store/unsubscribe.ts';
import { createTestDatabase } from '../support/database.ts';
import { addMail, foundMailingCompany, type Reader, sendTo } from '../support/reader.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';
import { evidence } from './tanja.ts';

let database: Database;
let api: RunningApi;
const clock = fixedClock('2026-11-21T12:00:00.000Z');
let reader: Reader;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await foundMailingCompany(database, clock.now());
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

/** A lead with consent, who was sent the newsletter. */
async function sentNewsletter(options: Partial<Parameters<typeof sendTo>[1]> = {}): Promise<void> {
  clock.set(clock.now() + SECOND);
  reader = await sendTo(database, { now: clock.now() - HOUR, promise: { max: 1, days: 7 }, ...options });
}

const token = (purpose: Exclude<TokenPurpose, 'click' | 'answer'>, messageId = reader.message) =>
  signToken(SIGNING_SECRET, { purpose, messageId });
const get = async (path: string, init: RequestInit = {}) =>
  answer(await fetch(`${api.url}${path}`, { redirect: 'manual', ...init }));
const recorded = () =>
  database.query<{ name: string; properties: object; at: number }>(sql`
    SELECT name, properties, occurred_at AS at FROM interaction WHERE lead_id = ${reader.lead}::uuid AND source = 'tend' ORDER BY id`);
interface Consent {
  readonly action: string;
  readonly purpose: string;
  readonly wording: string;
  readonly at: number;
}
const consents = () =>
  database.query<Consent>(sql`
    SELECT action, purpose, address, wording, locale, source, actor, form_url AS "formUrl", ip, user_agent AS "userAgent",
           confirmation_message_id AS "confirmationMessageId", requested_at AS "requestedAt", confirmed_at AS "confirmedAt",
           promise_max AS max, promise_days AS days, at
    FROM consent WHERE lead_id = ${reader.lead}::uuid ORDER BY id`);
/** Everything that could have changed about the lead. */
const everything = async () =>
  JSON.stringify(
    await database.query<object>(sql`
      SELECT (SELECT to_jsonb(lead) FROM lead WHERE id = ${reader.lead}::uuid) AS lead,
             (SELECT jsonb_agg(to_jsonb(consent) ORDER BY id) FROM consent WHERE lead_id = ${reader.lead}::uuid) AS consents,
             (SELECT jsonb_agg(to_jsonb(message) ORDER BY id) FROM message WHERE lead_id = ${reader.lead}::uuid) AS messages,
             (SELECT jsonb_agg(to_jsonb(interaction) ORDER BY id) FROM interaction WHERE lead_id = ${reader.lead}::uuid) AS interactions`),
  );
const attention = async () =>
  (await database.query<{ rev: number }>(sql`SELECT attention_rev AS rev FROM lead WHERE id = ${reader.lead}::uuid`))[0]
    ?.rev ?? -1;

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const german = { 'Accept-Language': 'de-DE,de;q=0.9,en;q=0.5' };
/** As a mail program does it for its user. */
const oneClick = (init: RequestInit = {}) =>
  get(`/u/${token('unsubscribe')}`, {
    method: 'POST',
    headers: { ...FORM, 'User-Agent': 'Gmail' },
    body: 'List-Unsubscribe=One-Click',
    ...init,
  });
/** The button of the page. */
const press = (body = 'List-Unsubscribe=One-Click', language = 'de') =>
  get(`/u/${token('unsubscribe')}?page&lang=${language}`, { method: 'POST', headers: FORM, body });

/** A sign-up that waits for its confirmation; its mail has not left yet. Returns that mail's id. */
async function signUp(purposes: readonly string[]): Promise<string> {
  const mail = await addMail(database, {
    lead: reader.lead,
    email: reader.email,
    purpose: 'double-opt-in',
    now: clock.now(),
  });
  await database.query(
    sql`UPDATE message SET state = 'delayed', finished_at = NULL, claimed_at = NULL WHERE id = ${mail}::uuid`,
  );
  await database.query(sql`
    INSERT INTO opt_in_request (id, lead_id, address, purposes, wording, form_url, message_id, requested_at, expires_at)
    VALUES (${newId()}::uuid, ${reader.lead}::uuid, ${reader.email}, ${purposes}::text[], 'Yes', 'https://shop.example/', ${mail}::uuid,
            ${at(clock.now())}, ${at(clock.now() + 48 * HOUR)})`);
  return mail;
}
const signUps = () =>
  database.query<object>(sql`
    SELECT purposes, expires_at > ${at(clock.now())} AS open, message.state, message.reason
    FROM opt_in_request AS request JOIN message ON message.id = request.message_id
    WHERE request.lead_id = ${reader.lead}::uuid ORDER BY requested_at, request.id`);

describe('unsubscribing', () => {
  it('by GET or HEAD changes nothing and asks, in a page that anybody can use', async () => {
    await sentNewsletter();
    const before = await everything();
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD'])
      expect((await get(`/u/${token('unsubscribe')}`, { method })).status).toBe(200);
    const { body, headers } = await get(`/u/${token('unsubscribe')}`, { headers: german });
    expect(body).toContain('<html lang="de">');
    expect(body).toContain('Möchten Sie keine Mails mehr zum Thema „Papier und Tinte“?');
    expect(body).toContain(
      '<form method="post" action="?page&#38;lang=de"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Abmelden</button></form>',
    );
    expect(body).not.toContain(reader.email);
    expect(headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(await everything()).toBe(before);
  });

  it('offers other topics, fewer mails and a break, on the page of the same reader', async () => {
    await sentNewsletter();
    const { body } = await get(`/u/${token('unsubscribe')}`);
    const [, link = ''] = /href="(\.\.\/p\/[^"#]+)#pause"/.exec(body) ?? [];
    const page = await get(new URL(link, `${api.url}/u/`).href.slice(api.url.length));
    expect(page.body).toContain('Your mails from Federkiel');
  });

  it('by one click (RFC 8058) takes effect at once: evidence, interaction, a look at the plan', async () => {
    await sentNewsletter();
    const rev = await attention();
    const { status, headers } = await oneClick();
    expect([status, headers.get('set-cookie'), headers.get('location')]).toEqual([200, null, null]);
    expect((await consents())[1]).toMatchObject({
      action: 'withdrawn',
      purpose: 'newsletter',
      address: reader.email,
      source: 'unsubscribe',
      actor: 'recipient',
      ip: '127.0.0.1',
      userAgent: 'Gmail',
      wording: `one-click unsubscription (RFC 8058) from the mail ${reader.message}`,
    });
    expect(await recorded()).toMatchObject([
      { name: 'Unsubscribed', properties: { message: reader.message, purpose: 'newsletter' } },
    ]);
    expect(await attention()).toBe(rev + 1);
  });

  it('on the page keeps the words that stood there', async () => {
    await sentNewsletter();
    const { status, body } = await press();
    expect(status).toBe(200);
    expect(body).toContain('Sie sind abgemeldet');
    expect((await consents())[1]).toMatchObject({
      locale: 'de',
      wording:
        'Möchten Sie keine Mails mehr zum Thema „Papier und Tinte“?\nDie Mails enden, sobald Sie auf den Knopf drücken. Bis dahin ändert sich nichts.\n[Abmelden]',
    });
    expect((await get(`/u/${token('unsubscribe')}`)).body).toContain('You are unsubscribed');
  });

  it('takes a multipart form as well, and a body without a type', async () => {
    await sentNewsletter();
    const form = new FormData();
    form.set('List-Unsubscribe', 'One-Click');
    expect((await oneClick({ body: form, headers: {} })).status).toBe(200);
    expect(await consents()).toHaveLength(2);
    await sentNewsletter();
    const plain = new Uint8Array(Buffer.from('List-Unsubscribe=One-Click\r\n'));
    expect((await oneClick({ body: plain, headers: {} })).status).toBe(200);
    expect(await consents()).toHaveLength(2);
  });

  it('again, or many times at once, is one withdrawal; a new consent can be withdrawn anew', async () => {
    await sentNewsletter();
    const answers = await Promise.all(Array.from({ length: 6 }, () => oneClick()));
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(await consents()).toHaveLength(2);
    await api.api('POST', `leads/${reader.lead}/consents`, evidence);
    await oneClick();
    expect(await consents()).toHaveLength(4);
  });

  it('needs the right token', async () => {
    await sentNewsletter();
    const wrong = [
      token('open'),
      token('preferences'),
      signToken('another secret', { purpose: 'unsubscribe', messageId: reader.message }),
      `${token('unsubscribe').slice(0, -2)}AA`,
      'x',
    ];
    for (const each of wrong) {
      const post = await get(`/u/${each}`, { method: 'POST', body: 'List-Unsubscribe=One-Click', headers: FORM });
      expect([post.status, (await get(`/u/${each}`)).status]).toEqual([403, 403]);
    }
    expect(await consents()).toHaveLength(1);
  });

  it('needs a body that is just the field of RFC 8058', async () => {
    await sentNewsletter();
    for (const body of [
      '',
      'x=y',
      'List-Unsubscribe=one-click',
      'list-unsubscribe=One-Click',
      'List-Unsubscribe=One-Click&email=somebody@example.org',
      'List-Unsubscribe=One-Click&List-Unsubscribe=One-Click',
      '{"List-Unsubscribe":"One-Click"}',
    ])
      expect(await oneClick({ body }), body).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    const form = new FormData();
    form.set('List-Unsubscribe', 'One-Click');
    form.set('more', 'than that');
    const file = new FormData();
    file.set('List-Unsubscribe', new Blob(['One-Click']), 'one-click.txt');
    for (const body of [form, file]) expect((await oneClick({ body, headers: {} })).status).toBe(400);
    const cut = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click';
    for (const type of ['multipart/form-data; boundary=x', 'multipart/form-data'])
      expect((await oneClick({ body: cut, headers: { 'Content-Type': type } })).status).toBe(400);
    expect(await oneClick({ body: 'x'.repeat(20_000) })).toMatchObject({ status: 413 });
    expect((await oneClick({ method: 'PUT' })).status).toBe(405);
    expect(await consents()).toHaveLength(1);
  });

  it('works for the lead that the mail’s lead was merged into', async () => {
    await sentNewsletter();
    const [loser, mail] = [reader.lead, reader.message];
    await sentNewsletter();
    await database.query(sql`UPDATE message SET lead_id = ${reader.lead}::uuid WHERE id = ${mail}::uuid`);
    await database.query(sql`UPDATE lead SET merged_into = ${reader.lead}::uuid WHERE id = ${loser}::uuid`);
    reader = { ...reader, message: mail };
    expect((await oneClick()).status).toBe(200);
    expect((await consents()).at(-1)).toMatchObject({ action: 'withdrawn' });
  });

  it('leads nowhere once the person was erased, and says so kindly; their mail program is told that it is done', async () => {
    await sentNewsletter();
    await database.query(sql`UPDATE lead SET erased_at = ${at(clock.now())} WHERE id = ${reader.lead}::uuid`);
    const before = await everything();
    const page = await get(`/u/${token('unsubscribe')}`, { headers: german });
    expect([page.status, page.body.includes('Hier gibt es nichts mehr')]).toEqual([410, true]);
    expect((await oneClick()).status).toBe(200);
    expect((await press('undo=yes')).status).toBe(410);
    expect(await everything()).toBe(before);
    const unknown = await get(`/u/${token('unsubscribe', newId())}`);
    expect(unknown.status).toBe(410);
  });

  it('is said by a test lead on its own clock, which a marketer set ahead', async () => {
    await sentNewsletter();
    const ahead = 30 * 24 * HOUR;
    await database.query(sql`UPDATE lead SET test = true, clock_offset_ms = ${ahead} WHERE id = ${reader.lead}::uuid`);
    await oneClick();
    expect((await consents())[1]).toMatchObject({ action: 'withdrawn', at: clock.now() + ahead });
    expect(await recorded()).toMatchObject([{ at: clock.now() + ahead }]);
  });

  it('by mail is the same withdrawal', async () => {
    await sentNewsletter();
    const by = { messageId: reader.message, how: { by: 'mail' }, ip: null, userAgent: null, now: clock.now() } as const;
    expect(await unsubscribe(database, by)).toEqual({ kind: 'unsubscribed', purpose: 'newsletter' });
    expect(await unsubscribe(database, by)).toEqual({ kind: 'already', purpose: 'newsletter' });
    expect((await consents())[1]?.wording).toContain('unsubscription by mail');
  });

  it('ends what one never agreed to as well: the no is on record', async () => {
    await sentNewsletter({ consent: false });
    await oneClick();
    expect(await consents()).toMatchObject([{ action: 'withdrawn' }]);
    expect((await get(`/u/${token('unsubscribe')}`)).body).not.toContain('name="undo"');
  });

  it('of a mail that a contract needs says that there is nothing to withdraw', async () => {
    await sentNewsletter({ purpose: 'invoices', consent: false });
    const before = await everything();
    const { body } = await get(`/u/${token('unsubscribe')}`);
    expect(body).toContain('belongs to a contract');
    expect(body).not.toContain('<form');
    expect((await oneClick()).status).toBe(200);
    expect(await everything()).toBe(before);
  });

  it('ends a sign-up for the same that waits for its confirmation, and narrows one for more', async () => {
    await sentNewsletter();
    await signUp(['newsletter']);
    await signUp(['newsletter', 'events']);
    await oneClick();
    expect(await signUps()).toEqual([
      { purposes: ['newsletter'], open: false, state: 'superseded', reason: 'consent-withdrawn' },
      { purposes: ['events'], open: true, state: 'delayed', reason: null },
    ]);
  });

  it('told by the company ends them just as well', async () => {
    await sentNewsletter();
    await signUp(['newsletter']);
    await api.api('POST', `leads/${reader.lead}/consents`, { purpose: 'all', action: 'withdrawn' });
    expect(await signUps()).toMatchObject([{ open: false, state: 'superseded' }]);
  });

  it('from the mail that asks to confirm a sign-up ends that one', async () => {
    await sentNewsletter();
    const mail = await signUp(['events']);
    reader = { ...reader, message: mail };
    expect((await get(`/u/${token('unsubscribe')}`)).body).toContain('Was it not you who signed up?');
    expect((await press()).body).toContain('Die Anmeldung ist beendet');
    expect(await signUps()).toMatchObject([{ purposes: ['events'], open: false, state: 'superseded' }]);
    expect(await consents()).toHaveLength(1);
  });
});

describe('taking an unsubscription back', () => {
  it('on the same page is a new consent: its own words, the promise of the one before; the withdrawal stays on record', async () => {
    await sentNewsletter();
    const { body } = await press();
    expect(body).toContain(
      '<input type="hidden" name="undo" value="yes"><button class="second">Mails weiter erhalten</button>',
    );
    const undone = await press('undo=yes');
    expect([undone.status, undone.body.includes('Ihre Mails gehen weiter')]).toEqual([200, true]);
    const [, withdrawn, granted] = await consents();
    expect(withdrawn).toMatchObject({ action: 'withdrawn' });
    const instant = (withdrawn?.at ?? 0) + 1;
    expect(granted).toEqual({
      action: 'granted',
      purpose: 'newsletter',
      address: reader.email,
      wording:
        'Ein Versehen?\nDann erhalten Sie weiterhin Mails zum Thema „Papier und Tinte“ von Federkiel, höchstens eine Mail pro Woche, wie bisher. Das können Sie jederzeit beenden.\n[Mails weiter erhalten]',
      locale: 'de',
      source: 'preferences',
      actor: 'recipient',
      formUrl: 'http://127.0.0.1:8080/u/',
      ip: '127.0.0.1',
      userAgent: 'node',
      confirmationMessageId: `<${reader.message}@shop.example>`,
      requestedAt: instant,
      confirmedAt: instant,
      max: 1,
      days: 7,
      at: instant,
    });
    const { body: now } = await api.api('GET', `leads/${reader.lead}/preferences`);
    expect(now.purposes[0]).toMatchObject({ key: 'newsletter', on: true, promise: { max: 1, days: 7 } });
  });

  it('many times at once is one consent', async () => {
    await sentNewsletter();
    await press();
    const answers = await Promise.all(Array.from({ length: 5 }, () => press('undo=yes')));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(await consents()).toHaveLength(3);
  });

  it('is not offered to whom nothing was granted, after an hour, or where the company or a mail told of the withdrawal', async () => {
    const refused = async () => {
      const before = await everything();
      const page = await get(`/u/${token('unsubscribe')}`);
      expect(page.body).not.toContain('name="undo"');
      expect((await press('undo=yes')).status).toBe(409);
      expect(await everything()).toBe(before);
    };
    await sentNewsletter({ consent: false });
    await oneClick();
    await refused();
    await sentNewsletter();
    await oneClick();
    clock.set(clock.now() + HOUR);
    await refused();
    await sentNewsletter();
    await api.api('POST', `leads/${reader.lead}/consents`, { purpose: 'newsletter', action: 'withdrawn' });
    await refused();
    await sentNewsletter();
    await api.api('POST', `leads/${reader.lead}/consents`, { purpose: 'all', action: 'withdrawn' });
    await refused();
  });

  it('is not possible from an address that the person has given up', async () => {
    await sentNewsletter();
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      VALUES ('email', ${`new-${reader.email}`}, ${reader.lead}::uuid, ${at(clock.now())}, ${at(clock.now())})`);
    await oneClick();
    expect((await press('undo=yes')).status).toBe(409);
    expect(await consents()).toHaveLength(2);
  });
});
