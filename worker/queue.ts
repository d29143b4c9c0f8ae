/** Work that waits its turn. */
export interface Queue<T> {
  /** An item that waits already is not added once more; one that is being worked on is. */
  add(item: T): void;
  /** Takes nothing more, and resolves when what is under way is done. */
  stop(): Promise<void>;
}

/** Works on what is added, first come first served, at most `atOnce` at a time. `work` must not throw. */
export function startQueue<T>({
  atOnce,
  work,
}: {
  readonly atOnce: number;
  readonly work: (item: T) => Promise<void>;
}): Queue<T> {
  // A set keeps the order of insertion, and gives up its first without moving the rest.
  const waiting = new Set<T>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  function pump(): void {
    while (!stopped && running.size < atOnce) {
      const [item] = waiting;
      if (item === undefined) return;
      waiting.delete(item);
      const job: Promise<void> = work(item)
        .catch(() => {})
        .finally(() => {
          running.delete(job);
          pump();
        });
      running.add(job);
    }
  }

  return {
    add(item) {
      if (stopped) return;
      waiting.add(item);
      pump();
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
