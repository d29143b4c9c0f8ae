import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { SMTPServer } from 'smtp-server';
import { newKey } from '../config/secrets.ts';
import { readSettings } from '../config/settings.ts';
import { type ChildSpec, spawnChild } from '../embedded/child.ts';
import { logFileOf } from '../embedded/log-file.ts';
import { nodeProgramSpec } from '../embedded/node-program.ts';
import { freePort } from '../embedded/ports.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { startTemporal } from '../embedded/temporal.ts';
import { findTemporalBinary } from '../embedded/temporal-binary.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { type BareWorker, startBareWorker } from './bare-run.ts';
import { foundCompany } from './company.ts';
import type { Website } from './segment.ts';

/** One installation as in production, each part a process of its own, and the bare worker beside it. */
export interface Stack {
  /** For set-up, looking and verifying; the worker and the API have pools of their own. */
  readonly database: Database;
  readonly client: Client;
  readonly website: Website;
  readonly bare: BareWorker;
  /** By name, for counting their CPU time. */
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts everything on free ports with its data in a temporary folder; `stop` leaves nothing behind. */
export async function startStack(): Promise<Stack> {
  const home = await mkdtemp(path.join(tmpdir(), 'tend-bench-'));
  const stops: (() => Promise<void>)[] = [() => rm(home, { recursive: true, force: true })];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      for (let last = stops.pop(); last !== undefined; last = stops.pop()) await last();
    })();
    return stopping;
  };
  /** PostgreSQL and Temporal would go on without this process. */
  const interrupted = () => void stop().finally(() => process.exit(1));
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    return { ...(await startParts(home, (each) => stops.push(each))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(home: string, onStop: (stop: () => Promise<void>) => void): Promise<Omit<Stack, 'stop'>> {
  const binary = await findTemporalBinary(readSettings(), (text) => console.log(text));
  // Durable, with the settings of `tend start`: what is committed is on disk.
  const postgres = await startPostgres({ home, port: await freePort(), password: randomBytes(16).toString('hex') });
  onStop(() => postgres.stop());
  const temporal = await startTemporal({ home, binary, port: await freePort() });
  onStop(() => temporal.stop());
  await migrate(postgres.url);

  const database = openDatabase({ url: withoutSeqScans(postgres.url), hashKey: 'of-benchmarks-only', poolSize: 4 });
  onStop(() => database.close());
  await foundCompany(database, Date.now());
  const smtpUrl = await startMailSink(onStop);
  const writeKey = newKey('write');
  const apiPort = await freePort();
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SMTP_URL: smtpUrl,
    TEND_HOME: home,
    TEND_HOST: '127.0.0.1',
    TEND_API_PORT: String(apiPort),
    TEND_LOG_LEVEL: 'warn',
    TEND_SIGNING_SECRET: randomBytes(32).toString('hex'),
    TEND_HASH_KEY: 'of-benchmarks-only',
    TEND_WRITE_KEY: writeKey,
    TEND_SECRET_KEY: newKey('secret'),
  };
  const worker = await startProgram(nodeProgramSpec({ name: 'worker', file: 'worker/main.js', env }), home, onStop);
  const api = await startProgram(nodeProgramSpec({ name: 'api', file: 'api/main.js', env }), home, onStop);
  const bare = await startBareWorker(temporal.address);
  onStop(() => bare.stop());
  const connection = await Connection.connect({ address: temporal.address });
  onStop(() => connection.close());
  return {
    database,
    client: new Client({ connection, namespace: temporal.namespace }),
    website: { apiUrl, writeKey },
    bare,
    pids: {
      temporal: temporal.pid,
      postgres: postgres.pid,
      worker: worker.pid,
      api: api.pid,
      bare: bare.pid,
      load: process.pid,
    },
  };
}

async function startProgram(spec: ChildSpec, home: string, onStop: (stop: () => Promise<void>) => void) {
  const child = await spawnChild(spec, logFileOf(home, spec.name));
  onStop(() => child.stop());
  await child.ready;
  return child;
}

/** Takes every mail and forgets it. */
async function startMailSink(onStop: (stop: () => Promise<void>) => void): Promise<string> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, _session, callback) {
      stream.resume();
      stream.on('end', () => callback());
    },
  });
  server.on('error', () => {});
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onStop(() => new Promise((resolve) => server.close(() => resolve())));
  return `smtp://127.0.0.1:${port}`;
}

/** The looks of a measurement come every few milliseconds and must cost an index access each, whatever the planner thinks. */
function withoutSeqScans(url: string): string {
  return `${url}?options=${encodeURIComponent('-c enable_seqscan=off')}`;
}
