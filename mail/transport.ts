import type { BounceCause } from '../domain/sending/bounce-cause.ts';
import { type Refusal, refusalOf } from '../domain/sending/refusal.ts';
import { classifyReply } from '../domain/sending/smtp-reply.ts';
import type { OutgoingMail } from './compose.ts';
import { type DkimIdentity, type DkimKeys, noDkimKeys } from './dkim.ts';
import { openSmtpPool, type SigningKey, type SmtpOutcome, type SmtpPool } from './smtp-pool.ts';

/**
 * How one attempt ended. `reply` may hold addresses: it belongs into PostgreSQL and nowhere else. `detail` says in a name or
 * code what the reason is in this case, without anything personal.
 */
export type SendResult =
  /** The server took it. `providerId` is its own id for the mail, where its reply gives one. */
  | { readonly kind: 'accepted'; readonly providerId: string | null; readonly reply: string }
  /** It was certainly not taken, and may be later. */
  | ({ readonly kind: 'deferred'; readonly reason: Refusal['reason'] | NotHandedOver } & Failure)
  /** It was certainly not taken, and will not be. */
  | ({ readonly kind: 'refused'; readonly reason: 'smtp-refused' | 'not-in-allow-list' } & Failure)
  /** Its content was handed over and no answer came: nobody can know (RFC 1047). */
  | { readonly kind: 'unknown'; readonly reason: 'no-smtp-answer'; readonly reply: string };

/** What the operator has to mend before the mail can go; no server was asked. */
type NotHandedOver = 'server-not-configured' | 'dkim-key-missing' | 'dkim-key-unusable';

interface Failure {
  readonly code: number | null;
  readonly reply: string;
  readonly detail: string | null;
  /** What the server's no tells of address or sender; null: nothing. */
  readonly cause: BounceCause | null;
  /** The server's enhanced status (RFC 3463). */
  readonly status: string | null;
}

export interface MailTransport {
  /** Makes one attempt, which ends within `attemptMs`, whatever the server does. Never throws. */
  send(mail: OutgoingMail): Promise<SendResult>;
  /** Lets mails under way finish and closes the connections. */
  close(): void;
}

export interface MailTransportOptions {
  /** The installation's own server: `smtp://[user:password@]host:port` or `smtps://…`. */
  readonly smtpUrl: string;
  /** Further servers, by the name that senders give. */
  readonly servers?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly dkimKeys?: DkimKeys;
  /** Connections held at once, with each server. */
  readonly connections: number;
  /** Addresses and `@domain`s in lower case that alone are written to; undefined: everybody. */
  readonly mailOnlyTo?: readonly string[] | undefined;
  /** Milliseconds for the whole attempt. Default 40,000: below the lease of a claim, with room to record the result. */
  readonly attemptMs?: number | undefined;
}

const DEFAULT_ATTEMPT_MS = 40_000;

/** The name under which the installation's own server is spoken of. */
const OWN_SERVER = 'SMTP_URL';

/** Sends by the server that the mail's sender names, one pool of connections each, signed where the sender says so. */
export function createMailTransport(options: MailTransportOptions): MailTransport {
  const { connections, servers = {}, dkimKeys = noDkimKeys, attemptMs = DEFAULT_ATTEMPT_MS } = options;
  const urls = new Map([[OWN_SERVER, options.smtpUrl], ...Object.entries(servers)]);
  const pools = new Map<string, SmtpPool>();

  function poolOf(server: string): SmtpPool | null {
    const url = urls.get(server);
    if (url === undefined) return null;
    const pool = pools.get(server) ?? openSmtpPool({ url, connections, attemptMs });
    pools.set(server, pool);
    return pool;
  }

  async function signingKey(dkim: DkimIdentity | undefined): Promise<SigningKey | null | SendResult> {
    if (dkim === undefined) return null;
    const name = `${dkim.domain}.${dkim.selector}`;
    const found = await dkimKeys.find(dkim);
    switch (found.kind) {
      case 'key':
        return { ...dkim, privateKey: found.pem };
      // Never unsigned by accident: receivers that know the sender as signing would take it for a forgery.
      case 'missing':
        return notHandedOver('dkim-key-missing', name);
      case 'unusable':
        return notHandedOver('dkim-key-unusable', `${name} ${found.problem}`);
    }
  }

  return {
    async send(mail) {
      if (!isAllowed(mail.envelope.to, options.mailOnlyTo))
        return {
          kind: 'refused',
          reason: 'not-in-allow-list',
          code: null,
          reply: '',
          detail: null,
          cause: null,
          status: null,
        };
      const server = mail.dispatch?.server ?? OWN_SERVER;
      const pool = poolOf(server);
      if (pool === null) return notHandedOver('server-not-configured', server);
      const key = await signingKey(mail.dispatch?.dkim);
      if (key !== null && 'kind' in key) return key;
      return resultOf(await pool.send(mail, key), server);
    },
    close() {
      for (const pool of pools.values()) pool.close();
    },
  };
}

function notHandedOver(reason: NotHandedOver, detail: string): SendResult {
  return { kind: 'deferred', reason, code: null, reply: '', detail, cause: null, status: null };
}

function resultOf(outcome: SmtpOutcome, server: string): SendResult {
  switch (outcome.kind) {
    case 'taken':
      return { kind: 'accepted', providerId: outcome.providerId, reply: outcome.reply };
    case 'unknown':
      return { kind: 'unknown', reason: 'no-smtp-answer', reply: outcome.reply };
    case 'unfit':
      return {
        kind: 'refused',
        reason: 'smtp-refused',
        code: null,
        detail: null,
        cause: null,
        status: null,
        reply: outcome.reply,
      };
    case 'unreachable': {
      const { code, reply } = outcome;
      return { kind: 'deferred', reason: 'smtp-unreachable', code, reply, detail: server, cause: null, status: null };
    }
    case 'refused': {
      const { code, reply, at } = outcome;
      const { state, reason, cause, status, why } = refusalOf(classifyReply({ code, reply }), at);
      if (state === 'refused') return { kind: state, reason: 'smtp-refused', code, reply, detail: why, cause, status };
      return { kind: state, reason, code, reply, detail: reason === 'smtp-unreachable' ? server : why, cause, status };
    }
  }
}

function isAllowed(address: string, mailOnlyTo: readonly string[] | undefined): boolean {
  if (mailOnlyTo === undefined) return true;
  const lower = address.toLowerCase();
  return mailOnlyTo.some((entry) => (entry.startsWith('@') ? lower.endsWith(entry) : lower === entry));
}
