import { type Log, loggable } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import { BATCHES_AT_ONCE, continueRefolds } from '../store/continue-refolds.ts';
import type { Database } from '../store/database.ts';
import { releaseHeld } from '../store/release-held.ts';
import { settleExpiredClaims } from '../store/settle-claims.ts';
import { findOverdue, unparkOld } from '../store/sweep.ts';
import type { Waker } from './waker.ts';

/** Who was told and did not plan is told again after this time. */
const RETELL_MS = 15_000;

export interface Sweeper {
  stop(): Promise<void>;
}

/** Finds, every `everyMs`, what should have been looked at and was not, and has it looked at. */
export function startSweeper(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly waker: Waker;
  readonly log: Log;
  readonly everyMs: number;
}): Sweeper {
  const { database, clock, waker, log, everyMs } = context;
  let stopped = false;
  let wake: (() => void) | undefined;
  const dueLeads = patience();
  const dueHandoffs = patience();

  async function sweep(): Promise<void> {
    const unparked = await unparkOld(database, clock);
    if (unparked > 0) log.info({ leads: unparked }, 'trying parked leads again');
    await settleExpiredClaims(database, clock);
    const overdue = await findOverdue(database, clock);
    waker.leadsLater(dueLeads(overdue.leads));
    waker.handoffs(dueHandoffs(overdue.handoffs));
    // A publishing marks the first of a large company's leads itself, and one that was killed on the way not even these.
    await continueRefolds(database, BATCHES_AT_ONCE);
    const released = await releaseHeld(database, clock);
    waker.leadsLater(released);
    if (released.length > 0)
      log.info({ leads: released.length }, 'gave leads that a publishing made ready for sales their turn');
  }

  const running = (async () => {
    while (!stopped) {
      await sweep().catch((error: unknown) => log.error(loggable(error), 'sweep failed; trying again'));
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everyMs).unref();
      });
    }
  })();

  return {
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}

/**
 * Whom to tell of those that a sweep found. One that was just raised gets its own signal and is given time for it until
 * the next sweep; one that was told may wait in Temporal's queue, where a signal each sweep would only make it longer.
 */
function patience(): (found: readonly string[]) => readonly string[] {
  let tellFrom = new Map<string, number>();
  return (found) => {
    const now = performance.now();
    const told = found.filter((id) => (tellFrom.get(id) ?? Number.POSITIVE_INFINITY) <= now);
    const next = new Map(found.map((id) => [id, tellFrom.get(id) ?? now]));
    for (const id of told) next.set(id, now + RETELL_MS);
    tellFrom = next;
    return told;
  };
}
