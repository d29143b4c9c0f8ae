import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { planJourney } from '../domain/journey/plan.ts';
import { freePort } from '../embedded/ports.ts';
import { startPostgres } from '../embedded/postgres.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { planLead } from '../store/plan-lead.ts';
import { raiseAttentionQuietly } from '../store/raise-attention.ts';
import { readJourney } from '../store/read-journey.ts';
import { sql } from '../store/sql.ts';
import { addLeads } from './company.ts';
import { enrolInMany, publishMany } from './many-sequences.ts';
import { machine, wholeNumber, writeFigures } from './report-file.ts';
import { startStack } from './stack.ts';
import { instantNow, percentile } from './statistics.ts';

// `npm run bench:journeys`: how long it takes to plan a lead that is in many sequences, and what sleeping journeys cost.
const PLANNED = wholeNumber('TEND_BENCH_PLANS', 500);
const SEQUENCES = [1, 10] as const;
const SLEEPING = wholeNumber('TEND_BENCH_SLEEPING', 20_000);

async function main(): Promise<void> {
  const { cores, cpu, node } = machine();
  console.log(`${cores} cores (${cpu}), Node ${node}`);
  const planning = await measurePlanning();
  const memory = await measureMemory();
  console.log(`All figures: ${writeFigures('journeys', { planning, memory })}`);
}

interface Planning {
  readonly sequences: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Deciding alone, without reading and writing. */
  readonly decidingP50Ms: number;
}

async function measurePlanning(): Promise<Planning[]> {
  const home = await mkdtemp(path.join(tmpdir(), 'tend-bench-'));
  const postgres = await startPostgres({ home, port: await freePort(), password: randomBytes(16).toString('hex') });
  await migrate(postgres.url);
  const database = openDatabase({ url: postgres.url, hashKey: 'of-benchmarks-only', poolSize: 2 });
  try {
    await publishMany(database, Math.max(...SEQUENCES), Date.now());
    const figures: Planning[] = [];
    for (const sequences of SEQUENCES) {
      const leads = await enrolInMany(database, PLANNED, sequences, Date.now());
      figures.push(await planAll(database, leads, sequences));
    }
    return figures;
  } finally {
    await database.close();
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Each lead twice: the first plan writes what it decides, and the second, which finds nothing new, is what is counted. */
async function planAll(database: Database, leads: readonly string[], sequences: number): Promise<Planning> {
  const clock = { now: () => Date.now() };
  const times: number[] = [];
  const deciding: number[] = [];
  for (const leadId of leads) {
    await planLead(database, clock, leadId, { notBefore: 0, messageIdDomain: 'bench.example' });
    const began = instantNow();
    await planLead(database, clock, leadId, { notBefore: 0, messageIdDomain: 'bench.example' });
    times.push(instantNow() - began);
    const now = Date.now();
    const snapshot = await database.transaction((transaction) =>
      readJourney(
        transaction,
        {
          id: leadId,
          stage: 'lead',
          gone: false,
          parked: false,
          journeyOpen: true,
          armedLookAt: null,
          attentionRev: 1,
          accountId: null,
          clockOffset: 0,
        },
        now,
      ),
    );
    const decided = instantNow();
    planJourney(snapshot, now);
    deciding.push(instantNow() - decided);
  }
  const figures = {
    sequences,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
    decidingP50Ms: percentile(deciding, 0.5),
  };
  console.log(
    `a lead in ${sequences} sequences: planned in ${figures.p50Ms.toFixed(2)} ms (p99 ${figures.p99Ms.toFixed(2)}), of which deciding ${figures.decidingP50Ms.toFixed(3)} ms`,
  );
  return figures;
}

/** What the worker holds in memory while many journeys sleep, of which it may cache 2,000. */
async function measureMemory() {
  const stack = await startStack();
  try {
    const worker = stack.pids.worker ?? 0;
    const before = rssMb(worker);
    const leads = await addLeads(stack.database, 'sleeper', SLEEPING, Date.now());
    const began = instantNow();
    const ids = leads.map(({ id }) => id);
    await stack.database.transaction((transaction) => raiseAttentionQuietly(transaction, ids));
    for (let open = 0; open < SLEEPING; ) {
      await pause(1_000);
      const [row] = await stack.database.query<{ open: number }>(
        sql`SELECT count(*) AS open FROM lead WHERE journey_open`,
      );
      const last = open;
      open = row?.open ?? 0;
      if (Math.floor((10 * open) / SLEEPING) > Math.floor((10 * last) / SLEEPING))
        console.log(`  ${open.toLocaleString('en')} journeys sleep; the worker has ${rssMb(worker)} MB`);
    }
    const seconds = (instantNow() - began) / 1_000;
    await pause(5_000);
    const figures = {
      sleeping: SLEEPING,
      startedPerSecond: SLEEPING / seconds,
      beforeMb: before,
      afterMb: rssMb(worker),
    };
    console.log(
      `${SLEEPING.toLocaleString('en')} sleeping journeys: the worker has ${figures.afterMb} MB (${before} MB without any), ${figures.startedPerSecond.toFixed(0)} started a second`,
    );
    return figures;
  } finally {
    await stack.stop();
  }
}

function rssMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1] ?? 0) / 1_024);
}

await main();
