import type { Log } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { runMailings } from '../store/run-mailing.ts';
import { type Loop, startLoop } from './loop.ts';

/** Sees to mailings, a batch of people at a time: whom it sets on their way is planned behind all others. */
export function startMailer(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEnrolled: (leads: readonly string[]) => void;
}): Loop {
  const { database, clock, log, onEnrolled } = context;
  return startLoop({
    name: 'sending mailings',
    log,
    step: async () => {
      const { more, leads } = await runMailings(database, clock);
      onEnrolled(leads);
      return more ? 'more' : 'done';
    },
  });
}
