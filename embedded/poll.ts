import { setTimeout as sleep } from 'node:timers/promises';

/** A probe throws this when asking again is of no use; any other error means "not yet". */
export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

/**
 * Asks until the probe answers without error.
 *
 * @throws Hopeless from the probe, or the signal's reason once it is aborted
 */
export async function poll<T>(probe: () => Promise<T>, everyMs: number, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await probe();
    } catch (error) {
      if (error instanceof Hopeless) throw error;
    }
    await sleep(everyMs, undefined, { signal });
  }
}

/** Waits until the condition holds. Returns false if it does not within the limit. */
export async function waitUntil(condition: () => boolean, limitMs: number, everyMs = 20): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(everyMs);
  }
  return true;
}
