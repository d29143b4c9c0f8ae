import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { waitUntil } from '../embedded/poll.ts';
import { stillRuns } from '../embedded/process-identity.ts';
import { readLivingRecord, SUPERVISOR } from '../embedded/process-record.ts';
import { green, seconds } from './terminal.ts';

/** Five children, 20 s each at worst, and some air. */
const STOP_LIMIT_MS = 120_000;

export function registerStop(program: Command): void {
  program.command('stop').description('stop the running installation of this home folder').action(stop);
}

async function stop(): Promise<void> {
  const { home } = readSettings();
  const record = await readLivingRecord(home, SUPERVISOR);
  if (!record) {
    console.log(`Tend does not run on ${home}.`);
    return;
  }
  const began = performance.now();
  process.kill(record.pid, record.stopSignal);
  if (await waitUntil(() => !stillRuns(record.pid, record.identity), STOP_LIMIT_MS, 50)) {
    console.log(`${green('✓')} Stopped in ${seconds(performance.now() - began)}.`);
    return;
  }
  throw new Error(`Tend (process ${record.pid}) did not stop within ${STOP_LIMIT_MS / 1000} s; see ${home}/logs`);
}
