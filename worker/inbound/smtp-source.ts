import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerAddress, type SMTPServerDataStream } from 'smtp-server';
import { loggable } from '../../config/log.ts';
import { isLoopback } from '../../config/loopback.ts';
import { contentKey } from '../../store/receive-inbound.ts';
import { isReturnAddress, type ReturnAddressOptions } from '../../store/return-addresses.ts';
import { type InboundSource, MOST_BYTES, type SourceContext, store } from './source.ts';

export interface SmtpSourceOptions extends ReturnAddressOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface SmtpSource extends InboundSource {
  /** Null while the port is not to be had. */
  readonly port: number | null;
}

/** Each may hold one mail in memory. */
const MOST_CLIENTS = 10;
const MOST_RECIPIENTS = 50;
const IDLE_MS = 60_000;
/** Who trickles bytes is not idle, and must not keep a place for ever. */
const LONGEST_MS = 5 * 60_000;
/** From one address, loopback aside: a mail server of ours that relays everything. */
const MOST_FROM_ONE = 4;
/** Another worker on this machine may hold the port: this one takes over when that one ends. */
const RETRY_MS = 15_000;

/**
 * Takes reports, complaints and replies by SMTP, where the MX of a sender's return path leads to (or a mail server in front of
 * it relays to). Only mail to addresses of ours is taken, and answered with 250 only once it is stored: after a crash before
 * that, the other server sends again. It relays nothing and asks nobody to sign in.
 */
export async function startSmtpSource(context: SourceContext, options: SmtpSourceOptions): Promise<SmtpSource> {
  const { log } = context;
  let bound: number | null = null;
  let retry: NodeJS.Timeout | undefined;
  let stopped = false;
  const underWay = new Set<Promise<void>>();
  /** Connections open, by the address they come from. */
  const open = new Map<string, number>();

  const server = new SMTPServer({
    banner: 'reports and replies only',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: MOST_BYTES,
    maxClients: MOST_CLIENTS,
    socketTimeout: IDLE_MS,
    closeTimeout: 5_000,
    onConnect({ remoteAddress }, callback) {
      const count = (open.get(remoteAddress) ?? 0) + 1;
      open.set(remoteAddress, count);
      callback(count > MOST_FROM_ONE && !isLoopback(remoteAddress) ? refusal(421, 'Too many connections.') : undefined);
    },
    onClose({ remoteAddress }) {
      const count = (open.get(remoteAddress) ?? 1) - 1;
      if (count > 0) open.set(remoteAddress, count);
      else open.delete(remoteAddress);
    },
    onRcptTo({ address }, session, callback) {
      if (session.envelope.rcptTo.length >= MOST_RECIPIENTS) {
        callback(refusal(452, 'Too many recipients: send the rest by itself.'));
        return;
      }
      isReturnAddress(context.database, address, options).then(
        (ours) => callback(ours ? undefined : refusal(550, 'There is no such address here.')),
        (error: unknown) => {
          log.error(loggable(error), 'an address of inbound mail could not be looked up');
          callback(refusal(451, 'Try again later.'));
        },
      );
    },
    onData(stream, session, callback) {
      const { mailFrom, rcptTo } = session.envelope;
      const job = take(stream, mailFrom, rcptTo)
        .then(
          (answer) => callback(answer),
          (error: unknown) => {
            log.error(loggable(error), 'inbound mail could not be stored; its server will send it again');
            callback(refusal(451, 'Try again later.'));
          },
        )
        .finally(() => underWay.delete(job));
      underWay.add(job);
    },
  });

  async function take(
    stream: SMTPServerDataStream,
    mailFrom: SMTPServerAddress | false,
    rcptTo: readonly SMTPServerAddress[],
  ): Promise<Error | null> {
    const raw = await readAll(stream);
    if (raw === null || stream.sizeExceeded) return refusal(552, `The mail is longer than ${MOST_BYTES} bytes.`);
    const envelopeTo = rcptTo.map(({ address }) => address);
    // The null sender of reports is an empty address here (RFC 5321 §4.5.5).
    const envelopeFrom = mailFrom === false ? '' : mailFrom.address;
    await store(context, {
      via: 'smtp',
      dedupeKey: contentKey('smtp', raw, envelopeTo),
      envelopeFrom,
      envelopeTo,
      raw,
    });
    return null;
  }

  server.server.on('connection', (socket: Socket) => {
    const limit = setTimeout(() => socket.destroy(), LONGEST_MS);
    limit.unref();
    socket.once('close', () => clearTimeout(limit));
  });
  // Without a listener, a client that breaks off would end the process.
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return;
    if (bound !== null || stopped) return;
    log.warn({ code: error.code, port: options.port }, 'the port of inbound mail is not to be had; trying again');
    retry = setTimeout(listen, RETRY_MS);
    retry.unref();
    settle?.();
  });

  let settle: (() => void) | undefined;
  function listen(): void {
    server.listen(options.port, options.host, () => {
      bound = (server.server.address() as AddressInfo).port;
      log.info({ port: bound }, 'taking inbound mail by SMTP');
      settle?.();
    });
  }
  await new Promise<void>((resolve) => {
    settle = resolve;
    listen();
  });

  return {
    get port() {
      return bound;
    },
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await Promise.all(underWay);
      if (bound !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The mail's bytes; null: more than are taken. What is too much is read and dropped, or the other side would hang. */
async function readAll(stream: SMTPServerDataStream): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MOST_BYTES) chunks.push(chunk);
  }
  return length > MOST_BYTES ? null : Buffer.concat(chunks);
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
