import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSnsClient } from '../../api/sns-client.ts';
import { DAY, MINUTE } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { listRefusingDomains, noteReceiverRefusal } from '../../store/receiving-domain.ts';
import { judgeSenders } from '../../store/sender-health.ts';
import { sql } from '../../store/sql.ts';
import { suppressedAmong } from '../../store/suppressed-among.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { deliveryReport, reply } from '../support/returned-mail.ts';
import { comeBack, fates, foundShop, joined, MONDAY, processAll, type SentMail } from '../support/returning.ts';
import { type RunningApi, startApi } from './running-api.ts';

const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:mail-events';
const CERTIFICATE_URL = 'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcd.pem';
const pem = (name: string) => readFileSync(new URL(`../support/sns/${name}.pem`, import.meta.url), 'utf8');

let database: Database;
let api: RunningApi;
let amazon: Server;
/** What was asked of SNS. */
let asked: string[] = [];
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundShop(database);
  // SNS as far as it is asked: its certificate, and the address that confirms a subscription.
  amazon = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.includes('missing')) response.statusCode = 404;
    response.end(request.url?.endsWith('.pem') ? pem('cert') : '<ConfirmSubscriptionResponse/>');
  });
  await new Promise<void>((resolve) => amazon.listen(0, '127.0.0.1', resolve));
  const { port } = amazon.address() as AddressInfo;
  const sns = createSnsClient(async (url) => {
    const { pathname, search } = new URL(url);
    const response = await fetch(`http://127.0.0.1:${port}${pathname}${search}`);
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return response.text();
  });
  api = await startApi(database, clock, 1, [], null, { topics: [TOPIC], sns });
});
afterAll(async () => {
  await api.stop();
  await new Promise((resolve) => amazon.close(resolve));
  await database.close();
});
beforeEach(() => {
  clock.set(MONDAY);
  asked = [];
});

let messages = 0;
type SnsFields = Record<string, string>;

/** A message of SNS, signed as SNS does. */
function signed(fields: SnsFields, version: '1' | '2' = '2'): SnsFields {
  messages += 1;
  const message: SnsFields = {
    Type: 'Notification',
    MessageId: `message-${messages}`,
    TopicArn: TOPIC,
    Timestamp: '2027-01-05T10:00:00.000Z',
    SigningCertURL: CERTIFICATE_URL,
    ...fields,
  };
  const names =
    message.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const text = names.flatMap((name) => (message[name] === undefined ? [] : [`${name}\n${message[name]}\n`])).join('');
  const sign = createSign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256').update(text);
  return { ...message, SignatureVersion: version, Signature: sign.sign(pem('key-for-tests-only'), 'base64') };
}

async function post(body: unknown): Promise<{ status: number; body: { code?: string; detail?: string } }> {
  const response = await fetch(`${api.url}/hooks/ses`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain; charset=UTF-8' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as { code?: string } };
}

/** Tells something of `mail` as SES does, and has it processed. */
async function tell(mail: SentMail, event: object, version?: '1' | '2', about: object = {}) {
  const { returnPath, header, lead } = mail;
  const named = {
    messageId: `0100018${mail.id}`,
    source: returnPath,
    destination: [lead.email],
    commonHeaders: { messageId: header },
  };
  const answer = await post(signed({ Message: JSON.stringify({ mail: { ...named, ...about }, ...event }) }, version));
  await processAll(database, clock);
  return answer;
}

const bounce = (bounceType: string, bounceSubType: string, recipient: object) => ({
  notificationType: 'Bounce',
  bounce: { bounceType, bounceSubType, bouncedRecipients: [recipient] },
});

const isSuppressed = async ({ lead }: SentMail) => (await suppressedAmong(database, [lead.email])).has(lead.email);
const gone = { status: '5.1.1', action: 'failed', diagnosticCode: 'smtp; 550 5.1.1 user unknown' };

describe('what Amazon SES tells', () => {
  it.each(['1', '2'] as const)('of a bounce writes the address off (signature version %s)', async (version) => {
    const mail = await joined(database, clock);
    const event = bounce('Permanent', 'NoEmail', { emailAddress: mail.lead.email, ...gone });
    expect((await tell(mail, event, version)).status).toBe(200);
    expect(await isSuppressed(mail)).toBe(true);
  });

  it('of a bounce is understood by SES’ own id alone, where it keeps the return path to itself', async () => {
    const mail = await joined(database, clock);
    await database.query(sql`UPDATE message SET provider_id = ${`0100018${mail.id}`} WHERE id = ${mail.id}::uuid`);
    const event = bounce('Permanent', 'General', { emailAddress: mail.lead.email, ...gone });
    await tell(mail, event, '2', { source: 'shop@shop.example', commonHeaders: {} });
    expect(await isSuppressed(mail)).toBe(true);
  });

  it.each([
    ['a full mailbox', bounce('Transient', 'MailboxFull', {}), 'full'],
    ['content that was refused', bounce('Transient', 'ContentRejected', {}), 'content'],
    ['nothing more than that it came back', bounce('Undetermined', 'Undetermined', {}), 'transient'],
  ])('of %s is on record, and writes nobody off', async (_words, event, cause) => {
    const mail = await joined(database, clock);
    await tell(mail, event);
    expect(await isSuppressed(mail)).toBe(false);
    const { body } = await api.api('GET', `inbound?lead=${mail.lead.id}`);
    expect(body.inbound).toMatchObject([{ via: 'ses', kind: 'bounce', cause, outcome: 'recorded' }]);
  });

  it('of a complaint withdraws consent', async () => {
    const mail = await joined(database, clock);
    const complaint = { complainedRecipients: [{ emailAddress: mail.lead.email }], complaintFeedbackType: 'abuse' };
    await tell(mail, { eventType: 'Complaint', complaint });
    const [last] = await database.query<{ purpose: string; action: string }>(sql`
      SELECT purpose, action FROM consent WHERE lead_id = ${mail.lead.id}::uuid ORDER BY id DESC LIMIT 1`);
    expect(last).toEqual({ purpose: 'all', action: 'withdrawn' });
  });

  it('of a delivery settles a mail that nobody knew of, lets its receiver have mail again, and leaves no row', async () => {
    const mail = await joined(database, clock, 'nora@blocked.example');
    await database.query(sql`UPDATE message SET state = 'unknown', reason = 'no-result' WHERE id = ${mail.id}::uuid`);
    await database.transaction(async (transaction) => {
      for (let count = 0; count < 3; count += 1)
        await noteReceiverRefusal(transaction, {
          domain: 'blocked.example',
          status: '5.7.1',
          why: 'block-list',
          now: clock.now(),
        });
    });
    expect(await listRefusingDomains(database)).toMatchObject([{ domain: 'blocked.example' }]);
    await tell(mail, { eventType: 'Delivery', delivery: { recipients: [mail.lead.email] } });
    expect(await fates(database, mail.lead.id)).toMatchObject([{ state: 'accepted', reason: 'proved-by-provider' }]);
    expect(await listRefusingDomains(database)).toEqual([]);
    expect((await api.api('GET', `inbound?lead=${mail.lead.id}`)).body.inbound).toEqual([]);
  });

  it('is stored once, however often SNS sends it', async () => {
    const mail = await joined(database, clock);
    const event = JSON.stringify({ mail: { source: mail.returnPath }, ...bounce('Transient', 'General', {}) });
    const message = signed({ Message: event });
    for (let times = 0; times < 3; times += 1) expect((await post(message)).status).toBe(200);
    await processAll(database, clock);
    expect((await api.api('GET', `inbound?lead=${mail.lead.id}`)).body.inbound).toHaveLength(1);
  });

  it('is believed only where SNS signed it, for a topic of ours', async () => {
    const count = async () => (await database.query(sql`SELECT 1 FROM inbound_mail`)).length;
    const before = await count();
    const good = signed({ Message: '{}' });
    const elsewhere = 'https://sns.eu-central-1.amazonaws.com.evil.example/x.pem';
    const refused: [string, SnsFields][] = [
      ['changed on the way', { ...good, Message: '{"notificationType":"Bounce"}' }],
      ['of another topic', signed({ Message: '{}', TopicArn: `${TOPIC}-of-somebody` })],
      ['a certificate from elsewhere', signed({ Message: '{}', SigningCertURL: elsewhere })],
      [
        'a certificate by plain http',
        signed({ Message: '{}', SigningCertURL: CERTIFICATE_URL.replace('https', 'http') }),
      ],
      ['no certificate', signed({ Message: '{}', SigningCertURL: CERTIFICATE_URL.replace('Simple', 'missing') })],
      ['of before the certificate', signed({ Message: '{}', Timestamp: '2020-01-01T00:00:00.000Z' })],
      ['another version', { ...good, SignatureVersion: '1' }],
    ];
    for (const [words, message] of refused) expect([words, (await post(message)).status]).toEqual([words, 403]);
    expect((await post('no json')).status).toBe(400);
    expect((await post({ Type: 'Notification' })).status).toBe(400);
    expect((await fetch(`${api.url}/hooks/ses`)).status).toBe(405);
    expect(await count()).toBe(before);
    expect(asked.filter((url) => url.includes('evil'))).toEqual([]);
  });

  it('begins with a subscription, which is confirmed for a topic of ours and at SNS only', async () => {
    const confirm = 'https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc';
    const subscription = {
      Type: 'SubscriptionConfirmation',
      Message: 'You have chosen …',
      Token: 'abc',
      SubscribeURL: confirm,
    };
    expect((await post(signed(subscription))).status).toBe(200);
    expect(asked).toContain('/?Action=ConfirmSubscription&Token=abc');
    asked = [];
    expect((await post(signed({ ...subscription, TopicArn: `${TOPIC}-2` }))).status).toBe(403);
    expect((await post(signed({ ...subscription, SubscribeURL: 'http://127.0.0.1:1/admin' }))).status).toBe(403);
    expect(asked.filter((url) => url.includes('Confirm'))).toEqual([]);
  });

  it('is not taken at all where no topic is set', async () => {
    const empty = await createTestDatabase();
    const without = await startApi(empty, clock);
    const response = await fetch(`${without.url}/hooks/ses`, {
      method: 'POST',
      body: JSON.stringify(signed({ Message: '{}' })),
    });
    expect(response.status).toBe(404);
    await without.stop();
    await empty.close();
  });
});

describe('what came back, in the API', () => {
  it('is listed by lead, kind and outcome, and shown in full; the mail itself is for saving', async () => {
    const mail = await joined(database, clock);
    const came = await comeBack(database, clock, reply(mail.header, { from: mail.lead.email }), {
      from: mail.lead.email,
    });
    const { body } = await api.api('GET', `inbound?lead=${mail.lead.id}&kind=reply&outcome=forwarded`);
    expect(body.inbound).toMatchObject([
      { id: came.id, from: mail.lead.email, subject: 'Re: About a', receivedAt: new Date(MONDAY).toISOString() },
    ]);
    expect((await api.api('GET', `inbound/${came.id}`)).body).toMatchObject({
      text: 'Please call me tomorrow.',
      raw: true,
    });
    const raw = await api.api('GET', `inbound/${came.id}/raw`);
    expect(raw.headers.get('content-disposition')).toContain('attachment');
    expect(raw.headers.get('content-type')).toBe('application/octet-stream');
    expect((await api.api('GET', 'inbound?kind=spam')).body.errors).toMatchObject([{ path: 'kind' }]);
    expect((await api.api('GET', 'inbound/x')).status).toBe(404);
  });

  it('is processed again where nothing followed from it', async () => {
    const mail = await joined(database, clock);
    const header = '<not-known-yet@shop.example>';
    const came = await comeBack(database, clock, reply(header, { from: mail.lead.email }), { from: mail.lead.email });
    expect(came.outcome).toBe('not-ours');
    await database.query(sql`UPDATE message SET message_id_header = ${header} WHERE id = ${mail.id}::uuid`);
    expect((await api.api('POST', `inbound/${came.id}/again`)).status).toBe(202);
    await processAll(database, clock);
    expect((await api.api('GET', `inbound/${came.id}`)).body.outcome).toBe('forwarded');
    expect((await api.api('POST', `inbound/${came.id}/again`)).status).toBe(409);
  });

  it('shows how senders stand, in the API and in metrics, and lets one go on that was paused', async () => {
    await database.query(sql`
      INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, template_key, lineage, state, due_at, claimed_at, finished_at, attempts,
                           message_id_header, sender_key, complained_at, created_at)
      SELECT id, 'lead', (SELECT id FROM lead LIMIT 1), 'email', 'newsletter', 'a', 'a', 'accepted', ${new Date(MONDAY)}, ${new Date(MONDAY)},
             ${new Date(MONDAY)}, 1, '<' || id || '@shop.example>', 'default', CASE WHEN n <= 5 THEN ${new Date(MONDAY)}::timestamptz END, ${new Date(MONDAY)}
      FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 200) AS n) AS made`);
    await database.query(sql`UPDATE sender_health SET news = true`);
    await judgeSenders(database, clock.now());
    const { body } = await api.api('GET', 'senders/health');
    expect(body.senders).toMatchObject([
      { sender: 'default', state: 'paused', pausedAt: new Date(MONDAY).toISOString() },
    ]);
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toMatch(/^tend_senders\{state="paused"\} 1$/m);
    expect(metrics).toMatch(/^tend_sender_complaint_rate\{sender="default"\} 0\.0\d+$/m);
    expect(metrics).toMatch(/^tend_inbound_mails\{state="waiting"\} 0$/m);
    clock.set(MONDAY + MINUTE);
    expect((await api.api('POST', 'senders/default/resume')).body).toMatchObject({ state: 'well', resumedBy: 'crm' });
    expect((await api.api('POST', 'senders/nobody/resume')).status).toBe(404);
    // A sender's definition is still where it was.
    expect((await api.api('GET', 'senders/default')).status).toBe(200);
  });

  it('says of a held sequence why it stands still', async () => {
    const mail = await joined(database, clock);
    await comeBack(database, clock, reply(mail.header, { from: mail.lead.email }), { from: mail.lead.email });
    const { body } = await api.api('GET', `leads/${mail.lead.id}/why`);
    expect(body.enrolments).toMatchObject([
      {
        pause: { by: 'reply', since: new Date(MONDAY).toISOString(), until: new Date(MONDAY + 14 * DAY).toISOString() },
      },
    ]);
    expect(JSON.stringify(body)).toContain('the person has answered, and a colleague sees to it');
  });
});

it('a report of a mail is heard whatever its receiver calls us', async () => {
  const mail = await joined(database, clock);
  const report = deliveryReport({
    to: mail.returnPath,
    original: mail.header,
    recipient: mail.lead.email,
    status: '5.1.1',
    said: '550 5.1.1 <b>no such user</b>',
  });
  await comeBack(database, clock, report, { to: [mail.returnPath] });
  expect(await isSuppressed(mail)).toBe(true);
  expect(api.failures).toEqual([]);
});
