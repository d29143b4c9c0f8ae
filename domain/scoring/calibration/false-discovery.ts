/**
 * At most this share of the findings reported together is expected to be chance. Who tests fifty rules at 5 % each finds
 * two or three that "work" where none does.
 */
export const FALSE_DISCOVERY_RATE = 0.05;

/**
 * Which of several p-values tested together are findings: the step-up procedure of Benjamini and Hochberg. Chosen over
 * Bonferroni, which guards against a single false finding and so hides most true ones: a suggestion is looked at by a
 * person and undone by the next calibration. It holds for independent tests and for those that rise together (Y.
 * Benjamini and D. Yekutieli, Ann. Stat. 29 (2001) 1165–1188).
 *
 * Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, J. R. Stat. Soc. B 57 (1995) 289–300.
 */
export function findings(pValues: readonly number[], rate = FALSE_DISCOVERY_RATE): boolean[] {
  const ascending = [...pValues].sort((a, b) => a - b);
  const last = ascending.findLastIndex((p, index) => p <= ((index + 1) / pValues.length) * rate);
  const limit = ascending[last];
  return pValues.map((p) => limit !== undefined && p <= limit);
}
