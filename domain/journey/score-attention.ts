import { nothingKnown } from '../attributes/history.ts';
import type { ScoreLeaf } from '../conditions/leaf-schema.ts';
import { leafTruth } from '../conditions/leaf-truth.ts';
import type { Instant } from '../instant.ts';
import type { Standing } from '../scoring/fold.ts';
import { conditionOutlook, type ModelStanding } from '../scoring/outlook.ts';

/**
 * Whether the plan may change because of what `leaf` asks of a scoring model: it says something else than before, or
 * will by time alone, earlier than the journey means to look. `before`: as it was folded last, and as it would be now
 * without the news; a plan may have seen either.
 */
export function scoreNeedsLook(
  leaf: ScoreLeaf,
  before: readonly Standing[],
  present: ModelStanding,
  now: Instant,
  nextLookAt: Instant | null,
): boolean {
  const truth = says(leaf, present.standing, now);
  if (before.some((standing) => says(leaf, standing, now) !== truth)) return true;
  const change = conditionOutlook(factsOf(leaf, present.standing, now), nothingKnown, [present])(leaf);
  return change !== null && (nextLookAt === null || change < nextLookAt);
}

function says(leaf: ScoreLeaf, standing: Standing, now: Instant) {
  return leafTruth(leaf, factsOf(leaf, standing, now));
}

function factsOf({ score }: ScoreLeaf, { firmPoints: points, grade, band }: Standing, now: Instant) {
  return { ...nothingKnown.factsAt(now), standings: new Map([[score, { points, grade, band }]]) };
}
