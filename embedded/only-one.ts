import { setTimeout as sleep } from 'node:timers/promises';
import {
  describeProcess,
  type ProcessRecord,
  readLivingRecord,
  readRecord,
  removeRecord,
  SUPERVISOR,
  writeFirstRecord,
  writeRecord,
} from './process-record.ts';

/** This home already has a supervisor. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
  readonly pid: number;
  constructor(home: string, pid: number) {
    super(`Tend already runs on ${home} (process ${pid}): "tend stop" stops it, "tend status" shows it`);
    this.pid = pid;
  }
}

/**
 * Makes this process the supervisor of the home folder.
 *
 * @throws AlreadyRunning
 */
export async function becomeSupervisor(home: string): Promise<ProcessRecord> {
  const record = describeProcess({ name: SUPERVISOR, pid: process.pid, stopSignal: 'SIGTERM', order: -1 });
  if (!record) throw new Error('this process can’t find itself');
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (await writeFirstRecord(home, record)) {
      // Two starts may both have removed a dead one's record; whoever is in the file now is the one.
      const holder = await readRecord(home, SUPERVISOR);
      if (holder?.pid === process.pid) return record;
    }
    const holder = await readLivingRecord(home, SUPERVISOR);
    if (holder) throw new AlreadyRunning(home, holder.pid);
    await removeRecord(home, SUPERVISOR);
    await sleep(Math.random() * 20);
  }
  throw new Error(`${home}/run/supervisor.json can't be written`);
}

/** Adds the settings this installation runs with, so that other commands find it whatever their own environment. */
export async function publishEnvironment(home: string, record: ProcessRecord, environment: Record<string, string>) {
  await writeRecord(home, { ...record, environment });
}

export async function resignAsSupervisor(home: string): Promise<void> {
  const holder = await readRecord(home, SUPERVISOR);
  if (holder?.pid === process.pid) await removeRecord(home, SUPERVISOR);
}
