import type { Count, Interval } from './interval.ts';
import { wilson } from './wilson.ts';

/**
 * The difference of two rates, with those with something first, and its interval made of the two Wilson intervals.
 *
 * R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven methods,
 * Stat. Med. 17 (1998) 873–890, method 10.
 */
export function difference(some: Count, others: Count): Interval {
  const [a, b] = [wilson(some), wilson(others)];
  const estimate = a.estimate - b.estimate;
  return {
    estimate,
    low: estimate - Math.hypot(a.estimate - a.low, b.high - b.estimate),
    high: estimate + Math.hypot(a.high - a.estimate, b.estimate - b.low),
  };
}
