import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { registerWalk } from '../../cli/walk.ts';
import { loadSecrets } from '../../config/secrets.ts';
import { describeProcess, SUPERVISOR, writeRecord } from '../../embedded/process-record.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { fixedClock, type RunningApi, SECRET_KEY, startApi, WRITE_KEY } from '../api/running-api.ts';
import { foundCompany } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney } from '../support/driver.ts';

const clock = fixedClock('2026-06-02T08:00:00.000Z');
const model = { key: 'shop', name: 'Shop', timeZone: 'UTC', threshold: 100, rules: [] };
const sequence = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'rest', kind: 'wait', for: { days: 5 } },
    { id: 'more', kind: 'send', template: 'more' },
  ],
};
let database: Database;
let api: RunningApi;
let home: string;
let worker: { stop(): Promise<void> };

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  const rules = [{ id: 'demo', on: { event: 'Demo' }, points: 30 }];
  const templates = ['hello', 'more'];
  await foundCompany(database, { now: clock.now(), model: { ...model, rules }, sequences: [sequence], templates });
  home = await mkdtemp(path.join(tmpdir(), 'tend-walk-'));
  await loadSecrets(home);
  // The command finds its installation as always: by its folder, and by this process, which stands for the supervisor.
  const environment = { TEND_API_PORT: new URL(api.url).port };
  const record = describeProcess({ name: SUPERVISOR, pid: process.pid, stopSignal: 'SIGTERM', order: 0, environment });
  if (record === undefined) throw new Error('this process does not run');
  await writeRecord(home, record);
  vi.stubEnv('TEND_HOME', home);
  vi.stubEnv('TEND_SECRET_KEY', SECRET_KEY);
  vi.stubEnv('TEND_WRITE_KEY', WRITE_KEY);
  worker = runWorker();
});
afterAll(async () => {
  await worker.stop();
  vi.unstubAllEnvs();
  expect(api.failures).toEqual([]);
  await api.stop();
  await Promise.all([database.close(), rm(home, { recursive: true })]);
});

/** Does what the worker does, over and over: scores, plans, sends. */
function runWorker() {
  let running = true;
  const loop = (async () => {
    while (running) {
      await assessAll(database, clock);
      const due = await database.query<{ id: string }>(sql`SELECT id FROM lead WHERE attention_rev > planned_rev`);
      for (const { id } of due) await runJourney(database, clock, id);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
    },
  };
}

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string = '') => lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

async function walk(...words: string[]): Promise<string[]> {
  const program = new Command('tend').enablePositionalOptions().exitOverride();
  registerWalk(program);
  await program.parseAsync(['walk', ...words], { from: 'user' });
  return lines.splice(0);
}

it('tend walk makes a test lead, and goes through a sequence with it: each instant with what was sent then', async () => {
  const first = await walk('me@company.example', '--new', '--sequence', 'welcome');
  expect(first).toContain('✓ in the sequence "welcome"');
  expect(first.slice(2, 5)).toEqual(['  ✉ hello (hello) sent', '2026-06-07 08:00 UTC', '  ✉ more (more) sent']);
  expect(first.at(-1)).toContain('It is a test lead; by its own clock it is Sun 7 Jun 2026 08:00 UTC.');
  expect(await walk('me@company.example', '--steps', '2')).toContain(
    'Nothing is due by time: it waits for something to happen. Click in a mail, or send an event.',
  );
});

it('tend walk says what is wrong', async () => {
  await expect(walk('me2@company.example', '--new')).rejects.toThrow('--purpose newsletter, or --sequence');
  await expect(walk('me2@company.example', '--new', '--sequence', 'nix')).rejects.toThrow(/no sequence "nix"/);
  await expect(walk('nobody@company.example')).rejects.toThrow(/Nobody is known as/);
});
