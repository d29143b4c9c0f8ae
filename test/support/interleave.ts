import { type Database, openDatabase } from '../../store/database.ts';
import { TEST_HASH_KEY } from './database.ts';

/** One actor of an interleaving: does its work on a database of its own, whose every statement waits for its turn. */
export interface Actor {
  readonly name: string;
  run(database: Database): Promise<void>;
}

export interface Interleaver {
  /**
   * Runs the actors at the same time, one statement at a time; `next` chooses whose statement is the next among those
   * that could go on. An actor that PostgreSQL makes wait for a lock is left waiting while the others go on.
   */
  run(actors: readonly Actor[], next: (ready: number) => number): Promise<void>;
  close(): Promise<void>;
}

/** After this time without reaching its next statement, an actor is taken to wait for another's lock. */
const BLOCKED_MS = 4;

export function createInterleaver(url: string, actors: number): Interleaver {
  const gates = Array.from({ length: actors }, () => createGate());
  const databases = gates.map((gate) =>
    openDatabase({ url, hashKey: TEST_HASH_KEY, poolSize: 1, beforeStatement: () => gate.wait() }),
  );
  return {
    async run(list, next) {
      const running = list.map((actor, index) => {
        const gate = gates[index]!;
        gate.begin();
        return actor.run(databases[index]!).then(
          () => gate.end(),
          (error: unknown) => gate.end(error),
        );
      });
      const used = gates.slice(0, list.length);
      await Promise.all(used.map((gate) => gate.settled(BLOCKED_MS)));
      while (used.some((gate) => !gate.ended())) {
        const ready = used.filter((gate) => gate.waiting());
        const chosen = ready[next(ready.length)];
        const busy = used.filter((gate) => !gate.ended() && !gate.waiting());
        if (chosen === undefined) {
          // Everybody is busy with a statement or waits for a lock: the first to come through goes on.
          if (busy.length > 0) await Promise.race(busy.map((gate) => gate.settled(1_000)));
          continue;
        }
        chosen.open();
        await chosen.settled(BLOCKED_MS);
        // Its commit let others have their locks; they are given time to reach their next statement.
        if (chosen.ended()) await Promise.all(busy.map((gate) => gate.settled(BLOCKED_MS)));
      }
      await Promise.all(running);
      for (const gate of used) gate.check();
    },
    async close() {
      await Promise.all(databases.map((database) => database.close()));
    },
  };
}

function createGate() {
  let state: 'busy' | 'waiting' | 'ended' = 'ended';
  let release: (() => void) | undefined;
  let failure: unknown;
  const changed: (() => void)[] = [];
  const set = (next: typeof state) => {
    state = next;
    for (const notify of changed.splice(0)) notify();
  };
  return {
    begin() {
      failure = undefined;
      state = 'busy';
    },
    wait: () =>
      new Promise<void>((resolve) => {
        release = resolve;
        set('waiting');
      }),
    open() {
      const go = release;
      release = undefined;
      state = 'busy';
      go?.();
    },
    end(error?: unknown) {
      failure = error;
      set('ended');
    },
    check() {
      if (failure !== undefined) throw failure;
    },
    waiting: () => state === 'waiting',
    ended: () => state === 'ended',
    /** Resolves when the actor waits for its turn or has ended, or after `limitMs`. */
    settled: (limitMs: number) =>
      state !== 'busy'
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, limitMs);
            changed.push(() => {
              clearTimeout(timer);
              resolve();
            });
          }),
  };
}
