import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, apiClient } from '../../cli/api-client.ts';
import { compareFile, onlyLive } from '../../cli/compare-definitions.ts';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { type PullOptions, pullDefinitions } from '../../cli/pull-definitions.ts';
import { type Pushed, pushDefinitions } from '../../cli/push-definitions.ts';
import { packageRoot } from '../../config/package-root.ts';
import type { Database } from '../../store/database.ts';
import { fixedClock, type RunningApi, SECRET_KEY, startApi, WRITE_KEY } from '../api/running-api.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Database;
let running: RunningApi;
let api: ApiClient;
let folder: string;
const shipped = ['templates', 'sequences'].map((entry) => path.join(packageRoot, entry));

beforeAll(async () => {
  database = await createTestDatabase();
  running = await startApi(database, fixedClock('2026-11-21T12:00:00.000Z'));
  api = apiClient(running.url, { writeKey: WRITE_KEY, secretKey: SECRET_KEY });
  folder = await mkdtemp(path.join(tmpdir(), 'tend-pull-'));
  await push(shipped);
});
afterAll(async () => {
  expect(running.failures).toEqual([]);
  await running.stop();
  await database.close();
  await rm(folder, { recursive: true });
});

async function push(paths: readonly string[]): Promise<Pushed[]> {
  const pushed: Pushed[] = [];
  await pushDefinitions(api, await readDefinitionFiles(paths), (one) => pushed.push(one));
  return pushed;
}

const pull = (options: Partial<PullOptions> = {}) => pullDefinitions(api, { folder, ...options });
const stateOf = async (options: Partial<PullOptions> = {}) => [
  ...new Set((await pull(options)).map(({ state }) => state)),
];
const compare = async (paths: readonly string[]) =>
  Promise.all((await readDefinitionFiles(paths)).map((file) => compareFile(api, file)));

describe.sequential('what was pushed', () => {
  it('is the same as its files', async () => {
    const compared = await compare(shipped);
    expect(compared.filter(({ state }) => state !== 'same').map(({ file, lines }) => [file.file, lines])).toEqual([]);
    expect(await onlyLive(api, await readDefinitionFiles(shipped))).toEqual([]);
  });

  it('is pulled as files that make no new version when they are pushed', async () => {
    const files = await readDefinitionFiles(shipped);
    const pulled = await pull();
    expect(pulled.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(
      files.map(({ kind, key }) => `${kind} ${key}`).sort(),
    );
    expect(pulled.every(({ state }) => state === 'written')).toBe(true);
    const again = await push([folder]);
    expect(again.filter(({ kind, changed }) => changed && kind !== 'team')).toEqual([]);
    expect((await compare([folder])).every(({ state }) => state === 'same')).toBe(true);
    expect(await stateOf()).toEqual(['same']);
  });

  it('keeps a file that was changed, unless forced, and one that is the same with its comments', async () => {
    const file = path.join(folder, 'scoring-models', 'stationery.yaml');
    const pulled = await readFile(file, 'utf8');
    await writeFile(file, `# Agreed in March\n${pulled}`);
    expect(await stateOf({ kind: 'scoring-model', key: 'stationery' })).toEqual(['same']);
    await writeFile(file, pulled.replace(/^threshold: \d+$/m, 'threshold: 45'));
    const kept = await pull({ kind: 'scoring-model' });
    expect(kept.filter(({ state }) => state === 'kept').map(({ key }) => key)).toEqual(['stationery']);
    expect(await readFile(file, 'utf8')).toContain('threshold: 45');
    expect(await stateOf({ kind: 'scoring-model', key: 'stationery', force: true })).toEqual(['written']);
    expect(await readFile(file, 'utf8')).toBe(pulled);
  });

  it('is written to the file that has it already, JSON too', async () => {
    const other = await mkdtemp(path.join(tmpdir(), 'tend-pull-'));
    const file = path.join(other, 'mine.json');
    await writeFile(file, JSON.stringify({ kind: 'template', key: 'newsletter', name: 'Old', locales: {} }));
    const pulled = await pull({ folder: other, kind: 'template', key: 'newsletter', force: true });
    expect(pulled.map(({ file, state }) => [path.resolve(file), state])).toEqual([[file, 'written']]);
    expect((await push([other])).map(({ changed }) => changed)).toEqual([false]);
    await rm(other, { recursive: true });
  });
});

describe.sequential('what would be pushed', () => {
  it('is new, changed line by line, or live only', async () => {
    const other = await mkdtemp(path.join(tmpdir(), 'tend-diff-'));
    const stationery = await readFile(path.join(packageRoot, 'sequences/models/stationery.yaml'), 'utf8');
    const before = /^threshold: (\d+)$/m.exec(stationery)?.[1];
    await writeFile(path.join(other, 'a.yaml'), stationery.replace(/^threshold: \d+$/m, 'threshold: 45'));
    await writeFile(path.join(other, 'b.yaml'), stationery.replace('key: stationery', 'key: another'));
    await writeFile(
      path.join(other, 'team.yaml'),
      'kind: team\nreps:\n  - { key: petra-lindner, name: Petra Lang, email: petra.lindner@federkiel.example }\n',
    );
    const [changed, added, team] = await compare([other]);
    expect([changed?.state, added?.state, team?.state]).toEqual(['changed', 'new', 'changed']);
    const marks = (one: typeof changed) =>
      one?.lines.flatMap((line) => ('text' in line && line.kind !== 'kept' ? [`${line.kind} ${line.text}`] : []));
    expect(marks(changed)).toEqual([`removed threshold: ${before}`, 'added threshold: 45']);
    expect(marks(team)).toEqual(['removed     name: Petra Lindner', 'added     name: Petra Lang']);
    const left = await onlyLive(api, await readDefinitionFiles([other]));
    expect(left.find(({ kind }) => kind === 'scoring-model')?.keys).not.toContain('stationery');
    expect(left.find(({ kind }) => kind === 'team')?.keys).toEqual(['jonas-weber']);
    expect(left.find(({ kind }) => kind === 'template')?.keys).toContain('newsletter');
    await rm(other, { recursive: true });
  });
});
