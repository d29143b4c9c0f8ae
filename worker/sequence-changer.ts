import type { Log } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { runSequenceJob } from '../store/run-sequence-job.ts';
import { type Loop, startLoop } from './loop.ts';

/** Carries what changes a live sequence through all who are in it, a batch at a time beside everything else. */
export function startSequenceChanger(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Loop {
  const { database, clock, log } = context;
  return startLoop({
    name: 'changing sequences',
    log,
    step: async () => ((await runSequenceJob(database, clock)) ? 'more' : 'done'),
  });
}
