import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from './poll.ts';
import { commandLine } from './process-identity.ts';

/** How long each ever firmer request may take. */
const PATIENCE_MS = { fast: 15_000, immediate: 5_000, kill: 5_000 };

/**
 * Stops whatever an earlier start left running on this data folder, and removes a lock file that points to a process
 * that is none of PostgreSQL's.
 *
 * Two servers on one folder would destroy it, and PostgreSQL itself refuses to start while a backend of a killed
 * server lives ("pre-existing shared memory block is still in use") or while the number in `postmaster.pid` belongs to
 * any process of the same user, as it may after a reboot.
 *
 * @throws Error if they can't be stopped
 */
export async function stopPostgresOrphans(dataFolder: string): Promise<void> {
  if (!existsSync(dataFolder)) return;
  const lockFile = join(dataFolder, 'postmaster.pid');
  const postmaster = readPid(lockFile);
  const alive = (): readonly number[] => processesOn(dataFolder, postmaster);
  if (alive().length === 0) {
    await rm(lockFile, { force: true });
    return;
  }
  // Fast shutdown is for the postmaster only; a backend takes SIGINT as "cancel the query".
  if (postmaster !== undefined && alive().includes(postmaster)) {
    signal([postmaster], 'SIGINT');
    if (await waitUntil(() => alive().length === 0, PATIENCE_MS.fast)) return;
  }
  signal(alive(), 'SIGQUIT');
  if (await waitUntil(() => alive().length === 0, PATIENCE_MS.immediate)) return;
  signal(alive(), 'SIGKILL');
  if (await waitUntil(() => alive().length === 0, PATIENCE_MS.kill)) return;
  throw new Error(`another PostgreSQL (process ${alive().join(', ')}) runs on ${dataFolder} and can't be stopped`);
}

function readPid(lockFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0]);
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Server and backends alike have the data folder as their working directory. */
function processesOn(dataFolder: string, postmaster: number | undefined): readonly number[] {
  if (platform() !== 'linux') {
    return postmaster !== undefined && commandLine(postmaster)?.includes(dataFolder) ? [postmaster] : [];
  }
  const folder = realpathSync(dataFolder);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => workingDirectory(pid) === folder && commandLine(pid)?.includes('postgres'));
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // gone meanwhile, a zombie, or another user's
  }
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // gone meanwhile
    }
  }
}
