import { HOUR, type Instant, MINUTE } from '../instant.ts';

/** When to try a deferred mail again after its `attempts`-th attempt: a minute, doubling, at most four hours apart (RFC 5321 4.5.4.1). */
export function nextAttempt(attempts: number, now: Instant): Instant {
  return now + Math.min(4 * HOUR, MINUTE * 2 ** (attempts - 1));
}
