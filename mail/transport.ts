import type { Readable } from 'node:stream';
import nodemailer from 'nodemailer';
import type { OutgoingMail } from './compose.ts';

/** How one SMTP attempt ended. `reply` may hold addresses: it belongs into PostgreSQL and nowhere else. */
export type SendResult =
  /** The server took it. `providerId` is its own id for the mail, where its reply gives one. */
  | { readonly kind: 'accepted'; readonly providerId: string | null; readonly reply: string }
  /** It was certainly not taken, and may be later. */
  | {
      readonly kind: 'deferred';
      readonly reason: 'smtp-deferred' | 'smtp-unreachable';
      readonly code: number | null;
      readonly reply: string;
    }
  /** It was certainly not taken, and will not be. */
  | {
      readonly kind: 'refused';
      readonly reason: 'smtp-refused' | 'not-in-allow-list';
      readonly code: number | null;
      readonly reply: string;
    }
  /** Its content was handed over and no answer came: nobody can know (RFC 1047). */
  | { readonly kind: 'unknown'; readonly reason: 'no-smtp-answer'; readonly reply: string };

export interface MailTransport {
  /** Makes one attempt, which ends within `attemptMs`, whatever the server does. Never throws. */
  send(mail: OutgoingMail): Promise<SendResult>;
  /** Lets mails under way finish and closes the connections. */
  close(): void;
}

export interface MailTransportOptions {
  /** `smtp://[user:password@]host:port` or `smtps://…`. */
  readonly smtpUrl: string;
  /** Connections held at once. */
  readonly connections: number;
  /** Addresses and `@domain`s in lower case that alone are written to; undefined: everybody. */
  readonly mailOnlyTo?: readonly string[] | undefined;
  /** Milliseconds for the whole attempt. Default 40,000: below the lease of a claim, with room to record the result. */
  readonly attemptMs?: number | undefined;
}

const DEFAULT_ATTEMPT_MS = 40_000;

/** Opens a pool of SMTP connections. */
export function createMailTransport(options: MailTransportOptions): MailTransport {
  const attemptMs = options.attemptMs ?? DEFAULT_ATTEMPT_MS;
  const transporter = nodemailer.createTransport({
    url: options.smtpUrl,
    pool: true,
    maxConnections: options.connections,
    // One attempt per claim: whether to try again is decided by the gate, not by a queue in memory.
    maxRequeues: 0,
    // Shorter than most servers wait, so that a connection is seldom found closed.
    idleTimeout: 20_000,
    connectionTimeout: Math.min(10_000, attemptMs),
    greetingTimeout: Math.min(10_000, attemptMs),
    socketTimeout: Math.min(30_000, attemptMs),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  /** The content stream of each attempt, under the attempt's signal. */
  const contents = new WeakMap<object, Readable>();
  transporter.use('stream', (mail, done) => {
    const { message, data } = mail;
    const { signal } = data;
    if (message !== undefined && signal !== undefined && signal !== null) {
      const createReadStream = message.createReadStream.bind(message);
      message.createReadStream = (...given) => {
        const stream = createReadStream(...given);
        contents.set(signal, stream);
        return stream;
      };
    }
    done();
  });
  return {
    async send(mail) {
      if (!isAllowed(mail.envelope.to, options.mailOnlyTo)) {
        return { kind: 'refused', reason: 'not-in-allow-list', code: null, reply: '' };
      }
      // Bounds queueing for a connection, and servers that trickle their answers, which no socket timeout notices.
      const signal = AbortSignal.timeout(attemptMs);
      try {
        const info = await transporter.sendMail({ ...mail, headers: { ...mail.headers }, signal });
        return { kind: 'accepted', providerId: info.serverMessageId ?? queueId(info.response), reply: info.response };
      } catch (error) {
        // Nodemailer pulls on the content only after the server's 354 to DATA.
        return classify(error as SmtpError, contents.get(signal)?.readableDidRead === true);
      }
    },
    close: () => transporter.close(),
  };
}

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** The server's own word on this mail's envelope or content. Errors of connection, TLS and sign-in are not about it. */
const ABOUT_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE']);

/**
 * RFC 5321 §4.2.1: 4yz may be tried again, 5yz not. Once content has left, only the server's answer to it tells; the
 * connection's end does not (RFC 1047).
 */
function classify(error: SmtpError, contentLeft: boolean): SendResult {
  const code = error.responseCode ?? null;
  const reply = error.response ?? error.message;
  const aboutTheMail = ABOUT_THE_MAIL.has(error.code ?? '');
  if (contentLeft && !aboutTheMail) return { kind: 'unknown', reason: 'no-smtp-answer', reply };
  if (aboutTheMail && (code === null || code >= 500)) return { kind: 'refused', reason: 'smtp-refused', code, reply };
  return { kind: 'deferred', reason: aboutTheMail ? 'smtp-deferred' : 'smtp-unreachable', code, reply };
}

/** The id that Postfix, Exim and their kin name in their reply; it finds the mail in the server's log. */
function queueId(reply: string): string | null {
  return /\b(?:queued as|id=)\s*([\w.-]{4,100})/i.exec(reply)?.[1] ?? null;
}

function isAllowed(address: string, mailOnlyTo: readonly string[] | undefined): boolean {
  if (mailOnlyTo === undefined) return true;
  const lower = address.toLowerCase();
  return mailOnlyTo.some((entry) => (entry.startsWith('@') ? lower.endsWith(entry) : lower === entry));
}
