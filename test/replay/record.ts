/**
 * Records the histories that `replay.test.ts` replays, from real runs:
 *
 *     npm run build && node dist/test/replay/record.js
 *
 * Record again only to add what workflows can do since; never to make a replay pass. A journey that sleeps today wakes
 * under the code of next year: a history that no longer replays is one that breaks for somebody. (All were recorded anew
 * when sending moved to an outbox, which the old ones did not survive: nothing had been released by then.)
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createLog } from '../../config/log.ts';
import { packageRoot } from '../../config/package-root.ts';
import { readSettings } from '../../config/settings.ts';
import { freePort } from '../../embedded/ports.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { startTemporal } from '../../embedded/temporal.ts';
import { findTemporalBinary } from '../../embedded/temporal-binary.ts';
import { createMailTransport } from '../../mail/transport.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { systemClock } from '../../store/clock.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { sql } from '../../store/sql.ts';
import { startWorker } from '../../worker/worker.ts';
import { handoffWorkflowId, journeyId } from '../../workflows/names.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { startMailbox } from '../support/mailbox.ts';

const target = path.join(packageRoot, 'test', 'replay', 'histories');
const home = await mkdtemp(path.join(tmpdir(), 'tend-record-'));
const [postgres, temporal, mailbox] = await Promise.all([
  startPostgres({ home, port: await freePort(), password: 'test' }),
  // So small a history that looking often makes a journey continue as new.
  startTemporal({
    home,
    binary: await findTemporalBinary(readSettings()),
    port: await freePort(),
    extraArguments: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=60'],
  }),
  startMailbox(),
]);
await migrate(postgres.url);
const database = openDatabase({ url: postgres.url, hashKey: 'of recordings only' });
const worker = await startWorker({
  database,
  clock: systemClock,
  transport: createMailTransport({ smtpUrl: mailbox.url, connections: 2 }),
  log: createLog('silent', 'record'),
  temporalAddress: temporal.address,
  temporalNamespace: 'default',
  compose: {
    publicUrl: 'http://127.0.0.1:8080',
    signingSecret: 'of recordings only',
    from: 'Shop <shop@shop.example>',
  },
  messageIdDomain: 'shop.example',
  leaseMs: 3_000,
  handoffAcceptMs: 3_000,
  sweepMs: 1_000,
  smtpConnections: 2,
});
const connection = await Connection.connect({ address: temporal.address });
const client = new Client({ connection });
try {
  await prepareCompany();
  await mkdir(target, { recursive: true });
  await Promise.all([recordNurture(), recordTimeout(), recordHandoff(), recordDeferral(), recordContinued()]);
} finally {
  await worker.stop();
  await connection.close();
  await mailbox.close();
  await database.close();
  await Promise.all([postgres.stop(), temporal.stop()]);
  await rm(home, { recursive: true, force: true });
}

async function prepareCompany(): Promise<void> {
  const now = Date.now();
  const send = (id: string) => ({ id, kind: 'send', template: id });
  await foundCompany(database, {
    now,
    model: {
      key: 'shop',
      name: 'Shop',
      timeZone: 'Europe/Berlin',
      threshold: 20,
      rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20 }],
    },
    sequences: [
      {
        key: 'welcome',
        name: 'Welcome',
        purpose: 'newsletter',
        entry: [{ event: 'Signed Up' }],
        steps: [
          send('hello'),
          { id: 'pause', kind: 'wait', for: { seconds: 2 } },
          send('more'),
          {
            id: 'answer',
            kind: 'waitFor',
            event: { event: 'Answered' },
            timeout: { seconds: 4 },
            onEvent: 'thanks',
            onTimeout: 'reminder',
          },
          send('reminder'),
          send('thanks'),
        ],
      },
    ],
    templates: ['hello', 'more', 'reminder', 'thanks'],
  });
  await database.query(
    sql`INSERT INTO rep (key, name, email, created_at) VALUES ('sven', 'Sven', 'sven@sales.example', now())`,
  );
}

/** Mail, wait, mail, an event that was awaited, mail, end. */
async function recordNurture(): Promise<void> {
  const lead = await newLead();
  await sent(lead, 'more');
  await does(lead, 'Answered');
  await sent(lead, 'thanks');
  await save('nurture-event', journeyId(lead.id), 'COMPLETED');
}

/** The same, but nobody answers. */
async function recordTimeout(): Promise<void> {
  const lead = await newLead();
  await sent(lead, 'thanks');
  await save('nurture-timeout', journeyId(lead.id), 'COMPLETED');
}

/** The threshold in the middle of a sequence; a representative is silent, the next accepts; lost and won back into nurturing. */
async function recordHandoff(): Promise<void> {
  const lead = await newLead();
  await sent(lead, 'hello');
  await does(lead, 'Branch Searched');
  const first = await client.workflow.getHandle(journeyId(lead.id)).describe();
  const id = await until('the second round', async () => {
    const [handoff] = await database.query<{ id: string; round: number }>(
      sql`SELECT id, round FROM handoff WHERE lead_id = ${lead.id}::uuid`,
    );
    return handoff !== undefined && handoff.round === 2 && handoff.id;
  });
  await acceptHandoff(database, { handoffId: id, rep: 'rita', actor: tester, now: Date.now() });
  await pause(4_000);
  await recordOutcome(database, {
    handoffId: id,
    outcome: 'recycled',
    reason: null,
    rep: 'rita',
    actor: tester,
    now: Date.now(),
  });
  await sent(lead, 'thanks');
  await save('handoff-reassigned', handoffWorkflowId(id), 'COMPLETED');
  await save('journey-with-handoff', journeyId(lead.id), null, first.runId);
}

/** A mail that the server does not take now: the journey sleeps until the next attempt. */
async function recordDeferral(): Promise<void> {
  const lead = await newLead('defer-it@people.example');
  await until('the deferral', async () => (await stateOf(lead, 'hello')) === 'deferred');
  await pause(1_000);
  await save('deferred', journeyId(lead.id), 'RUNNING');
}

/** Looked at so often that it continues as new. */
async function recordContinued(): Promise<void> {
  const lead = await newLead();
  await sent(lead, 'more');
  const handle = client.workflow.getHandle(journeyId(lead.id));
  const first = await handle.describe();
  for (let looks = 0; looks < 30; looks += 1) {
    await handle.signal('look').catch(() => {});
    await pause(100);
  }
  await save(
    'continued-first-run',
    journeyId(lead.id),
    'CONTINUED_AS_NEW',
    first.raw.workflowExecutionInfo?.firstRunId ?? first.runId,
  );
  await sent(lead, 'thanks');
  await save('continued-last-run', journeyId(lead.id), 'COMPLETED');
}

async function newLead(email?: string): Promise<TestLead> {
  const lead = await addLead(database, { now: Date.now(), ...(email === undefined ? {} : { email }) });
  await does(lead, 'Signed Up');
  return lead;
}

async function does(lead: TestLead, event: string): Promise<void> {
  await interact(database, { email: lead.email, event, at: Date.now() });
}

async function stateOf(lead: TestLead, step: string): Promise<string | undefined> {
  const [message] = await database.query<{ state: string }>(sql`
    SELECT state FROM message WHERE lead_id = ${lead.id}::uuid AND step_id = ${step}`);
  return message?.state;
}

function sent(lead: TestLead, step: string): Promise<true> {
  return until(step, async () => (await stateOf(lead, step)) === 'accepted');
}

/** Saves a run's history once it has that status; null stands for any but RUNNING. */
async function save(name: string, workflowId: string, status: string | null, runId?: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId, runId);
  await until(`${name} to be ${status ?? 'over'}`, async () => {
    const { name: present } = (await handle.describe()).status;
    return status === null ? present !== 'RUNNING' : present === status;
  });
  // Process and host name of the recording machine play no part.
  const text = historyToJSON(await handle.fetchHistory())
    .replaceAll(/"identity": ?"[^"]*"/g, '"identity": "recorded"')
    .replaceAll(/"name": ?"[^"]*@[^"]*"/g, '"name": "sticky"');
  await writeFile(path.join(target, `${name}.json`), `${text}\n`);
  console.log(`recorded ${name}`);
}

async function until<T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    await pause(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
