import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Finding, fail, note, ok, warn } from './finding.ts';

export interface TlsOptions {
  /** Milliseconds for each step. Default 8,000. */
  readonly timeoutMs?: number;
  /** Certificates of an authority that is trusted besides, PEM. */
  readonly ca?: string | undefined;
}

const SOON_MS = 14 * 86_400_000;

/** Whether the way to the SMTP server is closed to others: TLS, a certificate in its name, and no password before. */
export async function checkTls(smtpUrl: string, now: number, options: TlsOptions = {}): Promise<Finding[]> {
  const url = new URL(smtpUrl);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const at = `${url.hostname}:${portOf(url)}`;
  const withPassword = url.password !== '';
  try {
    const talk = await greet(url, host, options);
    try {
      if (!talk.secure && !talk.offersTls) return [open(at, host, withPassword)];
      const socket = talk.secure ? (talk.socket as TLSSocket) : await upgrade(talk, host, options);
      return certificate(socket, at, now);
    } finally {
      talk.socket.destroy();
    }
  } catch (error) {
    return [
      fail(
        'tls',
        `${at}: ${(error as Error).message}`,
        'is the address right, does the server run, does a firewall stand between?',
      ),
    ];
  }
}

function open(at: string, host: string, withPassword: boolean): Finding {
  if (withPassword)
    return fail(
      'tls',
      `${at} offers no TLS: name and password would go over the line for all to read`,
      'use smtps://, or a server with STARTTLS',
    );
  if (isHere(host)) return note('tls', `${at} is this machine and offers no TLS: nothing of it leaves the machine`);
  return warn(
    'tls',
    `${at} offers no TLS: mails go over the line for all to read`,
    'use smtps://, or a server with STARTTLS',
  );
}

const isHere = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

function certificate(socket: TLSSocket, at: string, now: number): Finding[] {
  const { valid_to: validTo } = socket.getPeerCertificate();
  const until = Date.parse(validTo);
  const tls = `${at}: ${socket.getProtocol()}`;
  if (!socket.authorized)
    return [
      fail(
        'tls',
        `${tls}, with a certificate that can't be trusted (${reasonOf(socket.authorizationError)}): Tend does not send by it`,
        'give the server a certificate in its own name, or use the name that it has',
      ),
    ];
  return [
    ok('tls', `${tls}, certificate until ${validTo}`),
    ...(until - now < SOON_MS ? [warn('tls', `the certificate of ${at} ends on ${validTo}`, 'have it renewed')] : []),
  ];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
}

interface Talk {
  readonly socket: Socket;
  readonly secure: boolean;
  readonly offersTls: boolean;
}

async function greet(url: URL, host: string, options: TlsOptions): Promise<Talk> {
  const secure = url.protocol === 'smtps:';
  const port = portOf(url);
  const socket = secure ? tlsSocket({ host, port }, host, options) : connect({ host, port });
  try {
    await happens(socket, secure ? 'secureConnect' : 'connect', options);
    await reply(socket, options);
    socket.write('EHLO tend-doctor.invalid\r\n');
    const features = await reply(socket, options);
    return { socket, secure, offersTls: /^250[- ]STARTTLS\s*$/im.test(features) };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function upgrade({ socket }: Talk, host: string, options: TlsOptions): Promise<TLSSocket> {
  socket.write('STARTTLS\r\n');
  await reply(socket, options);
  socket.removeAllListeners();
  const secured = tlsSocket({ socket }, host, options);
  await happens(secured, 'secureConnect', options);
  return secured;
}

function tlsSocket(
  to: { socket: Socket } | { host: string; port: number },
  host: string,
  { ca }: TlsOptions,
): TLSSocket {
  // What is wrong with the certificate is to be told, not thrown.
  // SNI is for names alone (RFC 6066 §3); the certificate is held against the host either way.
  const name = { host, ...(isIP(host) === 0 && { servername: host }) };
  return connectTls({ ...name, ...to, rejectUnauthorized: false, ...(ca !== undefined && { ca }) });
}

function happens(socket: Socket, event: string, { timeoutMs = 8_000 }: TlsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no connection in time')), timeoutMs);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** A whole reply, which must be a yes. */
function reply(socket: Socket, { timeoutMs = 8_000 }: TlsOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (end: () => void) => {
      clearTimeout(timer);
      socket.off('data', read);
      end();
    };
    const timer = setTimeout(() => done(() => reject(new Error('no answer in time'))), timeoutMs);
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const last = /(?:^|\n)(\d{3}) [^\n]*\n$/.exec(text);
      if (last === null && text.length < 20_000) return;
      if (last?.[1]?.startsWith('2') === true) done(() => resolve(text));
      else done(() => reject(new Error(`the server says ${text.trim().slice(0, 200)}`)));
    };
    socket.on('data', read);
    socket.once('close', () => done(() => reject(new Error('the server hung up'))));
  });
}

function portOf(url: URL): number {
  // Nodemailer's defaults: 465 for implicit TLS, else the submission port (RFC 6409).
  return Number(url.port || (url.protocol === 'smtps:' ? 465 : 587));
}
