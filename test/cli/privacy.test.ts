import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerErase } from '../../cli/erase.ts';
import { registerExport } from '../../cli/export.ts';
import { registerSuppressions } from '../../cli/suppressions.ts';
import { loadSecrets } from '../../config/secrets.ts';
import { describeProcess, SUPERVISOR, writeRecord } from '../../embedded/process-record.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { fixedClock, type RunningApi, SECRET_KEY, startApi, WRITE_KEY } from '../api/running-api.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';

const clock = fixedClock('2026-06-02T08:00:00.000Z');
let database: Database;
let api: RunningApi;
let home: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  // The command finds its installation as always: by its folder, and by this process, which stands for the supervisor.
  home = await mkdtemp(path.join(tmpdir(), 'tend-privacy-'));
  await loadSecrets(home);
  const environment = { TEND_API_PORT: new URL(api.url).port };
  const record = describeProcess({ name: SUPERVISOR, pid: process.pid, stopSignal: 'SIGTERM', order: 0, environment });
  if (record === undefined) throw new Error('this process does not run');
  await writeRecord(home, record);
  vi.stubEnv('TEND_HOME', home);
  vi.stubEnv('TEND_SECRET_KEY', SECRET_KEY);
  vi.stubEnv('TEND_WRITE_KEY', WRITE_KEY);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  expect(api.failures).toEqual([]);
  await api.stop();
  await Promise.all([database.close(), rm(home, { recursive: true })]);
});

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string = '') => lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function tend(...words: string[]): Promise<string> {
  const program = new Command().exitOverride().enablePositionalOptions();
  for (const register of [registerSuppressions, registerExport, registerErase]) register(program);
  lines.length = 0;
  await program.parseAsync(words, { from: 'user' });
  return lines.join('\n');
}
const file = (name: string): string => path.join(home, name);

describe('tend suppressions', () => {
  it('writes off, looks up and lifts', async () => {
    expect(await tend('suppressions', 'add', 'a@cli.example', 'b@cli.example')).toContain('2 written off');
    expect(await tend('suppressions', 'look-up', 'a@cli.example')).toMatch(/not written to[\s\S]*manual, since .*, by/);
    expect(await tend('suppressions', 'lift', 'a@cli.example')).toContain('lifted: manual');
    expect(await tend('suppressions', 'look-up', 'a@cli.example')).toContain('Nothing stands against');
  });

  it('imports a file in parts, and counts the lines of the whole', async () => {
    const rows = Array.from({ length: 12_000 }, (_, i) =>
      i === 11_000 ? 'Anna;no address' : `Anna;many${i}@cli.example`,
    );
    await writeFile(file('list.csv'), ['name;email', ...rows].join('\n'));
    const told = await tend('suppressions', 'import', file('list.csv'));
    expect(told).toContain('11999 written off');
    expect(told).toContain('line 11002: is no mail address');
    expect(process.exitCode).toBe(1);
  });

  it('exports what it can import again', async () => {
    await tend('suppressions', 'export', '--format', 'csv', '--out', file('export.csv'));
    expect((await stat(file('export.csv'))).mode & 0o077).toBe(0);
    expect(await readFile(file('export.csv'), 'utf8')).not.toContain('@');
    expect(await tend('suppressions', 'import', file('export.csv'))).toMatch(/0 written off; 12000 were before/);
  });
});

describe('tend export and tend erase', () => {
  it('writes what is known of a person into a file that nobody else reads, and erases them when told so twice', async () => {
    const lead = await addLead(database, { now: clock.now(), email: 'erna@cli.example' });
    await tend('export', lead.email, '--out', file('erna.json'));
    expect((await stat(file('erna.json'))).mode & 0o077).toBe(0);
    expect(JSON.parse(await readFile(file('erna.json'), 'utf8'))).toMatchObject({ about: { leadId: lead.id } });
    await tend('export', lead.id, '--html', '--language', 'de', '--out', file('erna.html'));
    expect(await readFile(file('erna.html'), 'utf8')).toContain('erna@cli.example');
    await expect(tend('erase', lead.email)).rejects.toThrow('--yes');
    expect(await tend('erase', lead.email, '--because', 'objection', '--yes')).toContain(
      'nothing of the person is left',
    );
    await expect(tend('erase', lead.email, '--yes')).rejects.toThrow('Nobody is known');
  });

  it('replays erasures on a backup', async () => {
    const lead = await addLead(database, { now: clock.now(), email: 'back@cli.example' });
    await tend('erase', lead.id, '--yes');
    await writeFile(file('erasures.jsonl'), await tend('erasures', 'list', '--json'));
    // A backup from before: the person is there, and no erasure is known.
    await database.query(sql`DELETE FROM erasure`);
    await database.query(sql`UPDATE lead SET erased_at = NULL WHERE id = ${lead.id}::uuid`);
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at) VALUES ('email', 'back@cli.example', ${lead.id}::uuid, now(), now())`);
    await expect(tend('erasures', 'replay', file('erasures.jsonl'))).rejects.toThrow('--yes');
    expect(await tend('erasures', 'replay', file('erasures.jsonl'), '--yes')).toMatch(/2 leads erased/);
    expect(await database.query(sql`SELECT 1 FROM identity WHERE value = 'back@cli.example'`)).toEqual([]);
    expect(await tend('erasures')).toContain(lead.id);
    await writeFile(file('none.txt'), 'hello');
    await expect(tend('erasures', 'replay', file('none.txt'), '--yes')).rejects.toThrow('line 1');
  });
});
