import type { Instant } from '../instant.ts';
import { retryAt } from './retry.ts';

/** How one attempt to tell an endpoint ended. */
export type Attempt =
  | { readonly kind: 'answered'; readonly status: number }
  /** No answer came. `problem` says why, in words that quote nothing of what was sent or received. */
  | { readonly kind: 'failed'; readonly problem: string };

/** What an HTTP status means to the sender (Standard Webhooks: 2xx is success, 410 asks to be left alone, all else failed). */
export type Verdict = 'delivered' | 'gone' | 'redirected' | 'failed';

export function classify(status: number): Verdict {
  if (status >= 200 && status < 300) return 'delivered';
  if (status === 410) return 'gone';
  if (status >= 300 && status < 400) return 'redirected';
  return 'failed';
}

/** What becomes of a delivery. */
export type AfterAttempt =
  | { readonly state: 'delivered' }
  | {
      readonly state: 'waiting';
      readonly nextAttemptAt: Instant;
      readonly problem: string;
      readonly disablesEndpoint: boolean;
    }
  | { readonly state: 'dead'; readonly problem: string; readonly disablesEndpoint: boolean };

/**
 * Decides after the `attempts`-th attempt (from 1). One whose endpoint is gone waits for the endpoint to be enabled again,
 * and with it the lead's later ones, so that their order stays.
 */
export function afterAttempt(attempt: Attempt, attempts: number, now: Instant): AfterAttempt {
  const verdict = attempt.kind === 'answered' ? classify(attempt.status) : 'failed';
  if (verdict === 'delivered') return { state: 'delivered' };
  const problem = attempt.kind === 'answered' ? inWords(verdict, attempt.status) : attempt.problem;
  const disablesEndpoint = verdict === 'gone';
  const next = retryAt(attempts, now);
  if (next === null) return { state: 'dead', problem, disablesEndpoint };
  return { state: 'waiting', nextAttemptAt: disablesEndpoint ? now : next, problem, disablesEndpoint };
}

function inWords(verdict: Exclude<Verdict, 'delivered'>, status: number): string {
  switch (verdict) {
    case 'gone':
      return 'The endpoint answered 410 (gone) and was disabled.';
    case 'redirected':
      return `The endpoint answered ${status}, a redirect, which is not followed: register the address it leads to.`;
    case 'failed':
      return `The endpoint answered ${status}; 2xx means received.`;
    default:
      return verdict satisfies never;
  }
}
