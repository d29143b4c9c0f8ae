import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { createIngest } from '../../api/ingest.ts';
import { DAY, MINUTE } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { plainTemplate, publish } from '../support/company.ts';
import { confirmTemplate, shopPolicy, signUp } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll } from '../support/driver.ts';
import { readable, startPost, type TestPost } from '../support/post.ts';
import { answer, basic, fixedClock, type RunningApi, SIGNING_SECRET, startApi, WRITE_KEY } from './running-api.ts';

let database: Database;
let api: RunningApi;
let post: TestPost;
const clock = fixedClock('2026-11-25T10:00:00.000Z');

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  post = await startPost(database, clock, SIGNING_SECRET);
  const now = clock.now();
  await publish(database, 'template', confirmTemplate, now);
  await publish(database, 'template', plainTemplate('welcome'), now);
  await publish(database, 'consent', shopPolicy, now);
  await publish(
    database,
    'sequence',
    {
      key: 'welcome',
      name: 'Welcome',
      purpose: 'newsletter',
      entry: [{ kind: 'tend', event: 'Subscription Confirmed', properties: { purposes: { contains: 'newsletter' } } }],
      steps: [{ id: 'hello', kind: 'send', template: 'welcome' }],
    },
    now,
  );
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await post.close();
  await api.stop();
  await database.close();
});

let people = 0;
/** Another person each time. */
function somebody(): string {
  people += 1;
  return `person${people}@people.example`;
}
const browser = { 'X-Forwarded-For': '203.0.113.9', 'User-Agent': 'Firefox 150' };
const request = (fields: object, headers: Record<string, string> = browser) =>
  fetch(`${api.url}/v1/opt-ins`, {
    method: 'POST',
    headers: { ...basic(WRITE_KEY), 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ ...signUp, ...fields }),
  }).then(answer);
const page = (link: string, init: RequestInit = {}) =>
  fetch(`${api.url}${new URL(link).pathname}`, {
    redirect: 'manual',
    headers: { 'Accept-Language': 'de' },
    ...init,
  }).then(answer);
const confirm = (link: string) =>
  page(link, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Accept-Language': 'de',
      'X-Forwarded-For': '198.51.100.7',
      'User-Agent': 'Safari 20',
    },
    body: 'confirm=yes',
  });
const confirmLink = (mail: Parameters<typeof readable>[0]) =>
  readable(mail).links.find((link) => link.includes('/c/')) ?? 'none';

/** The mail that came for `address`; what came for others is passed over. */
const mailTo = async (address: string) => (await post.deliver()).find(({ to }) => to === address);

const leadOf = async (address: string) =>
  (
    await database.query<{ id: string; locale: string | null; accountId: string | null }>(sql`
    SELECT lead.id, locale, account_id AS "accountId" FROM lead JOIN identity ON identity.lead_id = lead.id
    WHERE kind = 'email' AND value = ${address}`)
  )[0];
const consentsOf = (address: string) =>
  database.query<Record<string, unknown>>(sql`
    SELECT consent.* FROM consent JOIN identity ON identity.lead_id = consent.lead_id AND kind = 'email' AND value = ${address} ORDER BY consent.id`);

describe('signing up and confirming', () => {
  it('goes from the form over the mail and the page to the newsletter, and a GET changes nothing', async () => {
    const { status, body, headers } = await request({});
    expect([status, body, headers.get('access-control-allow-origin')]).toEqual([202, { accepted: true }, '*']);
    const [mail, ...more] = await post.deliver();
    if (mail === undefined) throw new Error('no mail came');
    expect([mail.to, mail.subject, more]).toEqual(['tanja@people.example', expect.stringMatching(/best/), []]);
    // Nothing of it advertises, tracks or unsubscribes.
    expect(mail.source).not.toMatch(/List-Unsubscribe|\/t\/|\/u\//i);
    const link = confirmLink(mail);

    for (const method of ['GET', 'HEAD', 'GET']) {
      const shown = await page(link, { method });
      expect(shown.status).toBe(200);
      if (method === 'HEAD') continue;
      expect(shown.body).toContain('t…a@people.example');
      expect(shown.body).toContain('Rundbrief');
      expect(shown.body).toContain('höchstens eine Mail pro Woche');
      expect(shown.body).toContain('Papier &#38; Tinte,<br>höchstens einmal');
      expect(shown.body).not.toContain('tanja@');
    }
    expect(await consentsOf('tanja@people.example')).toEqual([]);
    await assessAll(database, clock);
    expect(await post.deliver()).toEqual([]);

    clock.set(clock.now() + 5 * MINUTE);
    const done = await confirm(link);
    expect([done.status, done.body]).toEqual([200, expect.stringContaining('https://shop.example/thanks')]);
    const at = clock.now();
    expect(await consentsOf('tanja@people.example')).toMatchObject([
      {
        channel: 'email',
        purpose: 'newsletter',
        action: 'granted',
        source: 'double-opt-in',
        actor: 'recipient',
        address: 'tanja@people.example',
        wording: signUp.wording,
        wording_version: '2026-11',
        locale: 'de',
        form_url: signUp.formUrl,
        ip: '203.0.113.9',
        user_agent: 'Firefox 150',
        requested_at: at - 5 * MINUTE,
        confirm_ip: '198.51.100.7',
        confirm_user_agent: 'Safari 20',
        confirmed_at: at,
        confirmation_message_id: mail.messageId,
        confirmation_mail: {
          from: 'Shop <shop@shop.example>',
          to: 'tanja@people.example',
          subject: 'Bitte bestätigen Sie Ihre Anmeldung',
          text: expect.stringMatching(/Das\s+waren nicht Sie\?[\s\S]*Test Street/),
        },
        promise_max: 1,
        promise_days: 7,
        at,
      },
    ]);

    await assessAll(database, clock);
    expect((await post.deliver()).map(({ to, subject }) => [to, subject])).toEqual([
      ['tanja@people.example', 'About welcome'],
    ]);
    // The mail itself carries what a marketing mail must.
    expect(post.mails.at(-1)?.source).toMatch(/List-Unsubscribe-Post: List-Unsubscribe=One-Click/);
  });

  it('asks at the address that was typed in, whatever other one the person has', async () => {
    const address = somebody();
    await request({ address });
    await confirm(confirmLink((await post.deliver()).find(({ to }) => to === address)!));
    const other = somebody();
    const lead = await leadOf(address);
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      VALUES ('email', ${other}, ${lead?.id}::uuid, ${new Date(clock.now() + 1)}, ${new Date(clock.now() + 1)})`);
    clock.set(clock.now() + 11 * MINUTE);
    await request({ address });
    expect((await post.deliver()).filter(({ subject }) => /best/.test(subject)).map(({ to }) => to)).toEqual([address]);
    // And one that is written off is not asked, though the person has one that is not.
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor)
      VALUES ('email', ${database.keyedHash(address)}, 'complaint', ${new Date(clock.now())}, 'test')`);
    clock.set(clock.now() + 11 * MINUTE);
    await request({ address });
    expect((await post.deliver()).filter(({ subject }) => /best/.test(subject))).toEqual([]);
  });

  it('is one confirmation, however often the button is pressed', async () => {
    const address = somebody();
    await request({ address });
    const mail = await mailTo(address);
    const link = confirmLink(mail!);
    const answers = await Promise.all([confirm(link), confirm(link), confirm(link)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await confirm(link)).body).toContain('Das ist schon bestätigt');
    expect((await page(link)).body).toContain('Das ist schon bestätigt');
    expect(await consentsOf(address)).toHaveLength(1);
  });

  it('gives each purpose a record of its own, tracking too, with the promise of its own', async () => {
    const address = somebody();
    await request({ address, purposes: ['newsletter', 'offers', 'tracking'] });
    const mail = await mailTo(address);
    await confirm(confirmLink(mail!));
    const records = await consentsOf(address);
    expect(records.map(({ purpose, promise_max, promise_days }) => [purpose, promise_max, promise_days])).toEqual([
      ['newsletter', 1, 7],
      ['offers', null, null],
      ['tracking', null, null],
    ]);
    expect(new Set(records.map(({ request_id }) => request_id)).size).toBe(1);
  });

  it('binds what the form promised, not what the policy says', async () => {
    const address = somebody();
    await request({ address, purposes: ['offers', 'tracking'], promise: { max: 2, days: 30 } });
    const mail = await mailTo(address);
    await confirm(confirmLink(mail!));
    expect((await consentsOf(address)).map(({ promise_max, promise_days }) => [promise_max, promise_days])).toEqual([
      [2, 30],
      [null, null],
    ]);
  });

  it('links the visitor only once the address is confirmed, and then what they did before is theirs', async () => {
    const address = somebody();
    const anonymousId = `visitor-${address}`;
    await api.v1('track', { event: 'Product Viewed', anonymousId, messageId: `seen-${address}` });
    await request({ address, anonymousId, userId: `user-${address}` });
    await assessAll(database, clock);
    const mail = await mailTo(address);
    const lead = await leadOf(address);
    const owned = () =>
      database.query<{ name: string }>(sql`SELECT name FROM interaction WHERE lead_id = ${lead?.id}::uuid ORDER BY id`);
    expect(await owned()).toEqual([]);
    await confirm(confirmLink(mail!));
    await assessAll(database, clock);
    expect((await owned()).map(({ name }) => name)).toEqual(['Product Viewed', 'Identified', 'Subscription Confirmed']);
    const identities = await database.query<{ kind: string }>(
      sql`SELECT kind FROM identity WHERE lead_id = ${lead?.id}::uuid ORDER BY kind`,
    );
    expect(identities.map(({ kind }) => kind)).toEqual(['anonymous_id', 'email', 'user_id']);
  });

  it('shows nothing of a company or a language before the address is confirmed', async () => {
    const address = `frau.p${people}@modehaus-petersen.de`;
    await request({ address });
    expect(await leadOf(address)).toMatchObject({ locale: null, accountId: null });
    const mail = await mailTo(address);
    await confirm(confirmLink(mail!));
    expect(await leadOf(address)).toMatchObject({ locale: 'de', accountId: expect.any(String) });
  });
});

describe('what the answer tells', () => {
  it('is the same for a new address, a known one, one that signed up a moment ago and one that is written off', async () => {
    const address = somebody();
    const first = await request({ address });
    const again = await request({ address });
    const suppressed = somebody();
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor)
      VALUES ('email', ${database.keyedHash(suppressed)}, 'complaint', ${new Date(clock.now())}, 'test')`);
    const off = await request({ address: suppressed });
    for (const each of [first, again, off]) expect([each.status, each.body]).toEqual([202, { accepted: true }]);
    expect((await post.deliver()).map(({ to }) => to)).toEqual([address]);
  });

  it('says which field is wrong, and how to mend it', async () => {
    const problems = async (fields: object) => {
      const { status, body } = await request({ address: somebody(), ...fields });
      return [status, ...body.errors.map(({ path }: { path: string }) => path)];
    };
    expect(await problems({ address: 'nobody' })).toEqual([400, 'address']);
    expect(await problems({ purposes: [] })).toEqual([400, 'purposes']);
    expect(await problems({ purposes: ['newsletter', 'newsletter'] })).toEqual([400, 'purposes']);
    expect(await problems({ purposes: ['newsletter', 'unheard-of', 'orders', 'all', 'double-opt-in'] })).toEqual([
      400,
      'purposes.1',
      'purposes.2',
      'purposes.3',
      'purposes.4',
    ]);
    expect(await problems({ wording: '  ' })).toEqual([400, 'wording']);
    expect(await problems({ formUrl: 'javascript:alert(1)' })).toEqual([400, 'formUrl']);
    expect(await problems({ returnUrl: 'https://evil.example/' })).toEqual([400, 'returnUrl']);
    // From a browser the connection says where it came from.
    expect(await problems({ ip: '192.0.2.1' })).toEqual([400, 'ip']);
    expect((await request({ wording: 'NUL \0' })).status).toBe(400);
    expect(await post.deliver()).toEqual([]);
  });

  it('needs a write key, in the header or the body', async () => {
    const send = (body: object, headers: Record<string, string> = {}) =>
      fetch(`${api.url}/v1/opt-ins`, { method: 'POST', headers, body: JSON.stringify(body) }).then(answer);
    expect((await send(signUp)).status).toBe(401);
    expect((await send({ ...signUp, address: somebody(), writeKey: WRITE_KEY })).status).toBe(202);
    expect((await send({ ...signUp, writeKey: 'sk_test-secret-key-000' })).status).toBe(403);
    await post.deliver();
  });
});

describe('signing up again and again', () => {
  const mails = async (address: string) => (await post.deliver()).filter(({ to }) => to === address).length;

  it('sends one mail within ten minutes, a new one after that; either link confirms', async () => {
    const address = somebody();
    await request({ address });
    await request({ address });
    const [first] = await post.deliver();
    clock.set(clock.now() + 9 * MINUTE);
    await request({ address });
    expect(await mails(address)).toBe(0);
    clock.set(clock.now() + 2 * MINUTE);
    await request({ address });
    expect(await mails(address)).toBe(1);
    expect((await confirm(confirmLink(first!))).body).toContain('Sie sind angemeldet');
  });

  it('is one mail and one person, also when a form sends it many times at once', async () => {
    const address = somebody();
    const answers = await Promise.all(Array.from({ length: 12 }, () => request({ address })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await mails(address)).toBe(1);
    const leads = await database.query(sql`SELECT lead_id FROM opt_in_request WHERE address = ${address}`);
    expect(leads).toHaveLength(1);
  });

  it('is another sign-up where it asks for something else', async () => {
    const address = somebody();
    await request({ address });
    await request({ address, purposes: ['offers'] });
    expect(await mails(address)).toBe(2);
  });

  it("does not fill a stranger's mailbox, whatever is varied", async () => {
    const address = somebody();
    for (let turn = 0; turn < 12; turn += 1) {
      await request({ address, wording: `Yes, number ${turn}.` });
      clock.set(clock.now() + 30 * MINUTE);
    }
    expect(await mails(address)).toBe(4);
  });
});

describe('where a sign-up came from', () => {
  it('is what a known proxy says, and nobody else', async () => {
    for (const [trustedProxies, ip] of [
      [['loopback'], '203.0.113.9'],
      [['127.0.0.0/8', '::1'], '203.0.113.9'],
      [[], '127.0.0.1'],
      [['10.0.0.0/8'], '127.0.0.1'],
    ] as const) {
      const ingest = createIngest({ database, flushMs: 1 });
      const app = createApp({
        database,
        clock,
        ingest,
        signingSecret: SIGNING_SECRET,
        trustedProxies,
        report: () => {},
      });
      const server = createServer(app);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = somebody();
      const { port } = server.address() as AddressInfo;
      // What the visitor wrote there before is not believed either.
      const headers = { ...basic(WRITE_KEY), 'X-Forwarded-For': '192.0.2.1, 203.0.113.9' };
      const body = JSON.stringify({ ...signUp, address });
      await fetch(`http://127.0.0.1:${port}/v1/opt-ins`, { method: 'POST', headers, body });
      const [row] = await database.query(sql`SELECT ip FROM opt_in_request WHERE address = ${address}`);
      expect([trustedProxies, row]).toEqual([trustedProxies, { ip }]);
      await new Promise((resolve) => server.close(resolve));
      await ingest.close();
    }
  });
});

describe('sign-ups from one place', () => {
  it('are so many an hour: who types in strangers by the dozen sends them no mail', async () => {
    const ingest = createIngest({ database, flushMs: 1 });
    const app = createApp({
      database,
      clock,
      ingest,
      signingSecret: SIGNING_SECRET,
      optInsPerHour: 2,
      report: () => {},
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const from = (visitor: string) => {
      const headers = { ...basic(WRITE_KEY), 'X-Forwarded-For': visitor };
      const body = JSON.stringify({ ...signUp, address: somebody() });
      return fetch(`http://127.0.0.1:${port}/v1/opt-ins`, { method: 'POST', headers, body });
    };
    const statuses = [];
    for (let times = 0; times < 3; times += 1) statuses.push((await from('203.0.113.50')).status);
    expect(statuses).toEqual([202, 202, 429]);
    const refused = await from('203.0.113.50');
    expect(await refused.json()).toMatchObject({
      code: 'too-many-requests',
      detail: expect.stringContaining('2 sign-ups'),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
    expect((await from('203.0.113.51')).status).toBe(202);
    await new Promise((resolve) => server.close(resolve));
    await ingest.close();
  });
});

describe('a sign-up that a server passes on', () => {
  it('says from where the visitor came', async () => {
    const address = somebody();
    const fields = { ...signUp, address, ip: '2001:db8::7', userAgent: 'Chrome 160' };
    expect((await api.api('POST', 'opt-ins', fields)).status).toBe(202);
    const mail = await mailTo(address);
    await confirm(confirmLink(mail!));
    expect(await consentsOf(address)).toMatchObject([{ ip: '2001:db8::7', user_agent: 'Chrome 160' }]);
  });

  it('is not taken with a write key', async () => {
    const headers = { Authorization: `Bearer ${WRITE_KEY}`, 'Content-Type': 'application/json' };
    const { status } = await answer(
      await fetch(`${api.url}/api/opt-ins`, { method: 'POST', headers, body: JSON.stringify(signUp) }),
    );
    expect(status).toBe(403);
  });
});

describe('what colleagues see of it', () => {
  it('is why nothing is sent yet, and afterwards who agreed to what', async () => {
    const address = somebody();
    await request({ address });
    const lead = await leadOf(address);
    const why = await api.api('GET', `leads/${lead?.id}/why`);
    expect([why.status, why.body.messages]).toEqual([
      200,
      [expect.objectContaining({ template: 'confirm-subscription', state: 'due' })],
    ]);
    expect(why.body.words[0]).toBe('The mail "confirm-subscription" is being sent.');
    const mail = await mailTo(address);
    await confirm(confirmLink(mail!));
    await assessAll(database, clock);
    const { status, body } = await api.api('GET', `leads/${lead?.id}`);
    expect(status).toBe(200);
    expect(JSON.stringify(body.timeline)).toMatch(/Subscription Confirmed/);
    expect(JSON.stringify(body.timeline)).toMatch(/double-opt-in/);
  });
});

describe('the confirmation page', () => {
  it('has run out after the time that the policy gives, and offers nothing', async () => {
    const address = somebody();
    await request({ address });
    const mail = await mailTo(address);
    clock.set(clock.now() + 7 * DAY);
    const link = confirmLink(mail!);
    for (const shown of [await page(link), await confirm(link)]) {
      expect([shown.status, shown.body]).toEqual([410, expect.stringContaining('abgelaufen')]);
      expect(shown.body).not.toContain('<form');
    }
    expect(await consentsOf(address)).toEqual([]);
  });

  it('is not opened by the token of another link, a forged one, or a POST that did not come from it', async () => {
    const address = somebody();
    await request({ address });
    const mail = await mailTo(address);
    const link = confirmLink(mail!);
    const token = link.slice(link.lastIndexOf('/') + 1);
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const path of [`/c/${forged}`, `/r/${token}`, '/c/x'])
      expect((await page(`https://tend.shop.example${path}`)).status).toBe(403);
    expect((await page(link, { method: 'POST' })).status).toBe(400);
    expect((await page(link, { method: 'POST', body: new URLSearchParams({ other: 'yes' }) })).status).toBe(400);
    expect(await consentsOf(address)).toEqual([]);
  });
});

describe('what the browser knows better than the form', () => {
  it('is on whose page it stands: another site’s is refused, as evidence and as a place to go on to', async () => {
    const address = somebody();
    const from = (origin: string) => request({ address }, { ...browser, Origin: origin });
    expect((await from('https://shop.example')).status).toBe(202);
    expect((await from('null')).status).toBe(202);
    const { status, body } = await from('https://elsewhere.example');
    expect([status, body.errors?.[0]?.path ?? JSON.stringify(body)]).toEqual([400, expect.stringContaining('formUrl')]);
  });

  it('is not how much was to be done for an address: answers take as long for one that is known', async () => {
    const took = async (address: string) => {
      const began = performance.now();
      await request({ address });
      return performance.now() - began;
    };
    const address = somebody();
    for (const each of [address, address, somebody()]) expect(await took(each)).toBeGreaterThan(45);
  });
});
