import type { FrequencyPromise } from '../consent/consent.ts';
import { DAY, type Instant } from '../instant.ts';

/**
 * The earliest instant from `now` on at which one more mail keeps every window of `promise.days` times 24 hours at
 * `promise.max`. The windows slide with the hour, for the promise is read strictly (KG Berlin 5 U 1043/20): after a mail
 * on Tuesday at 10:00, "one in 7 days" allows the next on Tuesday at 10:00.
 *
 * `sent` are the mails of the promise's purpose, ascending.
 */
export function promiseAllowsAt(promise: FrequencyPromise, sent: readonly Instant[], now: Instant): Instant {
  const last = sent[sent.length - promise.max];
  return last === undefined ? now : Math.max(now, last + promise.days * DAY);
}
