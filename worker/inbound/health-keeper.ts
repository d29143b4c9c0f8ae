import type { Log } from '../../config/log.ts';
import { HOUR, type Instant, SECOND } from '../../domain/instant.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { resumeAfterReplies } from '../../store/hold-for-reply.ts';
import { forgetInbound } from '../../store/process-inbound.ts';
import { settleBreakers } from '../../store/receiving-domain.ts';
import { judgeSenders } from '../../store/sender-health.ts';
import { type Loop, startLoop } from '../loop.ts';

/** Counting reads a week of a sender's mails: not with each complaint. */
const JUDGE_MS = 10 * SECOND;
const RESUME_MS = 30 * SECOND;

/**
 * Does by time what nothing else calls for: closes breakers of receiving domains and wakes whose mail waited, judges senders by
 * what came back, lets sequences go on that were held for a reply, and forgets what was kept only to be looked at.
 */
export function startHealthKeeper(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
}): Loop {
  const { database, clock, log } = context;
  const due = new Map<string, number>();
  const every = async (name: string, ms: number, work: (now: Instant) => Promise<unknown>): Promise<void> => {
    const ticks = performance.now();
    if ((due.get(name) ?? 0) > ticks) return;
    await work(clock.now());
    due.set(name, ticks + ms);
  };
  return startLoop({
    name: 'keeping the health of senders',
    log,
    async step() {
      await settleBreakers(database, clock.now());
      await every('judge', JUDGE_MS, async (now) => {
        for (const sender of await judgeSenders(database, now))
          log.warn(
            { sender },
            'too many complaints: the marketing of this sender stands still until somebody resumes it',
          );
      });
      await every('resume', RESUME_MS, () => resumeAfterReplies(database, clock));
      await every('forget', HOUR, (now) => forgetInbound(database, now));
      return 'done';
    },
  });
}
