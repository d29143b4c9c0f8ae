import type { Instant } from '../instant.ts';
import type { UnknownPolicy } from '../sender/unknown-policy.ts';
import { nextAttempt } from './backoff.ts';

/** What shows that a mail has left: it came back, was looked at, answered, or the provider says so. */
export const deliveryProofs = ['bounce', 'open', 'click', 'provider', 'reply'] as const;
export type DeliveryProof = (typeof deliveryProofs)[number];

/** What decides the fate of a claim that ends without a result. */
export interface IfLost {
  /** Of the mail's sender. */
  readonly policy: UnknownPolicy;
  /** It was sent again once before; it is not a second time. */
  readonly sentAgain: boolean;
  /** Null: nothing has come back of it. */
  readonly proof: DeliveryProof | null;
  /** Claims so far. */
  readonly attempts: number;
  /** Its enrolment or handoff still goes on. */
  readonly wanted: boolean;
}

/** What becomes of a mail of which nobody knows whether it has left. */
export interface LostClaim {
  readonly state: 'unknown' | 'accepted' | 'deferred';
  readonly reason: string;
  /** When it is sent again; null: not. */
  readonly nextAttemptAt: Instant | null;
}

/** Where nothing is known of its sender. */
const ASK: IfLost = { policy: 'ask', sentAgain: false, proof: null, attempts: 1, wanted: true };

/** The reason of a mail that is sent again: what of it may have left counts as sent. */
export const SEND_AGAIN = 'send-again';

/**
 * The fate of a mail whose claim has ended without a result, or whose content was handed over and no answer came (RFC
 * 1047). `otherwise` is the reason where it stays unknown.
 */
export function fateOfLost(ifLost: IfLost | null | undefined, now: Instant, otherwise = 'no-result'): LostClaim {
  const { policy, sentAgain, proof, attempts, wanted } = ifLost ?? ASK;
  if (proof !== null) return { state: 'accepted', reason: `proved-by-${proof}`, nextAttemptAt: null };
  if (policy === 'count-as-sent') return { state: 'accepted', reason: 'counted-as-sent', nextAttemptAt: null };
  if (policy === 'send-again' && wanted && !sentAgain)
    return { state: 'deferred', reason: SEND_AGAIN, nextAttemptAt: nextAttempt(attempts, now) };
  return { state: 'unknown', reason: otherwise, nextAttemptAt: null };
}
