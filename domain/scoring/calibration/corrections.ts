import type { ClosedHandoff } from './closed-handoff.ts';
import { GUARD } from './guard.ts';
import { hasPart, type Lift, type Part } from './lift.ts';
import { fitLogistic, type Observation } from './logistic.ts';
import { type PointsScales, pointsOf, sides } from './points-scale.ts';

/** How much likelier leads with a part are won than their score says, all other parts being equal. */
export interface Correction {
  /** Log-odds: what the part's points should have said in addition. */
  readonly logOdds: number;
  readonly error: number;
}

/**
 * That a part's points are off by a factor of two in the odds, one way or the other, is taken for usual. It draws every
 * correction towards "the points are right", the more the fewer outcomes speak against it.
 */
const USUAL_CORRECTION = Math.LN2;
const BASE_SPREAD = 10;

export const keyOfPart = ({ kind, id }: Pick<Part, 'kind' | 'id'>) => `${kind} ${id}`;

/**
 * Corrections for every part that is known well enough: a logistic regression on all of them together, in which the
 * present score is taken for given. Together, because leads were handed over for their score: among them who has not one
 * thing has another, so each part looked at alone seems to matter less than it does. A regression on all that the score
 * is made of is not misled by that choice. It is the second step in Steyerberg et al. 2004 (revision, with shrinkage
 * towards the recalibrated model).
 */
export function fitCorrections(
  handoffs: readonly ClosedHandoff[],
  lifts: readonly Lift[],
  scales: PointsScales,
): ReadonlyMap<string, Correction> {
  const parts = lifts.filter(({ evidence }) => evidence !== null);
  // That nobody asked may itself tell something; without a column of its own it would be taken for "does not hold".
  const unasked = parts.filter(({ unknown }) => unknown >= GUARD.with);
  const precision = [1 / BASE_SPREAD ** 2, ...[...parts, ...unasked].map(() => 1 / USUAL_CORRECTION ** 2)];
  const observations = handoffs.map((handoff): Observation => {
    const columns = [0];
    parts.forEach((part, index) => {
      if (hasPart(handoff, part) === true) columns.push(index + 1);
    });
    unasked.forEach((part, index) => {
      if (hasPart(handoff, part) === null) columns.push(parts.length + index + 1);
    });
    return { columns, values: columns.map(() => 1), offset: scoreLogOdds(handoff, scales), success: handoff.won };
  });
  const { coefficients, standardErrors } = fitLogistic(observations, precision);
  return new Map(
    parts.map((part, index) => [
      keyOfPart(part),
      { logOdds: coefficients[index + 1] ?? 0, error: standardErrors[index + 1] ?? Number.POSITIVE_INFINITY },
    ]),
  );
}

/** What the present score says, on the scale that the outcomes gave it. A side that tells nothing says nothing. */
function scoreLogOdds({ features }: ClosedHandoff, scales: PointsScales): number {
  return sides.reduce((sum, side) => {
    const scale = scales[side];
    return scale?.tells ? sum + scale.perPoint.estimate * pointsOf(features, side) : sum;
  }, 0);
}
