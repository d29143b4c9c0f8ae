/** A second signal this soon after the first is the same Ctrl-C: the terminal and npm both pass it on. */
const SAME_REQUEST_MS = 700;
const PARENT_CHECK_MS = 1000;
const INSISTENT: readonly string[] = ['SIGINT', 'SIGTERM'];

export interface StopRequest {
  /** The first request. */
  readonly stop: (why: string) => Promise<void>;
  /** A further Ctrl-C or SIGTERM while `stop` is at work. */
  readonly force: () => void;
}

/**
 * Calls `stop` on Ctrl-C, SIGTERM, a closed terminal, and when the `npm start` that this process runs under is gone.
 *
 * npm passes signals to the shell it started, and most shells die of SIGTERM without passing it on: without the last
 * rule, `kill` on `npm start` would leave everything running.
 */
export function onStopRequest({ stop, force }: StopRequest): void {
  let firstAt: number | undefined;
  const request = (why: string): void => {
    const now = performance.now();
    if (firstAt !== undefined) {
      // Only a person asks twice: a terminal that closes ends npm as well, and both are noticed, one after the other.
      if (INSISTENT.includes(why) && now - firstAt > SAME_REQUEST_MS) force();
      return;
    }
    firstAt = now;
    stop(why).catch((error: unknown) => {
      console.error('stopping failed:', error);
      force();
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => request(signal));
  // Writing to a terminal that was closed must not end this process before its children are stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    request('npm is gone');
  }, PARENT_CHECK_MS);
  timer.unref();
}
