import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createLog } from '../../config/log.ts';
import { createMailTransport } from '../../mail/transport.ts';
import { type Clock, systemClock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { startWorker } from '../../worker/worker.ts';
import { createTestDatabase } from './database.ts';
import { startMailbox, type TestMailbox } from './mailbox.ts';

let installed = false;

/** Tests' workers log nothing but what is wrong. */
export function quietTemporal(): void {
  if (installed) return;
  installed = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}

/** A namespace of one test file's own on the shared server. */
export async function createNamespace(address: string): Promise<string> {
  const connection = await Connection.connect({ address });
  const namespace = `test-${randomBytes(5).toString('hex')}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  });
  const client = new Client({ connection, namespace });
  // The server's services learn of it one after the other.
  for (let tries = 0; ; tries += 1) {
    try {
      await client.workflow.count();
      await client.workflow
        .getHandle('none')
        .describe()
        .catch((error: Error) => {
          if (error.name !== 'WorkflowNotFoundError') throw error;
        });
      break;
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  await connection.close();
  return namespace;
}

export interface TestEngine {
  readonly database: Database;
  readonly mailbox: TestMailbox;
  readonly client: Client;
  readonly namespace: string;
  stop(): Promise<void>;
}

export const TEST_SECRET = 'a secret of tests only';

/** Database, mailbox and a running worker on a real Temporal server: everything but the API. */
export async function startEngine(
  options: {
    readonly clock?: Clock;
    readonly leaseMs?: number;
    readonly handoffAcceptMs?: number;
    readonly sweepMs?: number;
  } = {},
): Promise<TestEngine> {
  quietTemporal();
  const temporalAddress = inject('temporalAddress');
  const [database, mailbox, namespace] = await Promise.all([
    createTestDatabase(),
    startMailbox(),
    createNamespace(temporalAddress),
  ]);
  const worker = await startWorker({
    database,
    clock: options.clock ?? systemClock,
    transport: createMailTransport({ smtpUrl: mailbox.url, connections: 2 }),
    log: createLog('silent', 'test'),
    temporalAddress,
    temporalNamespace: namespace,
    compose: { publicUrl: 'http://127.0.0.1:8080', signingSecret: TEST_SECRET, from: 'Shop <shop@shop.example>' },
    messageIdDomain: 'shop.example',
    leaseMs: options.leaseMs ?? 60_000,
    handoffAcceptMs: options.handoffAcceptMs ?? 86_400_000,
    sweepMs: options.sweepMs ?? 1_000,
    smtpConnections: 2,
  });
  const connection = await Connection.connect({ address: temporalAddress });
  return {
    database,
    mailbox,
    namespace,
    client: new Client({ connection, namespace }),
    async stop() {
      await worker.stop();
      await connection.close();
      await mailbox.close();
      await database.close();
    },
  };
}

/** Waits until `condition` gives something, at most `limitMs`; says what was waited for when it does not come. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | undefined | false | null>,
  limitMs = 20_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false && value !== null) return value;
    if (Date.now() > until) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
