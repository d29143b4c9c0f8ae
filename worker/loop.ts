import { setTimeout as pause } from 'node:timers/promises';
import { type Log, loggable } from '../config/log.ts';

/** Work that is done again and again: at once while there is more, else when there is news. */
export interface Loop {
  /** There is something to do. */
  news(): void;
  /** Finishes the step under way. */
  stop(): Promise<void>;
}

/** What a step left behind: more of the same, something that somebody else holds just now, or nothing. */
export type StepResult = 'more' | 'held' | 'done';

/** Looks without having been told, in case the telling was lost. */
const UNTOLD_MS = 1_000;
/** What somebody else held is tried again within this time. */
const HELD_MS = 20;
const FAILED_MS = 500;

/** Runs `step` until stopped. A step that fails is logged (without people's data) and tried again. */
export function startLoop({
  name,
  step,
  log,
}: {
  readonly name: string;
  readonly step: () => Promise<StepResult>;
  readonly log: Log;
}): Loop {
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
      if (stopped) return;
      told = false;
      try {
        const result = await step();
        if (result !== 'done') told = true;
        if (result === 'held') await pause(HELD_MS);
      } catch (error) {
        log.error(loggable(error), `${name} failed; trying again`);
        told = true;
        await pause(FAILED_MS);
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
