import { type Log, loggable } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { deleteOldHits, judgeWaitingHits } from '../store/judge-hits.ts';
import { type Loop, startLoop } from './loop.ts';

/** How often old hits are looked for, in milliseconds of this process. */
const TIDY_EVERY_MS = 60_000;

/** Tells machines from people among the hits of mails, as long as it runs; any number of them share the work. */
export function startHitJudge({
  database,
  clock,
  log,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Loop {
  let tidyFrom = 0;
  return startLoop({
    name: 'judging hits of mails',
    log,
    async step() {
      const { messages, discounted, more } = await judgeWaitingHits(database, clock, (messageId, error) =>
        log.error({ messageId, ...loggable(error) }, 'the hits of a mail could not be judged, and were let pass'),
      );
      if (messages > 0) log.debug({ messages, discounted }, 'judged hits of mails');
      if (more) return 'more';
      if (performance.now() < tidyFrom) return 'done';
      const old = await deleteOldHits(database, clock);
      if (!old) tidyFrom = performance.now() + TIDY_EVERY_MS;
      return old ? 'more' : 'done';
    },
  });
}
