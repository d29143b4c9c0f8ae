import { announceReady, exitWithParent } from '../config/exit-with-parent.ts';
import { createLog } from '../config/log.ts';
import { systemClock } from '../store/clock.ts';
import { openDatabase } from '../store/database.ts';
import { startReplayer } from '../worker/replayer.ts';

// The process that replays in the benchmark: the worker's own loop, alone, so that its memory and CPU time are the replay's.
export interface Used {
  /** The most memory it ever held, in bytes. */
  readonly peakRss: number;
  readonly cpuMs: number;
}

const database = openDatabase({ url: process.argv[2] ?? '', hashKey: 'of-benchmarks-only', poolSize: 2 });
const replayer = startReplayer({ database, clock: systemClock, log: createLog('error', 'replay') });
process.on('message', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const used: Used = { peakRss: maxRSS * 1_024, cpuMs: (userCPUTime + systemCPUTime) / 1_000 };
  process.send?.(used);
});
exitWithParent(async () => {
  await replayer.stop();
  await database.close();
});
announceReady();
