import { STOP_LIMIT_MS } from './child.ts';
import { findMarkedProcesses } from './marked-processes.ts';
import { waitUntil } from './poll.ts';
import { processIdentity, stillRuns } from './process-identity.ts';
import { type ProcessRecord, readChildRecords, removeRecord } from './process-record.ts';

/**
 * Stops what a killed supervisor of this home left running, the last started first, and removes its records.
 *
 * Must run before anything is started: an orphaned worker would send beside the new one, an orphaned database holds
 * its folder and its port. A number that meanwhile belongs to another process is left alone.
 *
 * @throws Error if one can't be stopped
 */
export async function stopOrphans(home: string, report: (orphan: Orphan) => void): Promise<void> {
  for (const record of (await readChildRecords(home)).toReversed()) {
    if (stillRuns(record.pid, record.identity)) {
      report(record);
      await stopOrphan(record);
    }
    await removeRecord(home, record.name);
  }
  // A supervisor killed between starting a child and recording it leaves a child that only its mark gives away.
  for (const pid of findMarkedProcesses(home)) {
    const identity = processIdentity(pid);
    if (identity === undefined) continue;
    const orphan: Orphan = { name: 'a process', pid, identity, stopSignal: 'SIGTERM' };
    report(orphan);
    await stopOrphan(orphan);
  }
}

export type Orphan = Pick<ProcessRecord, 'name' | 'pid' | 'identity' | 'stopSignal'>;

async function stopOrphan(orphan: Orphan, limitMs = STOP_LIMIT_MS): Promise<void> {
  const gone = (): boolean => !stillRuns(orphan.pid, orphan.identity);
  send(orphan.pid, orphan.stopSignal);
  if (await waitUntil(gone, limitMs)) return;
  send(-orphan.pid, 'SIGKILL'); // children lead a process group of their own
  send(orphan.pid, 'SIGKILL');
  if (await waitUntil(gone, 5_000)) return;
  throw new Error(`${orphan.name} (process ${orphan.pid}) of an earlier start can't be stopped: stop it by hand`);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone meanwhile
  }
}
