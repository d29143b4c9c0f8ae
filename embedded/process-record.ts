import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { privateFolder } from '../config/home-folder.ts';
import { processIdentity, stillRuns } from './process-identity.ts';

const recordShape = z.object({
  name: z.string(),
  pid: z.int().positive(),
  identity: z.string(),
  startedAt: z.iso.datetime(),
  stopSignal: z.enum(['SIGTERM', 'SIGINT']),
  /** Position in the order of starting; stopping goes backwards. */
  order: z.int(),
  /** Only the supervisor's record: its settings as environment, secrets left out. */
  environment: z.record(z.string(), z.string()).optional(),
});

/** What `<home>/run/<name>.json` says of a process that this installation started. */
export type ProcessRecord = z.infer<typeof recordShape>;

export const SUPERVISOR = 'supervisor';

/** Describes a process that runs now. Undefined if it has ended already. */
export function describeProcess(
  about: Pick<ProcessRecord, 'name' | 'pid' | 'stopSignal' | 'order' | 'environment'>,
): ProcessRecord | undefined {
  const identity = processIdentity(about.pid);
  return identity === undefined ? undefined : { ...about, identity, startedAt: new Date().toISOString() };
}

export async function writeRecord(home: string, record: ProcessRecord): Promise<void> {
  const { draft, file } = await draftRecord(home, record);
  await rename(draft, file);
}

/**
 * Writes the record unless one of that name exists: of two starts at the same instant only one gets true.
 */
export async function writeFirstRecord(home: string, record: ProcessRecord): Promise<boolean> {
  const { draft, file } = await draftRecord(home, record);
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

export async function removeRecord(home: string, name: string): Promise<void> {
  await rm(join(home, 'run', `${name}.json`), { force: true });
}

/** A record that can't be read counts as none: it can't be trusted to name the right process. */
export async function readRecord(home: string, name: string): Promise<ProcessRecord | undefined> {
  try {
    const parsed = recordShape.safeParse(JSON.parse(await readFile(join(home, 'run', `${name}.json`), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The record of that name, if its very process still runs. */
export async function readLivingRecord(home: string, name: string): Promise<ProcessRecord | undefined> {
  const record = await readRecord(home, name);
  return record && stillRuns(record.pid, record.identity) ? record : undefined;
}

/** Records of all children (not the supervisor), in the order of starting, whether or not they still run. */
export async function readChildRecords(home: string): Promise<readonly ProcessRecord[]> {
  const files = await readdir(join(home, 'run')).catch(() => []);
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const records = await Promise.all(names.map((name) => readRecord(home, name)));
  return records
    .filter((record) => record !== undefined)
    .filter(({ name }) => name !== SUPERVISOR)
    .sort((a, b) => a.order - b.order);
}

async function draftRecord(home: string, record: ProcessRecord): Promise<{ draft: string; file: string }> {
  const file = join(await privateFolder(home, 'run'), `${record.name}.json`);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  return { draft, file };
}
