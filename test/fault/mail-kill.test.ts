import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import type { Child } from '../../embedded/child.ts';
import { logTail } from '../../embedded/log-file.ts';
import { freePort } from '../../embedded/ports.ts';
import { type RunningPostgres, startPostgres } from '../../embedded/postgres.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { foundCompany, interact } from '../support/company.ts';
import { TEST_HASH_KEY } from '../support/database.ts';
import { createNamespace, eventually } from '../support/engine.ts';
import { randomFrom, SEED } from '../support/property.ts';
import type { Phase } from './mail-sink.ts';
import { startWorkerProcess } from './worker-process.ts';

const MAILS = 1_000;
/** `TEND_KILLS=200` for the long run. */
const KILLS = Math.max(1, Number(process.env.TEND_KILLS ?? 20));
const LEASE_SECONDS = 5;
const SETTLE_MS = 200_000;
const PHASES: readonly Phase[] = ['before-data', 'in-data', 'before-answer'];

/**
 * Done-line of lawful mail: the worker, PostgreSQL and the mail server are killed (SIGKILL) while mails are due. Which mails
 * must be `unknown` is worked out from what each of them left behind: the claims that a dead worker held, the mails of
 * which a dead mail server had begun to read the content, and the claims whose confirmation died with PostgreSQL.
 */
describe(`${MAILS} mails while processes are killed (seed ${SEED})`, () => {
  const random = randomFrom(SEED);
  let folder: string;
  let postgresPort: number;
  let postgres: RunningPostgres;
  let database: Database;
  let sinkPort: number;
  let sink: ChildProcess;
  let worker: Child;
  let temporalNamespace: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tend-kill-'));
    [postgresPort, sinkPort] = [await freePort(), await freePort()];
    temporalNamespace = await createNamespace(inject('temporalAddress'));
    await bringUpPostgres();
    await migrate(postgres.url);
    await bringUpSink();
  }, 120_000);
  afterEach(async () => {
    await worker.stop();
    sink.kill('SIGKILL');
    await database.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function bringUpPostgres(): Promise<void> {
    // What is committed survives a killed process without fsync, but not without its write.
    const serverSettings = { fsync: 'off', full_page_writes: 'off', max_connections: '60' };
    postgres = await startPostgres({ home: folder, port: postgresPort, password: 'test', serverSettings });
    database = openDatabase({ url: postgres.url, hashKey: TEST_HASH_KEY, poolSize: 4 });
  }

  async function bringUpSink(): Promise<void> {
    const program = path.join(packageRoot, 'dist', 'test', 'fault', 'mail-sink.js');
    sink = fork(program, [String(sinkPort), path.join(folder, 'sink.log')]);
    await once(sink, 'message');
  }

  async function bringUpWorker(): Promise<void> {
    const url = new URL(postgres.url);
    url.searchParams.set('application_name', 'victim');
    worker = await startWorkerProcess({
      databaseUrl: url.href,
      temporalAddress: inject('temporalAddress'),
      temporalNamespace,
      smtpUrl: `smtp://127.0.0.1:${sinkPort}`,
      leaseSeconds: LEASE_SECONDS,
      logFile: path.join(folder, 'worker.log'),
    });
  }

  it(`${KILLS} kills: unknown is exactly what was claimed without a result, everything else arrives exactly once`, {
    timeout: 240_000 + KILLS * 10_000,
  }, async () => {
    await makeMailsDue();
    await bringUpWorker();
    await worker.ready;
    const must = new Set<string>();
    const killed = { worker: 0, postgres: 0, sink: 0 };
    /** How many were still to be sent at each kill. */
    const due: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      // Each kind has its turn; which instant it meets is chance.
      const victim = (['worker', 'sink', 'postgres', 'sink'] as const)[kill % 4]!;
      await hurryDeferred();
      await underWay();
      await pause(random.below(24_000 / KILLS));
      due.push(await stillDue());
      for (const id of await end[victim]()) must.add(id);
      killed[victim] += 1;
    }
    await eventually('all mails at their end', allDone, SETTLE_MS).catch(async (error: Error) => {
      const left = await database.query(sql`SELECT state, reason, count(*) FROM message GROUP BY 1, 2`);
      throw new Error(`${error.message}: ${JSON.stringify(left)}\n${logTail(path.join(folder, 'worker.log'), 0)}`);
    });
    const log = await sinkLog();
    const mails = await database.query<{ id: string; state: string; address: string }>(
      sql`SELECT id, state, address FROM message`,
    );
    expect(mails).toHaveLength(MAILS);
    const unknown = mails.filter(({ state }) => state === 'unknown');
    // The confirmation of a claim died with PostgreSQL: whoever asked for it does not know that it holds it.
    const unheard = unknown.filter(({ id, address }) => !must.has(id) && !log.rcpt.has(address));
    expect(unheard.length).toBeLessThanOrEqual(killed.postgres * 10);
    for (const { id } of unheard) must.add(id);
    expect(new Set(unknown.map(({ id }) => id))).toEqual(must);
    for (const { state, address } of mails) {
      const arrived = log.got.get(address) ?? 0;
      if (state === 'unknown') expect(arrived, address).toBeLessThanOrEqual(1);
      else expect([state, arrived], address).toEqual(['accepted', 1]);
    }
    console.log(
      'killed',
      killed,
      { due: due.join(' ') },
      { mails: mails.length, unknown: unknown.length, unheard: unheard.length },
    );
    expect(unknown.length).toBeGreaterThan(0);
    // Nothing is shown by a kill after the last mail.
    expect(due.at(-1)).toBeGreaterThan(0);
  });

  /** Kills, brings up again, and returns the mails that nobody can know of any more. */
  const end = {
    async worker(): Promise<string[]> {
      worker.kill();
      await worker.exited;
      // What it had sent to PostgreSQL is still being done.
      await eventually('its connections at an end', async () => {
        const rows = await database.query(sql`SELECT FROM pg_stat_activity WHERE application_name = 'victim'`);
        return rows.length === 0;
      });
      const claimed = await database.query<{ id: string }>(sql`SELECT id FROM message WHERE state = 'claimed'`);
      await bringUpWorker();
      await worker.ready;
      return claimed.map(({ id }) => id);
    },
    async postgres(): Promise<string[]> {
      postgres.kill();
      await postgres.exited;
      await database.close();
      await bringUpPostgres();
      return [];
    },
    async sink(): Promise<string[]> {
      const died = once(sink, 'exit');
      sink.send(random.pick(PHASES));
      await died;
      const log = await sinkLog();
      const hanging = [...log.begun].filter(
        ([address, times]) => times > (log.answered.get(address) ?? 0) + heardOf(address),
      );
      for (const [address] of hanging) told.set(address, heardOf(address) + 1);
      const addresses = hanging.map(([address]) => address);
      const rows = await database.query<{ id: string }>(
        sql`SELECT id FROM message WHERE address = ANY(${addresses}::text[])`,
      );
      await bringUpSink();
      return rows.map(({ id }) => id);
    },
  };
  /** How often a mail to an address has hung at a death already. */
  const told = new Map<string, number>();
  const heardOf = (address: string) => told.get(address) ?? 0;

  async function sinkLog() {
    const counts = { rcpt: new Map(), begun: new Map(), got: new Map(), answered: new Map() } as Record<
      'rcpt' | 'begun' | 'got' | 'answered',
      Map<string, number>
    >;
    const text = await readFile(path.join(folder, 'sink.log'), 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const [what, address] = line.split(' ') as [keyof typeof counts, string];
      if (address !== undefined) counts[what].set(address, (counts[what].get(address) ?? 0) + 1);
    }
    return counts;
  }

  /** A thousand people who sign up at once: each has one mail due. */
  async function makeMailsDue(): Promise<void> {
    const now = Date.now();
    const sequence = {
      key: 'welcome',
      name: 'Welcome',
      purpose: 'newsletter',
      entry: [{ event: 'Signed Up' }],
      steps: [{ id: 'hello', kind: 'send', template: 'hello' }],
    };
    const model = {
      key: 'shop',
      name: 'Shop',
      timeZone: 'Europe/Berlin',
      threshold: 1_000,
      rules: [{ id: 'a', on: { event: 'A' }, points: 1 }],
    };
    await foundCompany(database, { now, model, sequences: [sequence], templates: ['hello'] });
    const leads = Array.from({ length: MAILS }, (_, index) => ({ id: newId(), email: `lead-${index}@people.example` }));
    const ids = leads.map(({ id }) => id);
    await database.query(
      sql`INSERT INTO lead (id, created_at) SELECT *, ${at(now)}::timestamptz FROM unnest(${ids}::uuid[])`,
    );
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      SELECT 'email', email, id, ${at(now)}::timestamptz, ${at(now)}::timestamptz
      FROM unnest(${ids}::uuid[], ${leads.map(({ email }) => email)}::text[]) AS new(id, email)`);
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      SELECT id, 'email', 'newsletter', 'granted', 'api', 'test', ${at(now)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
    await interact(database, ...leads.map(({ email }) => ({ email, event: 'Signed Up', at: now })));
  }

  /** Until a mail is claimed, or there is none left to be. */
  async function underWay(): Promise<void> {
    await eventually(
      'a mail under way',
      async () => {
        const [row] = await database.query<{ claimed: boolean }>(sql`
          SELECT EXISTS (SELECT FROM message WHERE state = 'claimed') AS claimed`);
        await hurryDeferred();
        return row?.claimed === true || (await stillDue()) === 0;
      },
      SETTLE_MS,
    );
  }

  async function stillDue(): Promise<number> {
    const [row] = await database.query<{ done: number }>(
      sql`SELECT count(*) AS done FROM message WHERE state IN ('accepted', 'unknown')`,
    );
    return MAILS - (row?.done ?? 0);
  }

  async function allDone(): Promise<boolean> {
    await hurryDeferred();
    return (await stillDue()) === 0;
  }

  /** A deferred mail is tried again after a minute; this test has not so long. */
  async function hurryDeferred(): Promise<void> {
    const leads = await database.query<{ leadId: string }>(sql`
      UPDATE message SET next_attempt_at = now() WHERE state = 'deferred' AND next_attempt_at > now() RETURNING lead_id AS "leadId"`);
    const ids = leads.map(({ leadId }) => leadId);
    if (ids.length > 0)
      await database.query(sql`UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ANY(${ids}::uuid[])`);
  }
});
