import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { replayInWords } from '../domain/scoring/replay-in-words.ts';
import { freePort } from '../embedded/ports.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { cancelReplay } from '../store/cancel-replay.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { type Replay, readReplay } from '../store/read-replay.ts';
import { requestReplay } from '../store/request-replay.ts';
import { MODEL_KEY } from './fifty-rules.ts';
import { actor, fill, publishModels } from './replay-fill.ts';
import type { Used } from './replay-process.ts';
import { machine, wholeNumber, writeFigures } from './report-file.ts';
import { instantNow } from './statistics.ts';

// `npm run bench:replay`: a draft over the recorded history of many leads, in a process of its own.
const LEADS = wholeNumber('TEND_BENCH_LEADS', 100_000);
const EVENTS = wholeNumber('TEND_BENCH_EVENTS', 20);
const LOOK_MS = 100;

async function main(): Promise<void> {
  const home = await mkdtemp(path.join(tmpdir(), 'tend-bench-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  try {
    const postgres = await startPostgres({ home, port: await freePort(), password: randomBytes(16).toString('hex') });
    stops.push(() => postgres.stop());
    await migrate(postgres.url);
    const database = openDatabase({ url: postgres.url, hashKey: 'of-benchmarks-only', poolSize: 2 });
    stops.push(() => database.close());
    await measure(database, (stop) => stops.push(stop));
  } finally {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop();
  }
}

async function measure(database: Database, onStop: (stop: () => Promise<unknown>) => void): Promise<void> {
  const now = Date.now();
  const { cores, cpu, node } = machine();
  console.log(`${whole(LEADS)} leads × ${EVENTS} events on ${cores} cores (${cpu}), Node ${node}`);
  await publishModels(database, now);
  const filled = await timed(() =>
    fill(database, LEADS, EVENTS, now, (done) => {
      if (done % 20_000 === 0) console.log(`  stored ${whole(done)} leads`);
    }),
  );
  console.log(`  stored in ${seconds(filled.ms)}`);

  const child = fork(path.join(import.meta.dirname, 'replay-process.js'), [database.url]);
  onStop(() => stopChild(child));
  await once(child, 'message');
  const cancelled = await cancelOne(database);
  const before = await usedBy(child);
  const began = instantNow();
  const replay = await untilEnded(database, await ask(database), true);
  const ms = instantNow() - began;
  const after = await usedBy(child);
  if (replay.state !== 'done' || replay.report === null)
    throw new Error(`the replay is ${replay.state}: ${replay.error}`);

  const figures = {
    leads: LEADS,
    events: EVENTS,
    seconds: ms / 1_000,
    leadsPerSecond: Math.round((1_000 * replay.leadsDone) / ms),
    eventsPerSecond: Math.round((1_000 * replay.leadsDone * EVENTS) / ms),
    cores: (after.cpuMs - before.cpuMs) / ms,
    peakRssMb: Math.round(after.peakRss / 2 ** 20),
    cancelled,
    words: replayInWords(replay.report, 25),
  };
  console.log(
    `  replayed in ${seconds(ms)}: ${whole(figures.leadsPerSecond)} leads/s, ${whole(figures.eventsPerSecond)} events/s under both versions`,
  );
  console.log(`  peak memory ${figures.peakRssMb} MB, ${figures.cores.toFixed(2)} cores of the replaying process`);
  console.log(`  ${figures.words}`);
  console.log(`All figures: ${writeFigures('replay', figures)}`);
}

async function ask(database: Database): Promise<string> {
  const { id } = await requestReplay(database, {
    key: MODEL_KEY,
    version: undefined,
    perWeek: 25,
    actor,
    now: Date.now(),
  });
  return id;
}

/** Asks for a replay, cancels it on the way, and sees that it ends and stays ended. */
async function cancelOne(database: Database): Promise<{ readonly afterLeads: number; readonly ms: number }> {
  const id = await ask(database);
  while ((await readReplay(database, id)).leadsDone < LEADS / 10) await pause(LOOK_MS);
  const began = instantNow();
  const { state, leadsDone } = await cancelReplay(database, id, Date.now());
  const ms = instantNow() - began;
  await pause(1_000);
  const later = await readReplay(database, id);
  if (state !== 'cancelled' || later.leadsDone !== leadsDone) throw new Error('a cancelled replay went on');
  console.log(`  one was cancelled after ${whole(leadsDone)} leads, within ${ms.toFixed(0)} ms`);
  return { afterLeads: leadsDone, ms };
}

async function untilEnded(database: Database, id: string, say: boolean): Promise<Replay> {
  let told = 0;
  for (;;) {
    const replay = await readReplay(database, id);
    if (replay.state !== 'waiting' && replay.state !== 'running') return replay;
    const share = Math.floor((10 * replay.leadsDone) / LEADS);
    if (say && share > told) {
      told = share;
      console.log(`  ${share * 10} %`);
    }
    await pause(LOOK_MS);
  }
}

async function usedBy(child: ChildProcess): Promise<Used> {
  child.send('used?');
  const [used] = (await once(child, 'message')) as [Used];
  return used;
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

async function timed(work: () => Promise<void>): Promise<{ readonly ms: number }> {
  const began = instantNow();
  await work();
  return { ms: instantNow() - began };
}

const whole = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

await main();
