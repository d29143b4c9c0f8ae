import type { Log } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { linkIdentities } from '../store/link-identities.ts';
import { type Loop, startLoop } from './loop.ts';

/** Applies identifies beside the assessor, so that an import of many people does not hold up scoring. */
export function startLinker(context: { readonly database: Database; readonly clock: Clock; readonly log: Log }): Loop {
  const { database, clock, log } = context;
  return startLoop({
    name: 'linking',
    log,
    step: async () => ((await linkIdentities(database, clock)) > 0 ? 'more' : 'done'),
  });
}
