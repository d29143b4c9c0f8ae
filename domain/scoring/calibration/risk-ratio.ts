import { type Count, type Interval, Z95 } from './interval.ts';

/**
 * How many times as often those with something are won as those without: the ratio of the two rates, with the interval
 * of Katz, which is symmetric on the logarithmic scale. Where one of the four cells of the table (with or without, won
 * or not) is empty, a half is added to each, since no logarithm is taken of 0; the estimate is then a little nearer to 1
 * than the plain ratio. Both counts must be at least 1.
 *
 * D. Katz, J. Baptista, S. P. Azen, M. C. Pike, Obtaining confidence intervals for the risk ratio in cohort studies,
 * Biometrics 34 (1978) 469–474. The half: S. D. Walter, Biometrika 62 (1975) 371–374; J. B. S. Haldane (1956).
 */
export function riskRatio(some: Count, others: Count): Interval {
  const empty = [some.won, some.n - some.won, others.won, others.n - others.won].some((cell) => cell === 0);
  const add = empty ? 0.5 : 0;
  const [wonWith, with_] = [some.won + add, some.n + 2 * add];
  const [wonWithout, without] = [others.won + add, others.n + 2 * add];
  const logarithm = Math.log(wonWith / with_ / (wonWithout / without));
  const error = Math.sqrt(1 / wonWith - 1 / with_ + 1 / wonWithout - 1 / without);
  return {
    estimate: Math.exp(logarithm),
    low: Math.exp(logarithm - Z95 * error),
    high: Math.exp(logarithm + Z95 * error),
  };
}
