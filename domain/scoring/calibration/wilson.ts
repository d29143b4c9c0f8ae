import { type Count, type Interval, Z95 } from './interval.ts';

/**
 * The share `won / n` with Wilson's score interval. Unlike the textbook one (estimate ± 1.96 standard errors) it stays
 * within 0 … 1 and is honest for few cases and for shares near 0 and 1. `n` must be at least 1.
 *
 * E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22 (1927)
 * 209–212; method 3 in R. G. Newcombe, Stat. Med. 17 (1998) 857–872, whose examples are the tests.
 */
export function wilson({ n, won }: Count): Interval {
  const estimate = won / n;
  const square = Z95 ** 2;
  const centre = estimate + square / (2 * n);
  const spread = Z95 * Math.sqrt((estimate * (1 - estimate)) / n + square / (4 * n * n));
  const scale = 1 + square / n;
  // At the ends the bound is exactly 0 or 1; rounding must not take it past the estimate.
  return {
    estimate,
    low: won === 0 ? 0 : Math.min(estimate, (centre - spread) / scale),
    high: won === n ? 1 : Math.max(estimate, (centre + spread) / scale),
  };
}
