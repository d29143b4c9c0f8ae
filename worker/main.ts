import { Runtime } from '@temporalio/worker';
import { announceReady, exitWithParent } from '../config/exit-with-parent.ts';
import { createLog } from '../config/log.ts';
import { readServiceSettings } from '../config/service-settings.ts';
import { OTHER_HASH_KEY, SettingsError } from '../config/settings.ts';
import { attemptLimitMs } from '../domain/sending/lease.ts';
import { dkimKeysIn } from '../mail/dkim.ts';
import { createMailTransport } from '../mail/transport.ts';
import { isKnownHashKey } from '../store/check-hash-key.ts';
import { systemClock } from '../store/clock.ts';
import { openDatabase } from '../store/database.ts';
import { temporalLogger } from './temporal-logger.ts';
import { startWorker } from './worker.ts';

/** The worker process. Any number of them share the work. */
async function main(): Promise<void> {
  const settings = readServiceSettings();
  const log = createLog(settings.logLevel, 'worker');
  Runtime.install({ logger: temporalLogger(log) });
  const database = openDatabase({
    url: settings.databaseUrl,
    poolSize: settings.databasePoolSize,
    hashKey: settings.hashKey,
  });
  if (!(await isKnownHashKey(database))) throw new SettingsError([OTHER_HASH_KEY]);
  const leaseMs = settings.claimLeaseSeconds * 1_000;
  const worker = await startWorker({
    database,
    clock: systemClock,
    log,
    transport: createMailTransport({
      smtpUrl: settings.smtpUrl,
      servers: settings.smtpServers,
      dkimKeys: dkimKeysIn(settings.dkimKeys),
      connections: settings.smtpConnections,
      mailOnlyTo: settings.mailOnlyTo,
      attemptMs: attemptLimitMs(leaseMs),
    }),
    temporalAddress: settings.temporalAddress,
    temporalNamespace: settings.temporalNamespace,
    compose: { publicUrl: settings.publicUrl, signingSecret: settings.signingSecret, from: settings.mailFrom },
    messageIdDomain: /@([^>\s]+)/.exec(settings.mailFrom)?.[1] ?? 'localhost',
    leaseMs,
    handoffAcceptMs: settings.handoffAcceptSeconds * 1_000,
    sweepMs: settings.sweepSeconds * 1_000,
    smtpConnections: settings.smtpConnections,
    webhookAllowPrivate: settings.webhookAllowPrivate,
    inbound: { host: settings.host, smtpPort: settings.inboundSmtpPort, imapUrl: settings.inboundImap },
  });
  exitWithParent(async () => {
    await worker.stop();
    await database.close();
  });
  announceReady();
  log.info('worker ready');
  await worker.ended;
}

main().catch((error: unknown) => {
  // Settings are the operator's: one clear line. Anything else is ours, with its stack.
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
});
