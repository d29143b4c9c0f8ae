import type { Log } from '../../config/log.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { type InboundOptions, processInbound } from '../../store/process-inbound.ts';
import { type Loop, startLoop } from '../loop.ts';

/** Understands what came back and acts on it, one after the other, oldest first; any number of workers share the work. */
export function startInboundProcessor(
  context: { readonly database: Database; readonly clock: Clock; readonly log: Log } & InboundOptions,
): Loop {
  const { database, clock, log } = context;
  return startLoop({
    name: 'processing inbound mail',
    log,
    step: async () => ((await processInbound(database, clock, context)) ? 'more' : 'done'),
  });
}
