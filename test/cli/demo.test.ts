import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { type ApiClient, apiClient } from '../../cli/api-client.ts';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { playTanja } from '../../cli/demo/tanja.ts';
import { SHIPPED } from '../../cli/push.ts';
import { pushDefinitions } from '../../cli/push-definitions.ts';
import { createLog } from '../../config/log.ts';
import { type RunningMailbox, startMailbox } from '../../embedded/mailbox/mailbox.ts';
import { createMailTransport } from '../../mail/transport.ts';
import { systemClock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type RunningWorker, startWorker } from '../../worker/worker.ts';
import { type RunningApi, SECRET_KEY, SIGNING_SECRET, startApi, WRITE_KEY } from '../api/running-api.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNamespace, quietTemporal } from '../support/engine.ts';

let folder: string;
let database: Database;
let running: RunningApi;
let worker: RunningWorker;
let mailbox: RunningMailbox;
let api: ApiClient;

// What a first start brings up, with what it loads.
beforeAll(async () => {
  quietTemporal();
  folder = await mkdtemp(path.join(tmpdir(), 'tend-demo-'));
  const temporalAddress = inject('temporalAddress');
  database = await createTestDatabase();
  mailbox = await startMailbox({ folder, host: '127.0.0.1', smtpPort: 0, webPort: 0 });
  running = await startApi(database, systemClock);
  worker = await startWorker({
    database,
    clock: systemClock,
    transport: createMailTransport({ smtpUrl: `smtp://127.0.0.1:${mailbox.smtpPort}`, connections: 2 }),
    log: createLog('silent', 'test'),
    temporalAddress,
    temporalNamespace: await createNamespace(temporalAddress),
    compose: { publicUrl: running.url, signingSecret: SIGNING_SECRET, from: 'Federkiel <hallo@federkiel.example>' },
    messageIdDomain: 'federkiel.example',
    leaseMs: 60_000,
    handoffAcceptMs: 86_400_000,
    sweepMs: 1_000,
    smtpConnections: 2,
  });
  api = apiClient(running.url, { writeKey: WRITE_KEY, secretKey: SECRET_KEY }, `http://127.0.0.1:${mailbox.webPort}`);
  await pushDefinitions(api, await readDefinitionFiles(SHIPPED));
});
afterAll(async () => {
  await worker.stop();
  await running.stop();
  await mailbox.stop();
  await database.close();
  await rm(folder, { recursive: true });
});

it('the demo plays to its end with what is shipped, for several at a time', { timeout: 120_000 }, async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  await Promise.all([playTanja(api), playTanja(api)]);
  vi.restoreAllMocks();
  const told = lines.filter((line) => line.includes('“painting-supplies” for prospects is superseded'));
  expect(told).toHaveLength(2);
});
