import { setTimeout as pause } from 'node:timers/promises';
import { assessLeads } from '../store/assess-leads.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { linkIdentities } from '../store/link-identities.ts';
import type { Attention } from '../store/raise-attention.ts';
import { type Log, loggable } from './log.ts';

/** Looks without having been told, in case the telling was lost. */
const UNTOLD_MS = 1_000;
/** A lead that somebody else held is tried again within this time. */
const SKIPPED_MS = 20;
const FAILED_MS = 500;

export interface Assessor {
  /** There is something to assess. */
  news(): void;
  /** Finishes the batch under way. */
  stop(): Promise<void>;
}

/** Links and folds whatever comes in, as long as it runs; any number of them share the work. */
export function startAssessor(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly onAttention: (leads: readonly Attention[]) => void;
}): Assessor {
  const { database, clock, log, onAttention } = context;
  let told = true;
  let wake: (() => void) | undefined;
  let stopped = false;

  async function untilNews(): Promise<void> {
    if (told || stopped) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, UNTOLD_MS).unref();
    });
    wake = undefined;
  }

  async function run(): Promise<void> {
    while (!stopped) {
      await untilNews();
      told = false;
      try {
        const linked = await linkIdentities(database, clock);
        const batch = await assessLeads(database, clock);
        if (batch.attention.length > 0) onAttention(batch.attention);
        if (batch.interactions > 0) log.debug({ leads: batch.leads, interactions: batch.interactions }, 'assessed');
        if (batch.more || linked > 0) told = true;
        else if (batch.skipped > 0) {
          await pause(SKIPPED_MS);
          told = true;
        }
      } catch (error) {
        log.error(loggable(error), 'assessing failed; trying again');
        await pause(FAILED_MS);
        told = true;
      }
    }
  }

  const running = run();
  return {
    news() {
      told = true;
      wake?.();
    },
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}
