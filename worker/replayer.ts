import type { Log } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { replayBatch } from '../store/run-replay.ts';
import { type Loop, startLoop } from './loop.ts';

/** Plays scoring models over recorded history where that was asked for, a batch at a time beside everything else. */
export function startReplayer(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Loop {
  const { database, clock, log } = context;
  return startLoop({
    name: 'replaying',
    log,
    step: async () => ((await replayBatch(database, clock)) ? 'more' : 'done'),
  });
}
