import { setTimeout as pause } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { isLoopback } from '../../config/loopback.ts';
import { contentKey } from '../../store/receive-inbound.ts';
import { type InboundSource, MOST_BYTES, type SourceContext, store } from './source.ts';

export interface ImapSourceOptions {
  /** `imaps://user:password@host[:port]/Folder`; without a folder INBOX. `imap://` must come to TLS by STARTTLS, but on loopback. */
  readonly url: string;
  /** How long it waits without having been told of anything. Default: a minute. */
  readonly pollMs?: number;
  /** The first wait after a lost connection, which doubles up to five minutes. Default: a second. */
  readonly retryMs?: number;
}

/** Where mail goes once it is stored here: nothing is deleted, and people find what they were written. */
export const TAKEN_FOLDER = 'Tend';
const MOST_RETRY_MS = 5 * 60_000;
/** With nothing left to do, the server is asked to tell of new mail (IDLE, RFC 2177) so soon. */
const IDLE_AFTER_MS = 200;

/**
 * Takes reports, complaints and replies from a mailbox. Each mail is stored and then moved to the folder `Tend`; one that was
 * stored when the process ended before the move is stored once. The mailbox is for this alone: everything in the folder is
 * taken. The server tells of new mail (IDLE), and it looks each minute in case the telling was lost.
 */
export function startImapSource(context: SourceContext, options: ImapSourceOptions): InboundSource {
  const { log } = context;
  const { pollMs = 60_000, retryMs = 1_000 } = options;
  const where = readUrl(options.url);
  const stopping = new AbortController();
  let wake: (() => void) | undefined;
  /** Something arrived while we were busy. */
  let told = false;
  let client: ImapFlow | undefined;

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await session(() => {
          failures = 0;
        });
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        // The words of an IMAP server may name the mailbox.
        log.warn({ code: codeOf(error), failures }, 'the inbound mailbox is not to be had; trying again');
        const wait = Math.min(MOST_RETRY_MS, retryMs * 2 ** Math.min(failures - 1, 16));
        await pause(wait, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  }

  /** One connection, from sign-in until it is lost or we stop. */
  async function session(onReady: () => void): Promise<void> {
    const connection = new ImapFlow({
      ...where.connection,
      logger: false,
      maxIdleTime: 5 * 60_000,
      socketTimeout: 10 * 60_000,
      autoIdleDelay: IDLE_AFTER_MS,
    });
    client = connection;
    let lost: Error | null = null;
    // Without a listener, a connection that breaks would end the process.
    connection.on('error', (error: Error) => {
      lost = error;
      wake?.();
    });
    connection.on('close', () => {
      lost ??= new Error('closed');
      wake?.();
    });
    connection.on('exists', () => {
      told = true;
      wake?.();
    });
    try {
      await connection.connect();
      await makeFolder(connection);
      await connection.mailboxOpen(where.folder);
      onReady();
      while (!stopping.signal.aborted) {
        told = false;
        while ((await takeBatch(connection)) && !stopping.signal.aborted);
        if (lost !== null) throw lost;
        await news();
        if (lost !== null) throw lost;
        // Brings news where the server does not tell, and notices a dead connection.
        if (!stopping.signal.aborted) await connection.noop();
      }
      await connection.logout();
    } finally {
      connection.close();
      client = undefined;
    }
  }

  async function news(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, pollMs).unref();
      if (told || stopping.signal.aborted) resolve();
    });
    wake = undefined;
  }

  /** Stores some of what is in the folder, and moves it on. False: nothing was there. */
  async function takeBatch(connection: ImapFlow): Promise<boolean> {
    const uids = (await connection.search({ all: true }, { uid: true })) || [];
    for (const uid of uids.slice(0, BATCH)) {
      if (stopping.signal.aborted) return false;
      // A mail that is longer than is taken is stored in part: reports and texts come first, and it stays in its folder.
      const mail = await connection.fetchOne(String(uid), { source: { maxLength: MOST_BYTES } }, { uid: true });
      // Somebody else has moved it meanwhile: another worker, or a person.
      if (mail === false || mail === undefined || mail.source === undefined) continue;
      const raw = mail.source;
      await store(context, {
        via: 'imap',
        dedupeKey: contentKey('imap', raw),
        envelopeFrom: null,
        envelopeTo: [],
        raw,
      });
      const moved = await connection.messageMove(String(uid), TAKEN_FOLDER, { uid: true });
      // Else it would be fetched again for ever.
      if (moved === false) throw Object.assign(new Error('not moved'), { code: 'NotMoved' });
    }
    return uids.length > BATCH;
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      wake?.();
      // What hangs in the network is not waited for: what was stored and not moved is stored once.
      const deadline = setTimeout(() => client?.close(), 5_000);
      await running;
      clearTimeout(deadline);
    },
  };
}

const BATCH = 50;

/** Several workers may make it at once; that it is there is all that matters. */
async function makeFolder(connection: ImapFlow): Promise<void> {
  const folders = await connection.list();
  if (folders.some(({ path }) => path === TAKEN_FOLDER)) return;
  await connection.mailboxCreate(TAKEN_FOLDER);
}

interface Mailbox {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly secure: boolean;
    /** True: without TLS it does not sign in. Undefined: TLS where the server offers it. */
    readonly doSTARTTLS?: boolean;
    readonly auth: { readonly user: string; readonly pass: string };
  };
  readonly folder: string;
}

function readUrl(text: string): Mailbox {
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  const secure = protocol === 'imaps:';
  const mustUpgrade = !secure && !isLoopback(hostname);
  return {
    connection: {
      host: hostname,
      port: port === '' ? (secure ? 993 : 143) : Number(port),
      secure,
      ...(mustUpgrade && { doSTARTTLS: true }),
      auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    },
    folder: decodeURIComponent(pathname.slice(1)) || 'INBOX',
  };
}

function codeOf(error: unknown): string {
  const { code, responseStatus } = error as { readonly code?: unknown; readonly responseStatus?: unknown };
  return [code, responseStatus].find((word): word is string => typeof word === 'string') ?? 'IMAP';
}
