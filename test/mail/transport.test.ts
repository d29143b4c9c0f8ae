import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { OutgoingMail } from '../../mail/compose.ts';
import { createDkimKey, dkimKeysIn } from '../../mail/dkim.ts';
import { createMailTransport, type MailTransport, type MailTransportOptions } from '../../mail/transport.ts';
import { type SmtpAnswer, startScriptedSmtp } from '../support/scripted-smtp.ts';

const mail: OutgoingMail = {
  envelope: { from: 'hallo@federkiel.example', to: 'tanja@example.org' },
  from: 'Federkiel <hallo@federkiel.example>',
  to: 'tanja@example.org',
  subject: 'Grüße aus der Papeterie',
  html: '<p>Hallo Tanja</p>',
  text: 'Hallo Tanja',
  messageId: '<019aa000@federkiel.example>',
  headers: {
    'List-Unsubscribe': `<https://tend.federkiel.example/u/${'A'.repeat(120)}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  },
};

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0)) await stop();
});

/** A real SMTP server that takes everything, but for what `behaviour` says. */
async function smtpServer(behaviour: Partial<SMTPServerOptions> = {}): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push(Buffer.concat(chunks).toString());
        callback(null);
      });
    },
    ...behaviour,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toStop.push(() => new Promise((resolve) => server.close(() => resolve())));
  return { url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received };
}

/** An SMTP server by hand, for what no decent one does. */
async function oddServer(answer: SmtpAnswer): Promise<string> {
  const server = await startScriptedSmtp(answer);
  toStop.push(server.close);
  return server.url;
}

const POLITE: Readonly<Record<string, string>> = {
  EHLO: '250 odd',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go',
  '.': '250 ok',
  RSET: '250 ok',
  QUIT: '221 bye',
};

function transport(smtpUrl: string, more: Partial<MailTransportOptions> = {}): MailTransport {
  const made = createMailTransport({ smtpUrl, connections: 2, ...more });
  toStop.unshift(async () => made.close());
  return made;
}

describe('one SMTP attempt', () => {
  it('is accepted: the mail arrives with its headers in one piece', async () => {
    const { url, received } = await smtpServer();
    expect(await transport(url).send(mail)).toMatchObject({ kind: 'accepted', reply: expect.stringMatching(/^250/) });
    const [raw = ''] = received;
    expect(raw).toContain('Message-ID: <019aa000@federkiel.example>');
    expect(raw.replace(/\r\n[ \t]+/g, ' ')).toContain(
      `List-Unsubscribe: <https://tend.federkiel.example/u/${'A'.repeat(120)}>\r\n`,
    );
    expect(raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
    expect(raw).toContain('multipart/alternative');
    expect(raw).not.toMatch(/^(Auto-Submitted|X-)/im);
  });

  it('gives the id under which the server queued it', async () => {
    const url = await oddServer((line) =>
      line === '.' ? '250 2.0.0 Ok: queued as 4F2B1A' : (POLITE[line] ?? '250 ok'),
    );
    expect(await transport(url).send(mail)).toMatchObject({ kind: 'accepted', providerId: '4F2B1A' });
  });

  const refuse = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

  it('is deferred by a 4yz to the recipient, and to the content', async () => {
    const atRecipient = await smtpServer({
      onRcptTo: (_address, _session, callback) => callback(refuse(451, 'greylisted')),
    });
    expect(await transport(atRecipient.url).send(mail)).toMatchObject({
      kind: 'deferred',
      reason: 'smtp-deferred',
      code: 451,
      reply: expect.stringContaining('greylisted'),
    });
    const atContent = await smtpServer({
      onData(stream, _session, callback) {
        stream.resume().on('end', () => callback(refuse(452, 'disk full')));
      },
    });
    expect(await transport(atContent.url).send(mail)).toMatchObject({
      kind: 'deferred',
      reason: 'smtp-deferred',
      code: 452,
    });
  });

  it('is refused where there is no such mailbox, whether the server says so at once or after the content', async () => {
    const atRecipient = await smtpServer({
      onRcptTo: (_address, _session, callback) => callback(refuse(550, '5.1.1 no such user')),
    });
    const never = { kind: 'refused', reason: 'smtp-refused', code: 550, cause: 'mailbox' };
    expect(await transport(atRecipient.url).send(mail)).toMatchObject({ ...never, status: '5.1.1' });
    const atContent = await smtpServer({
      onData(stream, _session, callback) {
        stream.resume().on('end', () => callback(refuse(550, '5.1.1 no such user')));
      },
    });
    expect(await transport(atContent.url).send(mail)).toMatchObject(never);
  });

  it.each([
    ['to the sender', 'MAIL', '550 5.1.1 no such user here', 'sender-refused', 'policy'],
    ['to the sender, bare', 'MAIL', '550 no', 'sender-refused', 'policy'],
    [
      'to the recipient, for reputation',
      'RCPT',
      '550 5.7.1 blocked using zen.spamhaus.org',
      'sender-refused',
      'policy',
    ],
    ['to the content, as spam', '.', '554 5.7.1 looks like spam', 'sender-refused', 'policy'],
    ['to the content, as malformed', '.', '554 5.6.0 malformed message', 'content-refused', 'content'],
    ['to the content, without a reason', '.', '550 no', 'content-refused', 'content'],
    ['as the mailbox is full', 'RCPT', '552 5.2.2 mailbox full', 'mailbox-full', 'full'],
    ['as the mailbox is full, for now', 'RCPT', '452 4.2.2 mailbox full', 'mailbox-full', 'full'],
    ['that lets nobody in here', 'RCPT', '554 5.7.1 relay access denied', 'smtp-unreachable', null],
  ])('is put off by a no %s: it says nothing about the person', async (_what, at, reply, reason, cause) => {
    const url = await oddServer((line) => (line === at ? reply : (POLITE[line] ?? '250 ok')));
    expect(await transport(url).send(mail)).toMatchObject({
      kind: 'deferred',
      reason,
      cause,
      code: Number(reply.slice(0, 3)),
    });
  });

  it('tells a no to the sender from one to the recipient also where all is said in one breath (RFC 2920)', async () => {
    const noSender = await smtpServer({
      onMailFrom: (_address, _session, callback) => callback(refuse(550, '5.1.1 no such user')),
    });
    expect(await transport(noSender.url).send(mail)).toMatchObject({ kind: 'deferred', reason: 'sender-refused' });
  });

  it('is deferred, not refused, when the server does not take us at all: that is no word about the person', async () => {
    const greeting = await oddServer(() => '554 no service');
    expect(await transport(greeting).send(mail)).toMatchObject({ kind: 'deferred', reason: 'smtp-unreachable' });
    const signIn = await smtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(refuse(535, 'bad password')),
    });
    expect(await transport(signIn.url.replace('smtp://', 'smtp://user:wrong@')).send(mail)).toMatchObject({
      kind: 'deferred',
      reason: 'smtp-unreachable',
      code: 535,
    });
  });

  it('is deferred when nobody listens', async () => {
    expect(await transport('smtp://127.0.0.1:1').send(mail)).toMatchObject({
      kind: 'deferred',
      reason: 'smtp-unreachable',
      code: null,
    });
  });

  it.each(['EHLO', 'MAIL', 'RCPT', 'DATA'])(
    'is deferred when the server hangs up at %s: no content has left',
    async (at) => {
      const url = await oddServer((line, socket) => {
        if (line !== at) return POLITE[line] ?? '250 ok';
        socket.destroy();
        return null;
      });
      expect(await transport(url).send(mail)).toMatchObject({ kind: 'deferred', reason: 'smtp-unreachable' });
    },
  );

  it('is unknown when the server hangs up after the content', async () => {
    const url = await oddServer((line, socket) => {
      if (line !== '.') return POLITE[line] ?? '250 ok';
      socket.destroy();
      return null;
    });
    expect(await transport(url).send(mail)).toMatchObject({ kind: 'unknown', reason: 'no-smtp-answer' });
  });

  it('is unknown when what the server says to the content is no reply', async () => {
    const url = await oddServer((line) => (line === '.' ? 'thanks, I suppose' : (POLITE[line] ?? '250 ok')));
    expect(await transport(url, { attemptMs: 1_000 }).send(mail)).toMatchObject({
      kind: 'unknown',
      reason: 'no-smtp-answer',
    });
  });

  it.each([
    ['Shop: Berlin <hallo@federkiel.example>', 'From: "Shop: Berlin" <hallo@federkiel.example>'],
    ['Shop; Co <hallo@federkiel.example>', 'From: "Shop; Co" <hallo@federkiel.example>'],
    ['hallo@federkiel.example', 'From: hallo@federkiel.example'],
  ])('is from one mailbox, whatever signs its name has: %s', async (from, header) => {
    const { url, received } = await smtpServer();
    expect(await transport(url).send({ ...mail, from, replyTo: from })).toMatchObject({ kind: 'accepted' });
    expect(received[0]?.split('\r\n')).toContain(header);
    expect(received[0]?.split('\r\n')).toContain(header.replace('From', 'Reply-To'));
  });

  it('is told apart in the same way where it is signed: nothing leaves before the server asks for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tend-signed-'));
    toStop.push(() => rm(folder, { recursive: true }));
    const dkim = { domain: 'federkiel.example', selector: 's1' };
    await createDkimKey(folder, dkim);
    const hangUpAt = (at: string) =>
      oddServer((line, socket) => {
        if (line !== at) return POLITE[line] ?? '250 ok';
        socket.destroy();
        return null;
      });
    const signed = { ...mail, dispatch: { dkim } };
    const dkimKeys = dkimKeysIn(folder);
    expect(await transport(await hangUpAt('RCPT'), { dkimKeys }).send(signed)).toMatchObject({ kind: 'deferred' });
    expect(await transport(await hangUpAt('DATA'), { dkimKeys }).send(signed)).toMatchObject({ kind: 'deferred' });
    expect(await transport(await hangUpAt('.'), { dkimKeys }).send(signed)).toMatchObject({ kind: 'unknown' });
  });

  it('ends in time: unknown after the content, deferred before it', async () => {
    const silentAt = (at: string) => oddServer((line) => (line === at ? null : (POLITE[line] ?? '250 ok')));
    const started = Date.now();
    expect(await transport(await silentAt('.'), { attemptMs: 300 }).send(mail)).toMatchObject({ kind: 'unknown' });
    expect(await transport(await silentAt('RCPT'), { attemptMs: 300 }).send(mail)).toMatchObject({ kind: 'deferred' });
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  it('ends in time though all connections are taken by others, and is unknown only where content has left', async () => {
    let contents = 0;
    const url = await oddServer((line) => {
      if (line !== '.') return POLITE[line] ?? '250 ok';
      contents += 1;
      return null;
    });
    const busy = transport(url, { attemptMs: 400, connections: 1 });
    const started = Date.now();
    const kinds = await Promise.all(
      [busy.send(mail), busy.send(mail), busy.send(mail)].map(async (result) => (await result).kind),
    );
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(kinds[0]).toBe('unknown');
    expect(kinds).toContain('deferred');
    expect(kinds.filter((kind) => kind !== 'deferred')).toEqual(Array(contents).fill('unknown'));
  });

  it('is made once: a connection that the server has closed meanwhile is a deferral, and the next attempt connects anew', async () => {
    let mails = 0;
    const url = await oddServer((line, socket) => {
      if (line === '.') mails += 1;
      if (line === 'MAIL' && mails === 1) {
        mails = 2;
        socket.destroy();
        return null;
      }
      return POLITE[line] ?? '250 ok';
    });
    const one = transport(url, { connections: 1 });
    expect((await one.send(mail)).kind).toBe('accepted');
    expect((await one.send(mail)).kind).toBe('deferred');
    expect((await one.send(mail)).kind).toBe('accepted');
  });

  it('does not reach anybody outside the allow-list', async () => {
    const { url, received } = await smtpServer();
    const careful = transport(url, { mailOnlyTo: ['@example.org', 'petra@federkiel.example'] });
    const to = (address: string) => careful.send({ ...mail, to: address, envelope: { ...mail.envelope, to: address } });
    const refused = { kind: 'refused', reason: 'not-in-allow-list', code: null, cause: null };
    expect(await to('stranger@example.com')).toMatchObject(refused);
    expect(await to('mallory@evil-example.org')).toMatchObject({ reason: 'not-in-allow-list' });
    expect((await to('Tanja@Example.org')).kind).toBe('accepted');
    expect((await to('petra@federkiel.example')).kind).toBe('accepted');
    expect(received).toHaveLength(2);
  });
});

describe('several servers', () => {
  it('each sender sends by its own', async () => {
    const [own, shop] = [await smtpServer(), await smtpServer()];
    const both = transport(own.url, { servers: { shop: shop.url } });
    expect(await both.send(mail)).toMatchObject({ kind: 'accepted' });
    expect(await both.send({ ...mail, dispatch: { server: 'shop' } })).toMatchObject({ kind: 'accepted' });
    expect([own.received.length, shop.received.length]).toEqual([1, 1]);
  });

  it('one that is down is named, and holds up nobody else', async () => {
    const own = await smtpServer();
    const both = transport(own.url, { servers: { shop: 'smtp://127.0.0.1:1' } });
    const down = { kind: 'deferred', reason: 'smtp-unreachable', detail: 'shop' };
    expect(await both.send({ ...mail, dispatch: { server: 'shop' } })).toMatchObject(down);
    expect(await both.send(mail)).toMatchObject({ kind: 'accepted' });
  });

  it('one that this worker does not have takes nothing, nor does another in its stead', async () => {
    const own = await smtpServer();
    expect(await transport(own.url).send({ ...mail, dispatch: { server: 'shop' } })).toMatchObject({
      kind: 'deferred',
      reason: 'server-not-configured',
      detail: 'shop',
    });
    expect(own.received).toEqual([]);
  });
});
