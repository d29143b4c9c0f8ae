import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { announceReady, exitWithParent } from '../config/exit-with-parent.ts';
import { createLog } from '../config/log.ts';
import { readServiceSettings } from '../config/service-settings.ts';
import { OTHER_HASH_KEY, SettingsError } from '../config/settings.ts';
import { system } from '../domain/actor.ts';
import { dkimKeysIn } from '../mail/dkim.ts';
import { createMailTransport } from '../mail/transport.ts';
import { createApiKey } from '../store/api-keys.ts';
import { isKnownHashKey } from '../store/check-hash-key.ts';
import { systemClock } from '../store/clock.ts';
import { openDatabase } from '../store/database.ts';
import { createApp } from './app.ts';
import { createIngest } from './ingest.ts';

/** How long requests under way may take once the process is to stop. */
const DRAIN_MS = 10_000;

/** The API process. It keeps no state: any number of them may run beside each other. */
async function main(): Promise<void> {
  const settings = readServiceSettings();
  const log = createLog(settings.logLevel, 'api');
  const database = openDatabase({
    url: settings.databaseUrl,
    poolSize: settings.databasePoolSize,
    hashKey: settings.hashKey,
  });
  if (!(await isKnownHashKey(database))) throw new SettingsError([OTHER_HASH_KEY]);
  const now = systemClock.now();
  for (const [kind, key] of [
    ['write', settings.writeKey],
    ['secret', settings.secretKey],
  ] as const) {
    if (key !== undefined)
      await createApiKey(database, { kind, name: kind === 'write' ? 'website' : 'company', key, actor: system, now });
  }
  const ingest = createIngest({ database, flushMs: settings.ingestFlushMs });
  const transport = createMailTransport({
    smtpUrl: settings.smtpUrl,
    servers: settings.smtpServers,
    dkimKeys: dkimKeysIn(settings.dkimKeys),
    connections: 1,
    mailOnlyTo: settings.mailOnlyTo,
  });
  const compose = { publicUrl: settings.publicUrl, signingSecret: settings.signingSecret, from: settings.mailFrom };
  const app = createApp({
    database,
    clock: systemClock,
    ingest,
    signingSecret: settings.signingSecret,
    modelApprovals: settings.modelApprovals,
    optInsPerHour: settings.optInsPerHour,
    testMails: {
      transport,
      compose,
    },
    compose,
    trustedProxies: settings.trustedProxies,
    ses: { topics: settings.sesTopics },
    report: (failure) => log.error(failure, 'a request failed'),
  });
  const server = createServer(app);
  // Slow senders must not hold sockets for ever; a batch of 500 KB has time on any line.
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.apiPort, settings.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log.info({ host: settings.host, port }, 'listening');

  exitWithParent(async () => {
    const drained = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const limit = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    await drained;
    clearTimeout(limit);
    await ingest.close();
    transport.close();
    await database.close();
  });
  announceReady();
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
