import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { readSettings } from '../config/settings.ts';
import type { Child } from '../embedded/child.ts';
import { spawnChild } from '../embedded/child.ts';
import { logFileOf } from '../embedded/log-file.ts';
import { nodeProgramSpec } from '../embedded/node-program.ts';
import { freePort } from '../embedded/ports.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { startTemporal } from '../embedded/temporal.ts';
import { findTemporalBinary } from '../embedded/temporal-binary.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { ingestInteractions } from '../store/ingest-interactions.ts';
import { migrate } from '../store/migrate.ts';
import { newId } from '../store/new-id.ts';
import { at, sql } from '../store/sql.ts';
import type { bareMail } from './bare-mail-workflow.ts';
import { BARE_MAIL_QUEUE } from './bare-names.ts';
import { foundMailCompany, SIGNED_UP } from './mail-company.ts';
import type { MailsTaken } from './mail-sink.ts';
import { machine, wholeNumber, writeFigures } from './report-file.ts';
import { instantNow, median } from './statistics.ts';

// `npm run bench:mail`: mails/s of journeys through the whole path (event, score, plan, gate, claim, compose, SMTP, result)
// beside nodemailer's pool alone and a bare Temporal activity that sends; same sink, same run, in turn.
const MAILS = wholeNumber('TEND_BENCH_MAILS', 600);
const ROUNDS = wholeNumber('TEND_BENCH_RUNS', 3);
const CONNECTIONS = [5, 20];
/** Calls to Temporal under way at once (docs/benchmarks.md). */
const STARTERS = 40;

type OnStop = (stop: () => Promise<unknown>) => void;

interface Rates {
  readonly pool: number;
  readonly bare: number;
  readonly tend: number;
}

async function main(): Promise<void> {
  const { cores, cpu, node } = machine();
  console.log(`${MAILS} mails a turn, ${ROUNDS} rounds on ${cores} cores (${cpu}), Node ${node}`);
  const figures: { connections: number; rounds: Rates[] }[] = [];
  for (const connections of CONNECTIONS) figures.push({ connections, rounds: await measure(connections) });
  for (const { connections, rounds } of figures) {
    const of = (what: keyof Rates) => median(rounds.map((rates) => rates[what]));
    const ratio = (to: 'pool' | 'bare') => median(rounds.map((rates) => rates.tend / rates[to]));
    console.log(
      `${connections} connections: pool ${of('pool').toFixed(0)}/s, bare activity ${of('bare').toFixed(0)}/s, Tend ${of('tend').toFixed(0)}/s; Tend ÷ pool ${ratio('pool').toFixed(2)}, Tend ÷ bare ${ratio('bare').toFixed(2)} (median of ${rounds.length})`,
    );
  }
  console.log(`All figures: ${writeFigures('mail', { mails: MAILS, figures })}`);
}

/** All rounds with so many SMTP connections, on servers of their own. */
async function measure(connections: number): Promise<Rates[]> {
  const home = await mkdtemp(path.join(tmpdir(), 'tend-bench-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const stopAll = async () => {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
  };
  const interrupted = () => void stopAll().finally(() => process.exit(1));
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    const parts = await startParts(home, connections, (stop) => stops.push(stop));
    const rounds: Rates[] = [];
    await turn(parts, 'pool', 100);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const rates = {
        pool: await turn(parts, 'pool'),
        bare: await turn(parts, 'bare'),
        tend: await turn(parts, 'tend'),
      };
      console.log(
        `  ${connections} connections, round ${round}: pool ${rates.pool.toFixed(0)}/s, bare ${rates.bare.toFixed(0)}/s, Tend ${rates.tend.toFixed(0)}/s`,
      );
      rounds.push(rates);
    }
    return rounds;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await stopAll();
  }
}

interface Parts {
  readonly database: Database;
  readonly client: Client;
  readonly sink: ChildProcess;
  readonly sender: ChildProcess;
}

async function startParts(home: string, connections: number, onStop: OnStop): Promise<Parts> {
  const binary = await findTemporalBinary(readSettings(), (text) => console.log(text));
  const postgres = await startPostgres({ home, port: await freePort(), password: randomBytes(16).toString('hex') });
  onStop(() => postgres.stop());
  const temporal = await startTemporal({ home, binary, port: await freePort() });
  onStop(() => temporal.stop());
  await migrate(postgres.url);
  const database = openDatabase({ url: postgres.url, hashKey: 'of-benchmarks-only', poolSize: 4 });
  onStop(() => database.close());
  await foundMailCompany(database, Date.now());
  const port = await freePort();
  const smtpUrl = `smtp://127.0.0.1:${port}`;
  const sink = await startScript('mail-sink.js', [String(port)], onStop);
  const sender = await startScript('mail-sender.js', [temporal.address, smtpUrl, String(connections)], onStop);
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SMTP_URL: smtpUrl,
    TEND_SMTP_CONNECTIONS: String(connections),
    TEND_HOME: home,
    TEND_LOG_LEVEL: 'warn',
    TEND_SIGNING_SECRET: randomBytes(32).toString('hex'),
    TEND_HASH_KEY: 'of-benchmarks-only',
  };
  const spec = nodeProgramSpec({ name: 'worker', file: 'worker/main.js', env });
  const worker: Child = await spawnChild(spec, logFileOf(home, spec.name));
  onStop(() => worker.stop());
  await worker.ready;
  const connection = await Connection.connect({ address: temporal.address });
  onStop(() => connection.close());
  return { database, client: new Client({ connection, namespace: temporal.namespace }), sink, sender };
}

async function startScript(file: string, args: readonly string[], onStop: OnStop): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, file), args);
  onStop(async () => {
    if (child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  await once(child, 'message');
  return child;
}

/** Mails per second from the first call to the last mail taken. */
async function turn(parts: Parts, who: keyof Rates, mails = MAILS): Promise<number> {
  const { sink, sender } = parts;
  // What Tend needs before anything happens is made before the clock runs.
  const leads = who === 'tend' ? await addReaders(parts.database, mails) : [];
  sink.send({ expect: mails });
  const taken = once(sink, 'message') as Promise<[MailsTaken]>;
  const began = instantNow();
  if (who === 'pool') sender.send({ send: mails });
  else if (who === 'bare') await startBare(parts.client, mails);
  else await signUp(parts.database, leads);
  const [{ last }] = await taken;
  if (who === 'tend') await allRecorded(parts.database);
  return (1_000 * mails) / (last - began);
}

async function startBare(client: Client, mails: number): Promise<void> {
  let left = mails;
  const starter = async () => {
    while (left > 0) {
      left -= 1;
      const options = { workflowId: `bare-mail-${newId()}`, taskQueue: BARE_MAIL_QUEUE };
      await client.workflow.start<typeof bareMail>('bareMail', { ...options, args: [] });
    }
  };
  await Promise.all(Array.from({ length: STARTERS }, starter));
}

interface Reader {
  readonly id: string;
  readonly email: string;
}

async function addReaders(database: Database, count: number): Promise<Reader[]> {
  const now = at(Date.now());
  const readers = Array.from({ length: count }, () => newId()).map((id) => ({ id, email: `${id}@people.example` }));
  const ids = readers.map(({ id }) => id);
  await database.query(
    sql`INSERT INTO lead (id, created_at) SELECT *, ${now}::timestamptz FROM unnest(${ids}::uuid[])`,
  );
  await database.query(sql`
    INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
    SELECT 'email', email, id, ${now}::timestamptz, ${now}::timestamptz
    FROM unnest(${ids}::uuid[], ${readers.map(({ email }) => email)}::text[]) AS new(id, email)`);
  await database.query(sql`
    INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
    SELECT id, 'email', purpose, 'granted', 'api', 'bench', ${now}::timestamptz
    FROM unnest(${ids}::uuid[]) AS new(id), unnest(ARRAY['newsletter', 'tracking']) AS purpose`);
  await database.query(sql`ANALYZE`);
  return readers;
}

async function signUp(database: Database, readers: readonly Reader[]): Promise<void> {
  const now = Date.now();
  await ingestInteractions(
    database,
    readers.map(({ email }) => ({
      source: 'website',
      messageId: newId(),
      identity: { kind: 'email', value: email },
      kind: 'track',
      name: SIGNED_UP,
      properties: {},
      context: null,
      occurredAt: now,
      receivedAt: now,
      claimedAt: null,
    })),
  );
}

/** The next turn must not find this one's work. */
async function allRecorded(database: Database): Promise<void> {
  for (;;) {
    const open = await database.query(
      sql`SELECT FROM message WHERE state <> 'accepted' UNION ALL SELECT FROM lead WHERE attention_rev <> planned_rev LIMIT 1`,
    );
    if (open.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

await main();
process.exit(0);
