/** An estimate with the bounds of its 95 % confidence interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** How many of `n` had the good end. */
export interface Count {
  readonly n: number;
  readonly won: number;
}

/** The 97.5 % point of the standard normal distribution: two-sided 95 %. */
export const Z95 = 1.959963984540054;
