import type { Instant } from '../instant.ts';
import type { Pace } from './compile-model.ts';
import { type FoldState, own } from './fold-state.ts';
import { leftAfter, paceKey } from './worth.ts';

/** Adds points to the state's sums; `at` must not lie before what was added last. */
export function addPoints(state: FoldState, pace: Pace, points: number, at: Instant, firm: boolean): void {
  const { group, halfLife, validFor } = pace;
  if (validFor !== null) {
    state.expiring.push({ group, halfLife, points, at, until: at + validFor, firm });
    return;
  }
  const sum = own(state.sums, group) ?? {};
  state.sums[group] = sum;
  const key = paceKey(halfLife);
  const fading = sum[key];
  if (fading === undefined) {
    sum[key] = { firm: firm ? points : 0, open: firm ? 0 : points, at };
    return;
  }
  const left = leftAfter(at - fading.at, halfLife);
  fading.firm = fading.firm * left + (firm ? points : 0);
  fading.open = fading.open * left + (firm ? 0 : points);
  fading.at = at;
}

/** A person was here: what was provisional counts from now on. */
export function confirmPoints(state: FoldState): void {
  for (const group in state.sums) {
    const sum = state.sums[group] ?? {};
    for (const pace in sum) {
      const fading = sum[pace];
      if (fading === undefined || fading.open === 0) continue;
      fading.firm += fading.open;
      fading.open = 0;
    }
  }
  for (const one of state.expiring) one.firm = true;
}

/** Forgets points that have expired at `at`. */
export function dropExpired(state: FoldState, at: Instant): void {
  if (state.expiring.some(({ until }) => until <= at)) {
    state.expiring = state.expiring.filter(({ until }) => until > at);
  }
}
