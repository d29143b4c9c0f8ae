import { homedir } from 'node:os';
import { resolve } from 'node:path';
import {
  baseUrl,
  host,
  hostAndPort,
  listOf,
  mailbox,
  namedUrls,
  networks,
  oneOf,
  port,
  recipients,
  type Setting,
  secret,
  someOf,
  text,
  url,
  wholeNumber,
  yesNo,
} from './setting-kinds.ts';

/** Every setting there is. `docs/configuration.md` is written from this table, and a test keeps them equal. */
export const settingTable = {
  home: text('TEND_HOME', '.tend', {
    group: 'place',
    doc: 'Folder with everything this installation keeps: database, mailbox, logs, secrets.',
  }),
  cacheDir: text('TEND_CACHE_DIR', '', {
    group: 'place',
    whenUnset: '`$XDG_CACHE_HOME/tend`, or `~/.cache/tend`',
    doc: 'Folder for what is the same for all installations of a user: the Temporal server program.',
  }),
  logLevel: oneOf('TEND_LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info', {
    group: 'place',
    doc: 'How much worker and API write to their logs.',
  }),

  host: host('TEND_HOST', '127.0.0.1', {
    group: 'addresses',
    doc: 'What API, mailbox and Temporal server listen on; mailbox and Temporal ask for no password, so open them to trusted networks only. The embedded PostgreSQL always stays on loopback.',
  }),
  apiPort: port('TEND_API_PORT', 8080, { group: 'addresses', doc: 'Port of the API.' }),
  trustedProxies: networks('TEND_TRUSTED_PROXIES', ['loopback'], {
    group: 'addresses',
    whenUnset: '`loopback`',
    doc: 'Reverse proxies in front of the API. Where a request came from is part of the evidence of a consent, and what `X-Forwarded-For` says of it counts when one of these says it.',
  }),
  publicUrl: baseUrl('PUBLIC_URL', {
    group: 'addresses',
    whenUnset: '`http://127.0.0.1:<TEND_API_PORT>`',
    doc: 'Address under which the world reaches the API; links in mails point there.',
  }),

  databaseUrl: url('DATABASE_URL', ['postgres', 'postgresql'], undefined, {
    group: 'database',
    secret: true,
    whenUnset: 'embedded PostgreSQL',
    doc: 'PostgreSQL (15 or newer) to use instead of the embedded one.',
  }),
  postgresPort: port('TEND_POSTGRES_PORT', 5433, { group: 'database', doc: 'Port of the embedded PostgreSQL.' }),
  databasePoolSize: wholeNumber(
    'TEND_DATABASE_POOL',
    10,
    { min: 2, max: 500 },
    {
      group: 'database',
      unit: 'connections',
      doc: 'Connections to PostgreSQL that one process (worker, API) may hold.',
    },
  ),

  temporalAddress: hostAndPort('TEMPORAL_ADDRESS', {
    group: 'temporal',
    whenUnset: 'embedded development server',
    doc: 'Temporal frontend to use instead of the embedded server.',
  }),
  temporalNamespace: text('TEMPORAL_NAMESPACE', 'default', {
    group: 'temporal',
    doc: 'Temporal namespace of this installation.',
  }),
  temporalPort: port('TEND_TEMPORAL_PORT', 7233, { group: 'temporal', doc: 'Port of the embedded Temporal server.' }),
  temporalUiPort: port('TEND_TEMPORAL_UI_PORT', 8233, {
    group: 'temporal',
    doc: "Port of the embedded Temporal server's web page.",
  }),
  temporalBinary: text('TEND_TEMPORAL_BINARY', undefined, {
    group: 'temporal',
    whenUnset: '`temporal` on `PATH`, else the one in the cache folder, else built with Go',
    doc: 'Path of the `temporal` program that serves as embedded server.',
  }),

  smtpUrl: url('SMTP_URL', ['smtp', 'smtps'], undefined, {
    group: 'mail',
    secret: true,
    whenUnset: 'local mailbox',
    doc: 'SMTP server to send through instead of the local mailbox; refused while `PUBLIC_URL` is loopback.',
  }),
  smtpServers: namedUrls('TEND_SMTP_SERVERS', ['smtp', 'smtps'], {
    group: 'mail',
    secret: true,
    whenUnset: 'none',
    doc: 'Further SMTP servers, each under the name by which senders choose it (`server` of a sender, docs/deliverability.md): `shop=smtps://user:password@mail.example.com b2b=smtp://…`.',
  }),
  dkimKeys: text('TEND_DKIM_KEYS', '', {
    group: 'mail',
    whenUnset: '`<TEND_HOME>/dkim`',
    doc: 'Folder of the private keys that sign mail, one file `<domain>.<selector>.pem` each; `tend dkim create` makes them.',
  }),
  smtpPort: port('TEND_SMTP_PORT', 1025, { group: 'mail', doc: 'Port on which the local mailbox takes mail by SMTP.' }),
  mailboxPort: port('TEND_MAILBOX_PORT', 8025, { group: 'mail', doc: "Port of the local mailbox's web page." }),
  mailFrom: mailbox('TEND_MAIL_FROM', 'Tend <tend@localhost>', {
    group: 'mail',
    doc: 'Sender of mail whose templates name no sender, as long as no sender `default` is published.',
  }),
  mailOnlyTo: recipients('TEND_MAIL_ONLY_TO', {
    group: 'mail',
    whenUnset: 'everybody',
    doc: 'Allow-list for trials: mail to anybody else is withheld, with that reason on record.',
  }),
  inboundSmtpPort: wholeNumber(
    'TEND_INBOUND_SMTP_PORT',
    0,
    { min: 0, max: 65535 },
    {
      group: 'mail',
      whenUnset: '0: off',
      doc: 'Port on which workers take reports, complaints and replies by SMTP (docs/inbound.md), on `TEND_HOST`.',
    },
  ),
  inboundImap: url('TEND_INBOUND_IMAP', ['imap', 'imaps'], undefined, {
    group: 'mail',
    secret: true,
    whenUnset: 'off',
    doc: 'Mailbox from which workers take reports, complaints and replies: `imaps://user:password@host/INBOX`. It is for this alone: everything in the folder is taken, and moved to the folder `Tend`.',
  }),
  sesTopics: listOf(
    'TEND_SES_TOPICS',
    {
      kind: 'ARNs of SNS topics, comma-separated',
      pattern: /^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?$/,
      example: 'arn:aws:sns:eu-central-1:123456789012:mail-events',
    },
    {
      group: 'mail',
      whenUnset: 'none',
      doc: 'Topics by which Amazon SES tells of bounces and complaints, at `POST /hooks/ses`; no other is believed.',
    },
  ),
  smtpConnections: wholeNumber(
    'TEND_SMTP_CONNECTIONS',
    5,
    { min: 1, max: 100 },
    { group: 'mail', unit: 'connections', doc: 'SMTP connections a worker holds at once.' },
  ),

  claimLeaseSeconds: wholeNumber(
    'TEND_CLAIM_LEASE_SECONDS',
    60,
    { min: 5, max: 3600 },
    {
      group: 'pace',
      unit: 'seconds',
      doc: 'How long a claimed mail may wait for its SMTP result before its state becomes `unknown`.',
    },
  ),
  sweepSeconds: wholeNumber(
    'TEND_SWEEP_SECONDS',
    5,
    { min: 1, max: 3600 },
    { group: 'pace', unit: 'seconds', doc: 'How often a worker looks for leads and handoffs that are overdue.' },
  ),
  ingestFlushMs: wholeNumber(
    'TEND_INGEST_FLUSH_MS',
    3,
    { min: 0, max: 1000 },
    {
      group: 'pace',
      unit: 'milliseconds',
      doc: 'How long the API gathers interactions before it writes them in one statement; requests wait as long.',
    },
  ),
  optInsPerHour: wholeNumber(
    'TEND_OPT_INS_PER_HOUR',
    60,
    { min: 1, max: 1_000_000 },
    {
      group: 'pace',
      unit: 'sign-ups',
      doc: 'Sign-ups an hour that browsers behind one address may make with a write key. Behind a proxy set `TEND_TRUSTED_PROXIES`, or all visitors are one address.',
    },
  ),
  handoffAcceptSeconds: wholeNumber(
    'TEND_HANDOFF_ACCEPT_SECONDS',
    86_400,
    { min: 1, max: 31_536_000 },
    { group: 'pace', unit: 'seconds', doc: 'How long a sales person has to accept a lead before it goes to the next.' },
  ),

  modelApprovals: someOf('TEND_MODEL_APPROVALS', ['marketing', 'sales'], {
    group: 'models',
    whenUnset: 'nobody',
    doc: 'Who must approve a version of a scoring model before it can be published.',
  }),

  webhookAllowPrivate: yesNo('TEND_WEBHOOK_ALLOW_PRIVATE', false, {
    group: 'webhooks',
    doc: 'Lets webhooks go to this machine and to private networks, to which they are refused otherwise.',
  }),

  signingSecret: secret('TEND_SIGNING_SECRET', {
    group: 'secrets',
    whenUnset: 'generated at first start',
    doc: 'Signs the links in mails; who changes it makes the links in mails already sent invalid.',
  }),
  hashKey: secret('TEND_HASH_KEY', {
    group: 'secrets',
    whenUnset: 'generated at first start',
    doc: 'Key of the hashes by which suppressed and erased addresses are known. Never change it, and keep it apart from the database: with another key, people who must not be written to are not recognised.',
  }),
  writeKey: secret('TEND_WRITE_KEY', {
    group: 'secrets',
    whenUnset: 'generated at first start',
    doc: 'First write key (for websites, `/v1`).',
  }),
  secretKey: secret('TEND_SECRET_KEY', {
    group: 'secrets',
    whenUnset: 'generated at first start',
    doc: 'First secret key (for servers, `/api`).',
  }),
};

type Table = typeof settingTable;
type Value<S> = S extends Setting<infer T> ? T : never;

/** All settings of an installation, validated. Units stand in the names, or in `setting-table.ts`. */
export type Settings = { readonly [Key in keyof Table]: Value<Table[Key]> };

/** The rows, for code that goes through all of them. */
export const settingRows = Object.entries(settingTable) as readonly [keyof Settings, Setting<unknown>][];

/** Defaults that depend on other settings or on the machine. */
export function completeSettings(given: Settings, env: NodeJS.ProcessEnv): Settings {
  const cacheHome = env.XDG_CACHE_HOME || resolve(homedir(), '.cache');
  return {
    ...given,
    home: resolve(given.home),
    cacheDir: resolve(given.cacheDir || resolve(cacheHome, 'tend')),
    dkimKeys: resolve(given.dkimKeys || resolve(given.home, 'dkim')),
    publicUrl: given.publicUrl || `http://127.0.0.1:${given.apiPort}`,
  };
}
