import type { Log } from '../config/log.ts';
import { assessLeads } from '../store/assess-leads.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { type Loop, startLoop } from './loop.ts';

/** Folds whatever comes in, as long as it runs; any number of them share the work. */
export function startAssessor(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly onAttention: (leads: readonly string[]) => void;
}): Loop {
  const { database, clock, log, onAttention } = context;
  return startLoop({
    name: 'assessing',
    log,
    async step() {
      const batch = await assessLeads(database, clock);
      if (batch.attention.length > 0) onAttention(batch.attention);
      if (batch.interactions > 0) log.debug({ leads: batch.leads, interactions: batch.interactions }, 'assessed');
      if (batch.more) return 'more';
      return batch.skipped > 0 ? 'held' : 'done';
    },
  });
}
