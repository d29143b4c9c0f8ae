import type { Readable } from 'node:stream';
import nodemailer from 'nodemailer';
import { mailboxOf } from '../domain/sender/sender.ts';
import type { RefusedAt } from '../domain/sending/refusal.ts';
import type { OutgoingMail } from './compose.ts';
import { type DkimIdentity, SIGNED_HEADERS } from './dkim.ts';

/** How one attempt at a server ended, before anybody judges it. */
export type SmtpOutcome =
  | { readonly kind: 'taken'; readonly providerId: string | null; readonly reply: string }
  /** The server's own no to this mail. */
  | { readonly kind: 'refused'; readonly at: RefusedAt; readonly code: number; readonly reply: string }
  /** The mail is not fit to be handed to a server, as an address with a line break in it. */
  | { readonly kind: 'unfit'; readonly reply: string }
  /** No connection, no TLS, not let in, cut off before the content: nothing has left. */
  | { readonly kind: 'unreachable'; readonly code: number | null; readonly reply: string }
  /** Its content was handed over and no answer came: nobody can know (RFC 1047). */
  | { readonly kind: 'unknown'; readonly reply: string };

export interface SmtpPool {
  /** One attempt, which ends within the pool's `attemptMs`. Never throws. */
  send(mail: OutgoingMail, signing: SigningKey | null): Promise<SmtpOutcome>;
  close(): void;
}

export interface SigningKey extends DkimIdentity {
  /** RSA, PEM. */
  readonly privateKey: string;
}

export interface SmtpPoolOptions {
  readonly url: string;
  /** Connections held at once. */
  readonly connections: number;
  readonly attemptMs: number;
}

/** Opens a pool of connections to one SMTP server. */
export function openSmtpPool({ url, connections, attemptMs }: SmtpPoolOptions): SmtpPool {
  const transporter = nodemailer.createTransport({
    url,
    pool: true,
    maxConnections: connections,
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
    async send(mail, signing) {
      // Bounds queueing for a connection, and servers that trickle their answers, which no socket timeout notices.
      const signal = AbortSignal.timeout(attemptMs);
      try {
        const info = await transporter.sendMail({ ...nodemailerMail(mail, signing), signal });
        return { kind: 'taken', providerId: info.serverMessageId ?? queueId(info.response), reply: info.response };
      } catch (error) {
        // Nodemailer pulls on the content only after the server's 354 to DATA.
        return outcomeOf(error as SmtpError, contents.get(signal)?.readableDidRead === true);
      }
    },
    close: () => transporter.close(),
  };
}

/** A mail as nodemailer takes it. */
export function nodemailerMail({ dispatch: _, ...outgoing }: OutgoingMail, signing: SigningKey | null) {
  const { from, replyTo, headers } = outgoing;
  const mail = {
    ...outgoing,
    // As name and address: read by nodemailer, "Shop: Berlin <a@b>" would be a group (RFC 5322 §3.4), which no From may be.
    from: mailboxOf(from),
    ...(replyTo !== undefined && { replyTo: mailboxOf(replyTo) }),
    headers: { ...headers },
  };
  if (signing === null) return mail;
  const { domain: domainName, selector: keySelector, privateKey } = signing;
  const dkim = { domainName, keySelector, privateKey, headerFieldNames: SIGNED_HEADERS.join(':') };
  return { ...mail, dkim };
}

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** The server's own word on this mail's envelope or content. Errors of connection, TLS and sign-in are not about it. */
const ABOUT_THE_MAIL = new Set(['EENVELOPE', 'EMESSAGE']);

/** Once content has left, only the server's answer to it tells; the connection's end does not (RFC 1047). */
function outcomeOf(error: SmtpError, contentLeft: boolean): SmtpOutcome {
  const code = error.responseCode ?? null;
  const reply = error.response ?? error.message;
  const aboutTheMail = ABOUT_THE_MAIL.has(error.code ?? '');
  // An answer without a code, to a content that it has, is none.
  if (contentLeft && (!aboutTheMail || code === null)) return { kind: 'unknown', reply };
  if (!aboutTheMail) return { kind: 'unreachable', code, reply };
  return code === null ? { kind: 'unfit', reply } : { kind: 'refused', at: stageOf(error), code, reply };
}

function stageOf({ command, code }: SmtpError): RefusedAt {
  if (command === 'MAIL FROM') return 'sender';
  return command === 'RCPT TO' && code === 'EENVELOPE' ? 'recipient' : 'content';
}

/** The id that Postfix, Exim and their kin name in their reply; it finds the mail in the server's log. */
function queueId(reply: string): string | null {
  return /\b(?:queued as|id=)\s*([\w.-]{4,100})/i.exec(reply)?.[1] ?? null;
}
