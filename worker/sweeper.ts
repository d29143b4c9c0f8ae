import type { Clock } from '../store/clock.ts';
import { continueRefolds } from '../store/continue-refolds.ts';
import type { Database } from '../store/database.ts';
import { findOverdue, unparkOld } from '../store/sweep.ts';
import { type Log, loggable } from './log.ts';
import type { Signaller } from './signaller.ts';

export interface Sweeper {
  stop(): Promise<void>;
}

/** Finds, every `everyMs`, what should have been looked at and was not, and has it looked at. */
export function startSweeper(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly signaller: Signaller;
  readonly log: Log;
  readonly everyMs: number;
}): Sweeper {
  const { database, clock, signaller, log, everyMs } = context;
  let stopped = false;
  let wake: (() => void) | undefined;
  /** Handoffs found by the sweep before: one that was just raised gets its own signal and is given time for it. */
  let handoffsBefore = new Set<string>();

  async function sweep(): Promise<void> {
    const unparked = await unparkOld(database, clock);
    if (unparked > 0) log.info({ leads: unparked }, 'trying parked leads again');
    // A publishing that was killed on the way has leads left that it did not mark yet.
    await continueRefolds(database);
    const overdue = await findOverdue(database, clock);
    signaller.leads(overdue.leads);
    signaller.handoffs(overdue.handoffs.filter((id) => handoffsBefore.has(id)));
    handoffsBefore = new Set(overdue.handoffs);
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
