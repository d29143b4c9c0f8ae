import type { ConsentState, FrequencyPromise } from '../consent/consent.ts';
import { DAY, type Instant } from '../instant.ts';

/** Why a mail is not sent now. Stable codes: they stand in rows, answers and reports. */
export type WithheldReason =
  | 'sales-has-the-lead'
  | 'paused'
  | 'no-address'
  | 'no-consent'
  | 'consent-for-another-address'
  | 'consent-withdrawn'
  | 'suppressed'
  | 'frequency-promise'
  | 'deadline-passed'
  | 'left-the-stage'
  | 'enrolment-ended'
  | 'template-missing'
  | 'render-failed';

/** Everything that the gate looks at, for one marketing mail to one lead. */
export interface GateFacts {
  readonly handoffOpen: boolean;
  readonly paused: boolean;
  readonly address: string | null;
  readonly suppressed: boolean;
  readonly consent: ConsentState;
  /** Claims of the same purpose so far, ascending. `claimed` and `unknown` count as sent. */
  readonly sent: readonly Instant[];
  readonly deadlineAt: Instant | null;
}

/** `later` with `at: null`: until something changes, not until an instant. */
export type GateAnswer =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly reason: WithheldReason; readonly at: Instant | null }
  | { readonly kind: 'never'; readonly reason: WithheldReason };

/** Whether a marketing mail may be sent at `now`. Used by `plan` and, again, inside the claim's transaction. */
export function canMail(facts: GateFacts, now: Instant): GateAnswer {
  if (facts.suppressed) return { kind: 'never', reason: 'suppressed' };
  if (facts.consent.kind === 'withdrawn') return { kind: 'never', reason: 'consent-withdrawn' };
  if (facts.deadlineAt !== null && now >= facts.deadlineAt) return { kind: 'never', reason: 'deadline-passed' };
  if (facts.handoffOpen) return { kind: 'later', reason: 'sales-has-the-lead', at: null };
  if (facts.paused) return { kind: 'later', reason: 'paused', at: null };
  if (facts.address === null) return { kind: 'later', reason: 'no-address', at: null };
  if (facts.consent.kind === 'none') return { kind: 'later', reason: 'no-consent', at: null };
  if (facts.consent.address !== null && facts.consent.address !== facts.address) {
    return { kind: 'later', reason: 'consent-for-another-address', at: null };
  }
  const free = facts.consent.promise === null ? now : promiseAllowsAt(facts.consent.promise, facts.sent, now);
  if (free > now) return { kind: 'later', reason: 'frequency-promise', at: free };
  return { kind: 'now' };
}

/** The earliest instant from `now` on at which one more mail keeps every window of `promise.days` days at `promise.max`. */
export function promiseAllowsAt(promise: FrequencyPromise, sent: readonly Instant[], now: Instant): Instant {
  const last = sent[sent.length - promise.max];
  return last === undefined ? now : Math.max(now, last + promise.days * DAY);
}
