import type { Correction } from './corrections.ts';
import { Z95 } from './interval.ts';
import type { Evidence } from './lift.ts';

/** Why other points are suggested for a part. */
export type Reason =
  /** It tells more than its points say. */
  | 'tells-more'
  /** It tells in the direction of its points, but less than they say. */
  | 'tells-less'
  /** It tells the opposite of what its points say. */
  | 'wrong-way'
  /** It makes no difference worth having, and its points say that it does. */
  | 'tells-nothing';

export interface SuggestedPoints {
  readonly points: number;
  readonly reason: Reason;
}

/** Points are moved by at most half at a time: then new outcomes show whether that was right. */
const MOST_MOVED = 0.5;
/** A lift that certainly lies within these is none worth having points for. */
const NO_DIFFERENCE = { low: 0.8, high: 1.25 } as const;

export interface PartInNumbers {
  /** What it gives at present; not 0. */
  readonly points: number;
  /** What its points are worth on average in those who have it. */
  readonly worth: number;
  readonly evidence: Evidence;
  readonly correction: Correction;
  /** Log-odds per point; null where the score as a whole does not tell who is won. */
  readonly perPoint: number | null;
}

/**
 * Points with which the score would say what the outcomes say, or null where there is no sufficient reason to move them:
 * the correction in log-odds, turned into points by what a point is worth, as a share of what the part gives.
 * Where that is not known, only a part that tells the opposite of its points is moved, by the most.
 */
export function suggestPoints({
  points,
  worth,
  evidence,
  correction,
  perPoint,
}: PartInNumbers): SuggestedPoints | null {
  const { logOdds, error } = correction;
  if (points === 0 || worth === 0 || Math.abs(logOdds) < Z95 * error) return null;
  const reason = reasonFor(points, logOdds, evidence);
  if (reason === null || (perPoint === null && reason !== 'wrong-way')) return null;
  const share = perPoint === null ? -MOST_MOVED : logOdds / (perPoint * worth);
  const suggested = bounded(points, 1 + share);
  return suggested === points ? null : { points: suggested, reason };
}

function reasonFor(points: number, logOdds: number, { lift, distinguishable }: Evidence): Reason | null {
  const more = logOdds * points > 0;
  if (distinguishable) {
    const sameWay = (lift.estimate - 1) * points > 0;
    if (sameWay) return more ? 'tells-more' : 'tells-less';
    // Alone it tells the opposite of its points, among the others it does not: nothing that a person could follow.
    return more ? null : 'wrong-way';
  }
  const nothing = lift.low >= NO_DIFFERENCE.low && lift.high <= NO_DIFFERENCE.high;
  return nothing && !more ? 'tells-nothing' : null;
}

/** `points` times `factor` in whole points, moved by no more than half and never to nothing. */
function bounded(points: number, factor: number): number {
  const size = Math.abs(points);
  const least = Math.max(1, Math.ceil(size * (1 - MOST_MOVED)));
  const most = Math.floor(size * (1 + MOST_MOVED));
  return Math.sign(points) * Math.min(most, Math.max(least, Math.round(size * factor)));
}
