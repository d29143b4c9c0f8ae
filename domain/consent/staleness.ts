import { durationMs, type Instant } from '../instant.ts';
import type { ConsentState } from './consent.ts';
import type { StalenessPolicy } from './policy.ts';

/**
 * `state` with the instant from which it no longer carries a mail: `after` since the person last confirmed it or was
 * last written to under it, whichever was later (AG München 161 C 12736/22: four years without a mail).
 *
 * `lastSentAt`: of the consent's purpose; null: nothing was sent.
 */
export function withStaleness(
  state: ConsentState,
  policy: StalenessPolicy | null,
  lastSentAt: Instant | null,
): ConsentState {
  if (state.kind !== 'granted' || policy === null || state.at === undefined) return state;
  return { ...state, staleAt: Math.max(state.at, lastSentAt ?? state.at) + durationMs(policy.after) };
}
