/** How long an orderly stop may take before the process ends regardless. Below the supervisor's own 20 s. */
const STOP_LIMIT_MS = 18_000;

/**
 * Ends this process in order, once: when asked to (SIGTERM, SIGINT) and when its supervisor is gone.
 *
 * A supervisor killed with SIGKILL can't stop its children, and a worker left alone would go on sending beside the
 * next start's worker. The IPC channel closes with the supervisor, so the child notices at once. A process started
 * by hand has no channel and hears signals only.
 *
 * @param stop finishes what is under way and closes connections; the exit code is 1 if it throws or takes over 18 s
 */
export function exitWithParent(stop: () => Promise<void>): void {
  let stopping = false;
  const end = (why: string): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      console.error(`stop (${why}) took over ${STOP_LIMIT_MS / 1000} s; ending anyway`);
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(`stop (${why}) failed:`, error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  // A channel that is already closed would never say so again.
  if (process.send && !process.connected) end('supervisor gone');
  process.on('disconnect', () => end('supervisor gone'));
}

/** The message by which a child tells its supervisor that it does its work. */
export interface ReadyMessage {
  readonly ready: true;
}

/** Tells the supervisor, if there is one, that this process is ready. */
export function announceReady(): void {
  const message: ReadyMessage = { ready: true };
  // The supervisor may vanish between the check and the write; `exitWithParent` deals with that.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

export function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === 'object' && message !== null && 'ready' in message && message.ready === true;
}
