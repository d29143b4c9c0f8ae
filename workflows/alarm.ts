import { sleep } from '@temporalio/workflow';

/**
 * A journey's one timer. It is armed at the earliest instant asked for and kept: a later wish rings early, which costs
 * one look, where a timer cancelled and started for every wake would cost three events each time.
 */
export interface Alarm {
  /** Ring at `instant` (epoch milliseconds) at the latest; null asks for nothing. */
  set(instant: number | null): void;
  /** True once it has rung since the last `reset`. */
  rang(): boolean;
  /** The latest instant that it rang for, or 0. Stops the ringing. */
  reset(): number;
}

export function createAlarm(): Alarm {
  let armedFor: number | null = null;
  let rangFor = 0;
  return {
    set(instant) {
      if (instant === null || (armedFor !== null && armedFor <= instant)) return;
      armedFor = instant;
      void sleep(Math.max(1, instant - Date.now())).then(() => {
        rangFor = Math.max(rangFor, instant);
        if (armedFor === instant) armedFor = null;
      });
    },
    rang: () => rangFor > 0,
    reset() {
      const instant = rangFor;
      rangFor = 0;
      return instant;
    },
  };
}
