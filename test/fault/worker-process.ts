import path from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { type Child, type ChildSpec, spawnChild } from '../../embedded/child.ts';
import { TEST_HASH_KEY } from '../support/database.ts';

/** What one worker process is told. */
export interface WorkerSurroundings {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly smtpUrl: string;
  /** Seconds. The least that the settings allow is 5. */
  readonly leaseSeconds?: number;
  readonly logFile: string;
}

/** A real worker process, as `tend start` runs it. It ends with this process: its IPC channel closes then. */
export function startWorkerProcess(surroundings: WorkerSurroundings): Promise<Child> {
  const { databaseUrl, temporalAddress, temporalNamespace, smtpUrl, leaseSeconds = 5, logFile } = surroundings;
  const spec: ChildSpec = {
    name: 'worker',
    stopSignal: 'SIGTERM',
    readyWithinMs: 60_000,
    ready: 'announced',
    launch: async () => ({
      command: process.execPath,
      args: ['--enable-source-maps', path.join(packageRoot, 'dist', 'worker', 'main.js')],
      third: 'ipc',
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        DATABASE_URL: databaseUrl,
        TEMPORAL_ADDRESS: temporalAddress,
        TEMPORAL_NAMESPACE: temporalNamespace,
        SMTP_URL: smtpUrl,
        TEND_SIGNING_SECRET: 'a-secret-of-tests-only-long-enough',
        TEND_HASH_KEY: TEST_HASH_KEY,
        TEND_MAIL_FROM: 'Shop <shop@shop.example>',
        TEND_CLAIM_LEASE_SECONDS: String(leaseSeconds),
        TEND_SWEEP_SECONDS: '1',
        TEND_LOG_LEVEL: 'warn',
      },
    }),
  };
  return spawnChild(spec, logFile);
}
