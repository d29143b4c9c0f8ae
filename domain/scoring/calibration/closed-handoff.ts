import type { HandoffOutcome } from '../../handoff/outcome.ts';
import type { Features } from './features.ts';

/** A handoff that has ended: what was known of the lead when it was offered, and what sales made of it. */
export interface ClosedHandoff {
  readonly features: Features;
  readonly won: boolean;
}

/** Won is the good end. The others are not, as far as they are counted at all. */
export function isWon(outcome: HandoffOutcome): boolean {
  return outcome === 'won';
}
