import { Z95 } from '../../scoring/calibration/interval.ts';

/** The 80 % point of the standard normal distribution: a difference that exists is seen in four of five trials. */
const Z_POWER_80 = 0.8416212335729143;

/** The normal approximation wants this many successes and failures expected in each of the two. */
const LEAST_EXPECTED = 5;

/**
 * How many leads the first of two arms needs (and the second `ratio` times as many) so that a difference between the
 * rates `one` and `other` is seen at 95 % confidence, both sides looked at, in 80 % of trials. Infinity where the rates
 * are the same. Without continuity correction, as Newcombe's interval has none.
 *
 * J. L. Fleiss, B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, chapter 4; for two
 * arms of the same size it is what R's `power.prop.test` gives.
 */
export function sampleSize(one: number, other: number, ratio = 1, power = Z_POWER_80): number {
  if (one === other) return Infinity;
  const mean = (one + ratio * other) / (1 + ratio);
  const spreadIfSame = Math.sqrt((1 + ratio) * mean * (1 - mean));
  const spread = Math.sqrt(ratio * one * (1 - one) + other * (1 - other));
  const needed = (Z95 * spreadIfSame + power * spread) ** 2 / (ratio * (one - other) ** 2);
  const smaller = Math.min(1, ratio);
  return Math.ceil(Math.max(needed, LEAST_EXPECTED / (smaller * mean), LEAST_EXPECTED / (smaller * (1 - mean))));
}
