import type { Instant } from '../instant.ts';
import type { CompiledModel } from './compile-model.ts';
import type { FoldState } from './fold-state.ts';
import { firmBounds, worthAt } from './worth.ts';

/** Where one starts to look; each further interval is twice as long. */
const FIRST_INTERVAL_MS = 3_600_000;
/** Nobody plans for later than this. */
const HORIZON_MS = 100 * 365.25 * 86_400_000;
/** Sums that touch a step for long without crossing it could be halved for ever. */
const MOST_LOOKS = 20_000;

/**
 * The first millisecond in (`after`, `to`] at which fading takes firm points over one of `steps` (ascending; a
 * band's or the threshold's bounds), or null. Nothing may expire or be awarded in between; `to` may be infinite.
 *
 * Exact, by halving: an interval whose bounds lie between the same two steps is passed over whole, any other is
 * halved, the earlier half first, down to the single millisecond. (In the rare case that sums of opposite signs graze a
 * step, it gives an earlier instant at which to look again: never a later one.)
 */
export function firstStep(
  model: CompiledModel,
  state: FoldState,
  after: Instant,
  to: Instant,
  steps: readonly number[] = model.steps,
): Instant | null {
  if (to <= after || steps.length === 0) return null;
  const present = stepOf(steps, worthAt(model, state, after).firm);
  const stays = (from: Instant, until: Instant) => {
    const { least, most } = firmBounds(model, state, from, until);
    return stepOf(steps, least) === present && stepOf(steps, most) === present;
  };
  if (stays(after, to)) return null;
  let looks = 0;
  const search = (from: Instant, until: Instant): Instant | null => {
    looks += 1;
    if (looks > MOST_LOOKS) return from;
    if (from === until) return stepOf(steps, worthAt(model, state, from).firm) === present ? null : from;
    if (stays(from, until)) return null;
    const middle = from + Math.floor((until - from) / 2);
    return search(from, middle) ?? search(middle + 1, until);
  };
  let from = after + 1;
  for (let length = FIRST_INTERVAL_MS; from <= to && from - after < HORIZON_MS; length *= 2) {
    const until = Math.min(to, from + length - 1);
    const found = search(from, until);
    if (found !== null) return found;
    from = until + 1;
    if (from <= to && stays(from, to)) return null;
  }
  return null;
}

/** How many steps `points` have reached. */
function stepOf(steps: readonly number[], points: number): number {
  let reached = 0;
  for (const step of steps) {
    if (points < step) break;
    reached += 1;
  }
  return reached;
}
