import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Child } from '../../embedded/child.ts';
import { logTail } from '../../embedded/log-file.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { createTestDatabase } from '../support/database.ts';
import { createNamespace, eventually } from '../support/engine.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { type BreakableLine, openBreakableLine } from './breakable-line.ts';
import { type Crowd, createCrowd } from './crowd.ts';
import { startWorkerProcess } from './worker-process.ts';

const LEADS = 200;
/** Where only connections end, fewer leads meet the same faults sooner. */
const FEWER = 60;
const FAULTS = 6 * SCALE;
/** A mail server that takes its time: so that faults meet mails between claim and result. */
const ANSWER_MS = 15;
/** A killed worker's mail activities are given up after 15 s of silence; then the leases, and a busy machine. */
const SETTLE_MS = 150_000;

/**
 * Invariants 4, 5, 9 and 11 on real processes: whatever ends a worker, or its connections, at whatever instant, nothing that was
 * taken in is lost and nothing is sent twice.
 */
describe(`journeys while things break (seed ${SEED})`, { timeout: 240_000 + FAULTS * 5_000 }, () => {
  let database: Database;
  let mailbox: TestMailbox;
  let smtp: BreakableLine;
  let crowd: Crowd;
  let worker: Child;
  let folder: string;
  let temporalNamespace: string;
  const random = randomFrom(SEED);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tend-fault-'));
    [database, mailbox, temporalNamespace] = await Promise.all([
      createTestDatabase(),
      startMailbox(),
      createNamespace(inject('temporalAddress')),
    ]);
    smtp = await openBreakableLine({ host: '127.0.0.1', port: Number(new URL(mailbox.url).port) }, ANSWER_MS);
  });
  afterEach(async () => {
    await worker.stop();
    await smtp.close();
    await mailbox.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  const startWorker = () => {
    const databaseUrl = new URL(database.url);
    databaseUrl.searchParams.set('application_name', 'victim');
    return startWorkerProcess({
      databaseUrl: databaseUrl.href,
      temporalAddress: inject('temporalAddress'),
      temporalNamespace,
      smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
      logFile: path.join(folder, 'worker.log'),
    });
  };

  const settled = async () => {
    let left: readonly string[] = [];
    await eventually(
      'all journeys at rest',
      async () => {
        left = await crowd.unsettled();
        return left.length === 0;
      },
      SETTLE_MS,
    ).catch((error: Error) => {
      const log = logTail(path.join(folder, 'worker.log'), 0);
      throw new Error(
        `${error.message}; not at rest: ${left.slice(0, 5).join('; ')} (${left.length} in all); the worker's log:\n${log}`,
      );
    });
  };

  it(`of ${LEADS} leads: kills the worker ${FAULTS} times (SIGKILL)`, async () => {
    crowd = await createCrowd(database, random, LEADS);
    worker = await startWorker();
    await worker.ready;
    const acting = crowd.act(FAULTS * 2_000);
    for (let kills = 0; kills < FAULTS; kills += 1) {
      await pause(random.below(2_500));
      worker.kill();
      await worker.exited;
      worker = await startWorker();
      // Now and then it is killed while it starts.
      if (random.below(4) > 0) await worker.ready;
    }
    await acting;
    await settled();
    const happened = await crowd.check(mailbox.mails);
    console.log('SIGKILL:', happened);
    // Otherwise nothing was under way when it was killed.
    expect(happened.accepted).toBeGreaterThan(LEADS);
  });

  it(`ends all of the worker's database connections ${FAULTS} times, and the worker lives`, async () => {
    crowd = await createCrowd(database, random, FEWER);
    worker = await startWorker();
    await worker.ready;
    const acting = crowd.act(FAULTS * 1_000);
    let ended = 0;
    for (let faults = 0; faults < FAULTS; faults += 1) {
      await pause(random.below(2_000));
      const backends = await database.query(sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'victim'`);
      ended += backends.length;
    }
    await acting;
    // What was claimed and could not be composed is deferred.
    await hurryDeferred();
    await settled();
    const happened = await crowd.check(mailbox.mails);
    console.log(`${ended} connections to PostgreSQL ended:`, happened);
    expect(ended).toBeGreaterThan(FAULTS);
    expect(await Promise.race([worker.exited, pause(1, 'alive')])).toBe('alive');
  });

  it(`cuts all connections to the mail server ${FAULTS * 5} times`, async () => {
    crowd = await createCrowd(database, random, FEWER);
    worker = await startWorker();
    await worker.ready;
    const acting = crowd.act(FAULTS * 1_000);
    let cut = 0;
    for (let faults = 0; faults < FAULTS * 5; faults += 1) {
      await pause(random.below(400));
      cut += smtp.cut();
    }
    await acting;
    const deferred = await hurryDeferred();
    await settled();
    const happened = await crowd.check(mailbox.mails);
    console.log(`${cut} connections to the mail server cut, ${deferred} mails deferred:`, happened);
    expect(cut).toBeGreaterThan(FAULTS);
    expect(await Promise.race([worker.exited, pause(1, 'alive')])).toBe('alive');
  });

  /** A deferred mail is tried again after a minute; this test has not so long. Goes on until there was none for a while. */
  async function hurryDeferred(): Promise<number> {
    let hurried = 0;
    for (let quiet = 0; quiet < 20; quiet += 1) {
      const leads = await database.query<{ leadId: string }>(sql`
        UPDATE message SET next_attempt_at = now() WHERE state = 'deferred' AND next_attempt_at > now() RETURNING lead_id AS "leadId"`);
      const ids = leads.map(({ leadId }) => leadId);
      await database.query(sql`UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ANY(${ids}::uuid[])`);
      await database.query(
        sql`UPDATE handoff SET attention_rev = attention_rev + 1 WHERE lead_id = ANY(${ids}::uuid[])`,
      );
      hurried += ids.length;
      if (ids.length > 0) quiet = 0;
      await pause(100);
    }
    return hurried;
  }
});
