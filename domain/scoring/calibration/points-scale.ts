import type { ClosedHandoff } from './closed-handoff.ts';
import type { Features } from './features.ts';
import { type Interval, Z95 } from './interval.ts';
import { fitLogistic } from './logistic.ts';

/** A side of a score: behaviour in points, or the profile's own. */
export type Side = 'behaviour' | 'profile';
export const sides = ['behaviour', 'profile'] as const;

/** What a point of one side was worth in these outcomes. */
export interface PointsScale {
  /** By how much one more point raises the log-odds of being won. */
  readonly perPoint: Interval;
  /** The score certainly rises with the chance: only then can an effect be told in points. */
  readonly tells: boolean;
}

export type PointsScales = { readonly [side in Side]: PointsScale | null };

/** Priors so wide that they only matter where the outcomes say nothing: of the base log-odds, and per spread of the score. */
const BASE_SPREAD = 10;
const SLOPE_SPREAD = 2.5;

export function pointsOf(features: Features, side: Side): number {
  return side === 'behaviour' ? features.firmPoints : features.profilePoints;
}

/**
 * What a point is worth: a logistic regression of the outcome on the points of both sides. It is the first step of
 * updating a model in E. W. Steyerberg et al., Stat. Med. 23 (2004) 2567–2586 (recalibration). Null for a side on which
 * all these leads have the same points.
 */
export function fitScales(handoffs: readonly ClosedHandoff[]): PointsScales {
  const spreads = sides.flatMap((side) => {
    const points = handoffs.map(({ features }) => pointsOf(features, side));
    const spread = spreadOf(points);
    return spread > 1e-6 ? [{ side, middle: meanOf(points), spread }] : [];
  });
  const { coefficients, standardErrors } = fitLogistic(
    handoffs.map(({ features, won }) => ({
      columns: [0, ...spreads.map((_, index) => index + 1)],
      values: [1, ...spreads.map(({ side, middle, spread }) => (pointsOf(features, side) - middle) / spread)],
      offset: 0,
      success: won,
    })),
    [1 / BASE_SPREAD ** 2, ...spreads.map(() => 1 / SLOPE_SPREAD ** 2)],
  );
  const scaleOf = (wanted: Side): PointsScale | null => {
    const index = spreads.findIndex(({ side }) => side === wanted);
    const found = spreads[index];
    if (found === undefined) return null;
    const estimate = (coefficients[index + 1] ?? 0) / found.spread;
    const margin = (Z95 * (standardErrors[index + 1] ?? 0)) / found.spread;
    return { perPoint: { estimate, low: estimate - margin, high: estimate + margin }, tells: estimate - margin > 0 };
  };
  return { behaviour: scaleOf('behaviour'), profile: scaleOf('profile') };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function spreadOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}
