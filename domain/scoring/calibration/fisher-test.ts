import type { Count } from './interval.ts';

/** Tables as likely as the one that was found must count as such, whatever the last bits say (R uses the same). */
const AS_LIKELY = 1 + 1e-7;

/**
 * Fisher's exact test: how likely a table at least as uneven as this one is if having something makes no difference to
 * being won. Two-sided, by adding up all tables with the same margins that are no likelier. Exact for any counts; the
 * χ² test is not where few are won.
 *
 * R. A. Fisher, The Design of Experiments (1935) chapter 2; A. Agresti, Categorical Data Analysis (2013) § 3.5.
 */
export function fisherTest(some: Count, others: Count): number {
  const all = some.n + others.n;
  const won = some.won + others.won;
  const least = Math.max(0, won - others.n);
  const most = Math.min(some.n, won);
  const total = logChoose(all, won);
  const chance = (wins: number) => Math.exp(logChoose(some.n, wins) + logChoose(others.n, won - wins) - total);
  const limit = chance(some.won) * AS_LIKELY;
  let sum = 0;
  for (let wins = least; wins <= most; wins += 1) {
    const one = chance(wins);
    if (one <= limit) sum += one;
  }
  return Math.min(1, sum);
}

const logFactorials: number[] = [0];

/** ln n!, kept: one calibration asks for the same few thousand over and over. */
function logFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k += 1) logFactorials.push((logFactorials[k - 1] ?? 0) + Math.log(k));
  return logFactorials[n] ?? 0;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}
