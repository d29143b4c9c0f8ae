import { setTimeout as pause } from 'node:timers/promises';
import nodemailer from 'nodemailer';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unsubscribeAddress, verpAddress } from '../../mail/inbound/verp.ts';
import type { Database } from '../../store/database.ts';
import { contentKey } from '../../store/receive-inbound.ts';
import { sql } from '../../store/sql.ts';
import { suppressedAmong } from '../../store/suppressed-among.ts';
import { startImapSource, TAKEN_FOLDER } from '../../worker/inbound/imap-source.ts';
import { startInbound } from '../../worker/inbound/inbound.ts';
import { startInboundProcessor } from '../../worker/inbound/processor.ts';
import { type SmtpSource, startSmtpSource } from '../../worker/inbound/smtp-source.ts';
import { MOST_BYTES, type SourceContext, store } from '../../worker/inbound/source.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { startImapServer } from '../support/imap-server.ts';
import { complaint, deliveryReport, reply } from '../support/returned-mail.ts';
import {
  foundShop,
  inboundOptions,
  joined,
  MONDAY,
  processAll,
  RETURN_PATH,
  SECRET,
  type SentMail,
} from '../support/returning.ts';

const log = pino({ level: 'silent' });
const GONE = { status: '5.1.1', said: '550 5.1.1 User unknown' };
let database: Database;
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundShop(database);
});
afterAll(() => database.close());
beforeEach(async () => {
  await processAll(database, clock);
  await database.query(sql`DELETE FROM inbound_mail`);
});

let stored = 0;
const context = (over: Partial<SourceContext> = {}): SourceContext => ({
  database,
  clock,
  log,
  onStored: () => {
    stored += 1;
  },
  ...over,
});

interface Stored {
  readonly via: string;
  readonly from: string | null;
  readonly to: readonly string[];
  readonly raw: Buffer;
}

const all = () =>
  database.query<Stored>(sql`
    SELECT via, envelope_from AS "from", envelope_to AS "to", raw FROM inbound_mail ORDER BY received_at, id`);

/** Waits for what happens in another loop of this process, ten seconds at most. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return;
    await pause(20);
  }
  throw new Error('it did not happen');
}

/** The port of the listener under test. */
let listening: number | null = null;
const options = { host: '127.0.0.1', port: 0, signingSecret: SECRET, mailFrom: 'Shop <shop@shop.example>' };
/** Hands in a mail as another server would. Returns the reply code. */
async function handIn(
  to: string | readonly string[],
  raw: string | Buffer,
  from = '',
  port: number | null = listening,
): Promise<number> {
  const transporter = nodemailer.createTransport({
    host: '127.0.0.1',
    port: port ?? 0,
    secure: false,
    ignoreTLS: true,
  });
  try {
    await transporter.sendMail({ envelope: { from, to: [to].flat() }, raw });
    return 250;
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0;
  } finally {
    transporter.close();
  }
}

const report = ({ returnPath, header, lead }: SentMail) =>
  deliveryReport({ to: returnPath, original: header, recipient: lead.email, ...GONE });

describe('the SMTP listener', () => {
  let source: SmtpSource;
  beforeAll(async () => {
    source = await startSmtpSource(context(), options);
    listening = source.port;
  });
  afterAll(() => source.stop());

  it('has stored a report before it says that it took it', async () => {
    const mail = await joined(database, clock);
    expect(await handIn(mail.returnPath, report(mail))).toBe(250);
    expect(await all()).toMatchObject([{ via: 'smtp', from: '', to: [mail.returnPath] }]);
  });

  it('stores one that is handed in again once', async () => {
    const mail = await joined(database, clock);
    const before = stored;
    for (let times = 0; times < 3; times += 1) expect(await handIn(mail.returnPath, report(mail))).toBe(250);
    expect(await all()).toHaveLength(1);
    expect(stored).toBe(before + 1);
  });

  it.each([
    ['the signed return path of a mail', true, (id: string) => verpAddress(SECRET, id, RETURN_PATH)],
    ['one made for a domain of before', true, (id: string) => verpAddress(SECRET, id, 'old.shop.example')],
    [
      'one in capitals, as some relays make it',
      true,
      (id: string) => verpAddress(SECRET, id, RETURN_PATH).toUpperCase(),
    ],
    ['the signed address for unsubscribing', true, (id: string) => unsubscribeAddress(SECRET, id, RETURN_PATH)],
    ['the address that mails are from', true, () => 'Shop@shop.example'],
    ['the postmaster of the return paths', true, () => 'postmaster@mail.shop.example'],
    ['a return path that somebody forged', false, (id: string) => verpAddress('guessed', id, RETURN_PATH)],
    ['anybody else at the domain of return paths', false, () => 'anna@mail.shop.example'],
    ['anybody elsewhere: it relays nothing', false, () => 'victim@elsewhere.example'],
  ])('takes mail to %s: %s', async (_words, taken, address) => {
    const mail = await joined(database, clock);
    expect(await handIn(address(mail.id), 'Subject: x\r\n\r\ny', 'somebody@people.example')).toBe(taken ? 250 : 550);
    expect(await all()).toHaveLength(taken ? 1 : 0);
  });

  it('refuses a mail that is too long, and keeps nothing of it', async () => {
    const mail = await joined(database, clock);
    const long = Buffer.concat([Buffer.from('Subject: long\r\n\r\n'), Buffer.alloc(MOST_BYTES, 'line\r\n')]);
    expect(await handIn(mail.returnPath, long)).toBe(552);
    expect(await all()).toHaveLength(0);
  });

  it('asks to come again where it could not store, and takes it then', async () => {
    const mail = await joined(database, clock);
    const gone = await createTestDatabase();
    await foundShop(gone);
    // Addresses are known, and the disk is full, say: the table refuses.
    await gone.query(sql`ALTER TABLE inbound_mail ADD CONSTRAINT full_disk CHECK (false)`);
    const other = await startSmtpSource(context({ database: gone }), options);
    expect(await handIn(mail.returnPath, report(mail), '', other.port)).toBe(451);
    await gone.query(sql`ALTER TABLE inbound_mail DROP CONSTRAINT full_disk`);
    expect(await handIn(mail.returnPath, report(mail), '', other.port)).toBe(250);
    await other.stop();
    await gone.close();
  });

  it('lets a second worker of this machine wait for the port', async () => {
    const second = await startSmtpSource(context(), { ...options, port: source.port ?? 0 });
    expect(second.port).toBeNull();
    await second.stop();
  });

  it('takes hostile mail, which harms nothing and stops nobody', async () => {
    const mail = await joined(database, clock);
    const nested = Array.from(
      { length: 500 },
      (_, depth) => `Content-Type: multipart/mixed; boundary="b${depth}"\r\n\r\n--b${depth}\r\n`,
    );
    const hostile = [
      nested.join(''),
      `Subject: ${'x'.repeat(900)}\r\n${'X-Long: y\r\n'.repeat(60_000)}\r\nbody`,
      `Subject: short lines\r\n\r\n${'a\r\n'.repeat(1_000_000)}`,
      'Content-Type: multipart/report; report-type=delivery-status; boundary=\r\n\r\n--\r\n\0\0\0',
      `Content-Type: text/plain; charset=nowhere\r\nContent-Transfer-Encoding: base64\r\n\r\n${'====A'.repeat(1_000)}`,
      `Subject: =?utf-8?B?AAAA?=\r\nFrom: \0 <\0@\0>\r\n\r\nnothing`,
      report(mail).replace(/b-[a-z2-7]{39}/g, `b-${'a'.repeat(39)}`),
    ];
    for (const raw of hostile) expect(await handIn(mail.returnPath, raw, '')).toBe(250);
    expect(await handIn(mail.returnPath, report(mail))).toBe(250);
    await processAll(database, clock);
    const left = await database.query(sql`SELECT 1 FROM inbound_mail WHERE processed_at IS NULL`);
    expect(left).toHaveLength(0);
    // The one report that is true was heard.
    expect((await suppressedAmong(database, [mail.lead.email])).size).toBe(1);
  }, 60_000);
});

describe('a mailbox that is read by IMAP', () => {
  it('gives up its mails, old and new, to be stored, and keeps them in another folder', async () => {
    const server = await startImapServer();
    const mail = await joined(database, clock);
    server.arrive(reply(mail.header, { from: mail.lead.email, text: 'first' }));
    const source = startImapSource(context(), { url: server.url, pollMs: 60_000 });
    await until(async () => (await all()).length === 1);
    server.arrive(reply(mail.header, { from: mail.lead.email, text: 'second' }));
    // It was told, and did not wait for the next look.
    await until(async () => (await all()).length === 2);
    await until(() => server.folder(TAKEN_FOLDER).length === 2);
    expect(server.folder('INBOX')).toEqual([]);
    expect(await all()).toMatchObject([{ via: 'imap', from: null, to: [] }, { via: 'imap' }]);
    await source.stop();
    await server.close();
  });

  it('is signed in to again when the connection breaks off, and nothing is stored twice', async () => {
    const server = await startImapServer();
    const mail = await joined(database, clock);
    const source = startImapSource(context(), { url: server.url, pollMs: 60_000, retryMs: 20 });
    const first = reply(mail.header, { from: mail.lead.email, text: 'first' });
    server.arrive(first);
    await until(async () => (await all()).length === 1);
    server.breakOff();
    // As if it had been stored, and the process had ended before it was moved.
    server.arrive(first);
    server.arrive(reply(mail.header, { from: mail.lead.email, text: 'second' }));
    await until(() => server.folder(TAKEN_FOLDER).length === 3);
    expect(await all()).toHaveLength(2);
    await source.stop();
    await server.close();
  });

  it('that is not to be had is asked for again, and stopping does not wait for it', async () => {
    const source = startImapSource(context(), { url: 'imap://nobody:secret@127.0.0.1:1/INBOX', retryMs: 10 });
    await pause(50);
    await source.stop();
    expect(await all()).toEqual([]);
  });

  it('has what it gave up processed at once', async () => {
    const server = await startImapServer();
    const mail = await joined(database, clock);
    const processor = startInboundProcessor({ database, clock, log, ...inboundOptions });
    const source = startImapSource(context({ onStored: () => processor.news() }), { url: server.url });
    const { header, lead, returnPath } = mail;
    server.arrive(
      `Return-Path: <>\r\nDelivered-To: ${returnPath}\r\n${deliveryReport({ to: returnPath, original: header, recipient: lead.email, ...GONE })}`,
    );
    await until(async () => (await suppressedAmong(database, [lead.email])).size === 1);
    await source.stop();
    await processor.stop();
    await server.close();
  });
});

describe('a worker that takes in what comes back', () => {
  it('listens, understands and acts, and stops without leaving anything half done', async () => {
    const probe = await startSmtpSource(context(), { ...options, port: 0 });
    const smtpPort = probe.port ?? 0;
    await probe.stop();
    const server = await startImapServer();
    const settings = { host: '127.0.0.1', smtpPort, imapUrl: server.url };
    const inbound = await startInbound(
      { database, clock, log, ...inboundOptions, mailFrom: options.mailFrom },
      settings,
    );
    const [gone, answering] = [await joined(database, clock), await joined(database, clock)];
    expect(await handIn(gone.returnPath, report(gone), '', smtpPort)).toBe(250);
    server.arrive(reply(answering.header, { from: answering.lead.email }));
    await until(async () => (await suppressedAmong(database, [gone.lead.email])).size === 1);
    await until(async () => {
      const rows = await database.query(sql`SELECT 1 FROM inbound_mail WHERE outcome = 'forwarded'`);
      return rows.length === 1;
    });
    await inbound.stop();
    await server.close();
    expect(await handIn(gone.returnPath, report(gone), '', smtpPort)).toBe(0);
  });

  it('acts on each thing once, however many workers share the work', async () => {
    const mails = [];
    for (let number = 0; number < 6; number += 1)
      mails.push(await joined(database, clock, `reader${number}@busy.example`));
    const blocked = { status: '5.7.1', said: '550 5.7.1 blocked using Spamhaus' };
    for (const mail of mails) {
      const { header, returnPath: to, lead } = mail;
      const about = { to, original: header, recipient: lead.email };
      const raws = [
        deliveryReport({ ...about, ...blocked }),
        reply(header, { from: lead.email }),
        complaint(header, { mailFrom: to }),
        deliveryReport({ ...about, ...GONE }),
        complaint(header, { mailFrom: to, to: 'other@shop.example' }),
      ];
      for (const raw of raws) {
        const bytes = Buffer.from(raw);
        await store(context(), {
          via: 'imap',
          dedupeKey: contentKey('imap', bytes),
          envelopeFrom: null,
          envelopeTo: [],
          raw: bytes,
        });
      }
    }
    await Promise.all([1, 2, 3, 4].map(() => processAll(database, clock)));
    const outcomes = await database.query<{ kind: string; outcome: string; count: number }>(sql`
      SELECT kind, outcome, count(*) AS count FROM inbound_mail GROUP BY kind, outcome ORDER BY kind, outcome`);
    expect(outcomes.filter(({ kind }) => kind !== 'bounce')).toEqual([
      { kind: 'complaint', outcome: 'already', count: 6 },
      { kind: 'complaint', outcome: 'withdrawn', count: 6 },
      { kind: 'reply', outcome: 'forwarded', count: 6 },
    ]);
    // Whichever report of a mail is read first: that there is no such mailbox writes its address off, once.
    const bounces = outcomes.filter(({ kind }) => kind === 'bounce');
    const times = (...of: readonly string[]) =>
      bounces.reduce((sum, { outcome, count }) => sum + (of.includes(outcome) ? count : 0), 0);
    expect(times('suppressed')).toBe(6);
    expect(times('receiver-noted', 'already')).toBe(6);
    const [row] = await database.query<{ withdrawn: number; forwards: number; replies: number }>(sql`
      SELECT (SELECT count(*) FROM consent WHERE source = 'complaint' AND address LIKE '%@busy.example') AS withdrawn,
             (SELECT count(*) FROM message WHERE recipient_kind = 'colleague' AND inbound_mail_id IN (SELECT id FROM inbound_mail)) AS forwards,
             (SELECT count(*) FROM interaction WHERE name = 'Email Replied' AND lead_id IN (
               SELECT lead_id FROM identity WHERE value LIKE '%@busy.example')) AS replies`);
    expect(row).toEqual({ withdrawn: 6, forwards: 6, replies: 6 });
  });
});
