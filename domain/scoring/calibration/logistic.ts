import { factorise } from './cholesky.ts';

/** One case: what is known of it, as the columns that are not 0 in ascending order, and how it ended. */
export interface Observation {
  readonly columns: readonly number[];
  /** What stands in each of `columns`. */
  readonly values: readonly number[];
  /** Log-odds that are taken for given. */
  readonly offset: number;
  readonly success: boolean;
}

export interface LogisticFit {
  readonly coefficients: Float64Array;
  readonly standardErrors: Float64Array;
}

const MOST_STEPS = 50;
const CLOSE_ENOUGH = 1e-9;

/**
 * Logistic regression with a penalty on large coefficients: the mode of the posterior where column j has a normal prior
 * of mean 0 and variance 1 / `precision[j]`, with standard errors from the curvature there. With every precision above
 * 0 the mode exists and is unique, also where winners and others are perfectly separated, and the standard error is
 * never more than the prior's.
 *
 * Newton's method, which is iteratively reweighted least squares: P. McCullagh, J. A. Nelder, Generalized Linear Models
 * (1989) § 4.4; the penalty: S. le Cessie, J. C. van Houwelingen, Appl. Stat. 41 (1992) 191–201.
 */
export function fitLogistic(observations: readonly Observation[], precision: readonly number[]): LogisticFit {
  let coefficients = new Float64Array(precision.length);
  let present = curvature(observations, precision, coefficients);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const direction = factorise({ size: precision.length, values: present.hessian }).solve(present.gradient);
    let length = 1;
    let next = move(coefficients, direction, length);
    let there = curvature(observations, precision, next);
    // A whole step may lead too far where probabilities are near 0 or 1; the half of a half leads up.
    while (there.objective < present.objective - CLOSE_ENOUGH && length > 1e-6) {
      length /= 2;
      next = move(coefficients, direction, length);
      there = curvature(observations, precision, next);
    }
    const moved = direction.reduce((most, value) => Math.max(most, Math.abs(value) * length), 0);
    [coefficients, present] = [next, there];
    if (moved < CLOSE_ENOUGH) break;
  }
  const variances = factorise({ size: precision.length, values: present.hessian }).inverseDiagonal();
  return { coefficients, standardErrors: variances.map(Math.sqrt) };
}

function move(from: Float64Array, direction: Float64Array, length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(from, (value, index) => value + length * (direction[index] ?? 0));
}

interface Curvature {
  /** Penalised log-likelihood. */
  readonly objective: number;
  readonly gradient: Float64Array;
  /** Of the negative objective; the lower triangle. */
  readonly hessian: Float64Array;
}

function curvature(
  observations: readonly Observation[],
  precision: readonly number[],
  coefficients: Float64Array,
): Curvature {
  const size = precision.length;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  let objective = 0;
  precision.forEach((weight, column) => {
    const value = coefficients[column] ?? 0;
    objective -= (weight * value * value) / 2;
    gradient[column] = -weight * value;
    hessian[column * size + column] = weight;
  });
  // Plain loops over the pairs of columns that a case has: this is where the time goes.
  for (const { columns, values, offset, success } of observations) {
    let logOdds = offset;
    for (let i = 0; i < columns.length; i += 1) logOdds += (values[i] ?? 0) * (coefficients[columns[i] ?? 0] ?? 0);
    const chance = 1 / (1 + Math.exp(-logOdds));
    objective -= softplus(success ? -logOdds : logOdds);
    const residual = (success ? 1 : 0) - chance;
    const weight = chance * (1 - chance);
    for (let i = 0; i < columns.length; i += 1) {
      const row = columns[i] ?? 0;
      const value = values[i] ?? 0;
      gradient[row] = (gradient[row] ?? 0) + residual * value;
      for (let j = 0; j <= i; j += 1) {
        const place = row * size + (columns[j] ?? 0);
        hessian[place] = (hessian[place] ?? 0) + weight * value * (values[j] ?? 0);
      }
    }
  }
  return { objective, gradient, hessian };
}

/** ln(1 + eˣ) without overflow. */
function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
