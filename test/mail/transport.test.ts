import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { OutgoingMail } from '../../mail/compose.ts';
import { createMailTransport, type MailTransport, type MailTransportOptions } from '../../mail/transport.ts';

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

/** An SMTP server by hand, for what no decent one does: `answer` gets each line and the socket. */
async function oddServer(answer: (line: string, socket: Socket) => string | null): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    let inData = false;
    let pending = '';
    socket.write('220 odd\r\n');
    socket.on('data', (chunk) => {
      pending += chunk.toString();
      for (;;) {
        const end = pending.indexOf('\r\n');
        if (end === -1) return;
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        if (inData && line !== '.') continue;
        const reply = answer(inData ? '.' : (line.split(/[ :]/)[0] ?? '').toUpperCase(), socket);
        inData = reply?.startsWith('354') ?? false;
        if (reply !== null) socket.write(`${reply}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  toStop.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
        stream.resume().on('end', () => callback(refuse(452, 'mailbox full')));
      },
    });
    expect(await transport(atContent.url).send(mail)).toMatchObject({
      kind: 'deferred',
      reason: 'smtp-deferred',
      code: 452,
    });
  });

  it('is refused by a 5yz to the recipient, and to the content', async () => {
    const atRecipient = await smtpServer({
      onRcptTo: (_address, _session, callback) => callback(refuse(550, 'no such user')),
    });
    expect(await transport(atRecipient.url).send(mail)).toMatchObject({
      kind: 'refused',
      reason: 'smtp-refused',
      code: 550,
    });
    const atContent = await smtpServer({
      onData(stream, _session, callback) {
        stream.resume().on('end', () => callback(refuse(554, 'looks like spam')));
      },
    });
    expect(await transport(atContent.url).send(mail)).toMatchObject({
      kind: 'refused',
      reason: 'smtp-refused',
      code: 554,
    });
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
    expect(await to('stranger@example.com')).toEqual({
      kind: 'refused',
      reason: 'not-in-allow-list',
      code: null,
      reply: '',
    });
    expect(await to('mallory@evil-example.org')).toMatchObject({ reason: 'not-in-allow-list' });
    expect((await to('Tanja@Example.org')).kind).toBe('accepted');
    expect((await to('petra@federkiel.example')).kind).toBe('accepted');
    expect(received).toHaveLength(2);
  });
});
