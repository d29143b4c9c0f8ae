import type { Log } from '../config/log.ts';
import { askRenewals } from '../store/ask-renewals.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { expireOptIns } from '../store/expire-opt-ins.ts';
import { type Loop, startLoop } from './loop.ts';

/** Sees to consents that time changes: sign-ups that nobody confirmed go, those about to go stale are asked about. */
export function startConsentKeeper(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly messageIdDomain: string;
}): Loop {
  const { database, clock, log, messageIdDomain } = context;
  return startLoop({
    name: 'keeping consents',
    log,
    step: async () => {
      // The one must not stand still for what is wrong with the other.
      const both = await Promise.allSettled([
        expireOptIns(database, clock),
        askRenewals(database, clock, { messageIdDomain }),
      ]);
      for (const one of both) if (one.status === 'rejected') throw one.reason;
      return both.some((one) => one.status === 'fulfilled' && one.value) ? 'more' : 'done';
    },
  });
}
