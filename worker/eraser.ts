import { type Log, loggable } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { continueErasure } from '../store/erase-lead.ts';
import { dropLateEvents } from '../store/erased-identities.ts';
import { noteErasureFailed, openErasures } from '../store/erasures.ts';
import { isTransient } from '../store/is-transient.ts';
import { errorCode } from '../store/park-lead.ts';
import { type Loop, startLoop } from './loop.ts';

const AT_ONCE = 20;
/** Events of erased people that come in late are looked for this often. */
const LATE_EVENTS_EVERY_MS = 60_000;

/**
 * Does what is left of erasures: those that a mail or webhook on its way held up, or that a process was stopped in; and
 * removes what comes in late of people who were erased.
 */
export function startEraser(context: { readonly database: Database; readonly clock: Clock; readonly log: Log }): Loop {
  const { database, clock, log } = context;
  let lookAgain = 0;
  return startLoop({
    name: 'erasing',
    log,
    async step() {
      for (const leadId of await openErasures(database, AT_ONCE)) {
        try {
          if (await continueErasure(database, clock, leadId)) log.info({ leadId }, 'erased a lead');
        } catch (error) {
          if (isTransient(error)) throw error;
          // One that fails holds up no other, and is tried again.
          log.error(loggable(error), 'an erasure failed; trying again');
          await noteErasureFailed(database, leadId, errorCode(error));
        }
      }
      if (performance.now() >= lookAgain) {
        const dropped = await dropLateEvents(database, clock);
        if (dropped > 0) log.info({ interactions: dropped }, 'removed what came in late of erased people');
        lookAgain = performance.now() + LATE_EVENTS_EVERY_MS;
      }
      return 'done';
    },
  });
}
