import { type Instant, MINUTE } from '../instant.ts';
import type { FoldState } from './fold-state.ts';

/** A visit ends after half an hour without an event, as web analytics count them. */
export const SESSION_GAP_MS = 30 * MINUTE;

/** Notes that the person was on a website at `at`: on the visit before, or on a new one. */
export function noteVisit(state: FoldState, at: Instant): void {
  const { session } = state;
  if (session === null) state.session = { number: 1, lastAt: at };
  else {
    if (at - session.lastAt > SESSION_GAP_MS) session.number += 1;
    session.lastAt = at;
  }
}
