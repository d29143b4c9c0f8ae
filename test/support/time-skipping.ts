import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLog } from '../../config/log.ts';
import { readSettings } from '../../config/settings.ts';
import type { Instant } from '../../domain/instant.ts';
import { freePort } from '../../embedded/ports.ts';
import { findOnPath } from '../../embedded/temporal-binary.ts';
import { createMailTransport } from '../../mail/transport.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { startWorker } from '../../worker/worker.ts';
import { createTestDatabase } from './database.ts';
import { quietTemporal, TEST_SECRET } from './engine.ts';
import { startMailbox, type TestMailbox } from './mailbox.ts';

const run = promisify(execFile);

const VERSION = '1.38.0';
/** In the cache, outside the checkout, so that a fresh clone does not fetch it again. */
const folder = path.join(readSettings().cacheDir, 'temporal-test-server', VERSION);

/** The Maven project that names the test server. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tend</groupId><artifactId>test-server</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version></dependency>
  </dependencies>
</project>
`;

/** What this machine lacks for tests that skip time, in words for a test's title; null when they can run. */
export async function timeSkippingLacks(): Promise<string | null> {
  if ((await findOnPath('java')) === undefined) return 'Java';
  if (!existsSync(folder) && (await findOnPath('mvn')) === undefined) return 'Maven';
  return null;
}

/** Fetches the server, once a machine. */
async function fetchTestServer(): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(path.dirname(folder), { recursive: true });
  const workshop = await mkdtemp(path.join(path.dirname(folder), 'fetch-'));
  try {
    await writeFile(path.join(workshop, 'pom.xml'), POM);
    const goal = ['dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'];
    await run('mvn', ['--batch-mode', '--quiet', ...goal], { cwd: workshop, maxBuffer: 10_000_000 });
    // Another process may have been faster; its files are the same.
    await rename(path.join(workshop, 'lib'), folder).catch((error: NodeJS.ErrnoException) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Temporal's own test server, on a free port. It ends when `stop` is called, and with this process. */
async function startTestServer(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  await fetchTestServer();
  const port = await freePort();
  const options = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx512m'];
  // Without --enable-time-skipping: with it, workflows run into their timeouts. The environment below takes care of time.
  const server = spawn(
    'java',
    [...options, '-cp', path.join(folder, '*'), 'io.temporal.testserver.TestServer', String(port)],
    { stdio: 'ignore' },
  );
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  for (let tries = 0; !(await answers(port)); tries += 1) {
    if (tries > 300 || server.exitCode !== null) throw new Error("Temporal's test server does not start");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    async stop() {
      kill();
      await gone;
      process.off('exit', kill);
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.destroy());
    socket.on('error', () => resolve(false));
  });
}

export interface TimeSkippingEngine {
  readonly database: Database;
  readonly mailbox: TestMailbox;
  readonly environment: TestWorkflowEnvironment;
  /** The test server's time. */
  now(): Promise<Instant>;
  /** Lets this much of the server's time pass. Whatever falls due meanwhile happens at its instant. */
  pass(durationMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Database, mailbox and a running worker on a Temporal server whose time jumps to the next thing due. */
export async function startTimeSkippingEngine(options: {
  readonly handoffAcceptMs: number;
}): Promise<TimeSkippingEngine> {
  quietTemporal();
  const [server, database, mailbox] = await Promise.all([startTestServer(), createTestDatabase(), startMailbox()]);
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    // "Starts" /bin/true, and finds the server above on the port that /bin/true was told.
    server: { port: server.port, executable: { type: 'existing-path', path: '/bin/true' } },
  });
  let known = await environment.currentTimeMs();
  const refresh = async () => {
    known = Math.max(known, await environment.currentTimeMs());
    return known;
  };
  // The clock of the parts outside Temporal. What a workflow commands carries the server's own time (`notBefore`); after
  // it, only the result of a mail is dated, and the transport below asks for the time before each.
  const clock: Clock = { now: () => known };
  const transport = createMailTransport({ smtpUrl: mailbox.url, connections: 2 });
  const worker = await startWorker({
    database,
    clock,
    transport: {
      ...transport,
      async send(mail) {
        await refresh();
        return transport.send(mail);
      },
    },
    log: createLog('silent', 'test'),
    temporalAddress: `127.0.0.1:${server.port}`,
    temporalNamespace: 'default',
    compose: { publicUrl: 'http://127.0.0.1:8080', signingSecret: TEST_SECRET, from: 'Shop <shop@shop.example>' },
    messageIdDomain: 'shop.example',
    leaseMs: 60_000,
    handoffAcceptMs: options.handoffAcceptMs,
    sweepMs: 1_000,
    smtpConnections: 2,
  });
  return {
    database,
    mailbox,
    environment,
    now: refresh,
    async pass(durationMs) {
      await environment.sleep(durationMs);
      await refresh();
    },
    async stop() {
      await worker.stop();
      await environment.teardown();
      await server.stop();
      await mailbox.close();
      await database.close();
    },
  };
}
