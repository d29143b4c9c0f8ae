import type { KnownOverTime } from '../../attributes/history.ts';
import { truthOf } from '../../conditions/evaluate.ts';
import type { Band, Grade } from '../../conditions/facts.ts';
import type { Truth } from '../../conditions/truth.ts';
import type { Instant } from '../../instant.ts';
import { type Interaction, isHumanSignal } from '../../interaction/interaction.ts';
import type { Award } from '../advance.ts';
import { cellName } from '../cell.ts';
import { compileModel } from '../compile-model.ts';
import { foldAll, standingAt } from '../fold.ts';
import type { ScoringModel } from '../model.ts';
import { profileOverTime } from '../profile-over-time.ts';
import { leftAfter } from '../worth.ts';

/**
 * What a model saw in a lead at one instant: what calibration counts, and what a trained model can learn from. Plain
 * values of that instant only, so that nothing of what came later can leak into them.
 */
export interface Features {
  readonly at: Instant;
  /** What is left of each rule's firm points, before limits; rules that gave nothing are not in it. */
  readonly rules: ReadonlyMap<string, number>;
  /** By criterion. */
  readonly criteria: ReadonlyMap<string, Truth>;
  /** By cap. */
  readonly caps: ReadonlyMap<string, Truth>;
  readonly firmPoints: number;
  readonly profilePoints: number;
  readonly grade: Grade | null;
  readonly band: Band | null;
  readonly cell: string | null;
}

/** Less than half a point left is none that anybody would see. */
const IN_FORCE = 0.5;

/** True where a rule's points still count for something. */
export function inForce(worth: number | undefined): boolean {
  return worth !== undefined && Math.abs(worth) >= IN_FORCE;
}

/** The features under `model` of a lead with this `history` (whole or longer than wanted, in fold order), as of `at`. */
export function featuresAt(
  model: ScoringModel,
  history: readonly Interaction[],
  attributes: KnownOverTime,
  at: Instant,
): Features {
  const past = history.filter(({ occurredAt }) => occurredAt <= at);
  const profile = profileOverTime(model, attributes);
  const folded = foldAll(model, past, { profile });
  const present = standingAt(model, folded.standing, at, profile);
  const { firmPoints, grade, band } = present.standing;
  const facts = attributes.factsAt(at);
  const criteria = new Map((model.profile?.criteria ?? []).map(({ id, when }) => [id, truthOf(when, facts)]));
  return {
    at,
    rules: worthByRule(model, [...folded.awards, ...present.awards], past, at),
    criteria,
    caps: new Map((model.profile?.caps ?? []).map(({ id, when }) => [id, truthOf(when, facts)])),
    firmPoints,
    profilePoints: (model.profile?.criteria ?? []).reduce(
      (sum, { id, points }) => sum + (criteria.get(id) === 'true' ? points : 0),
      0,
    ),
    grade,
    band,
    cell: cellName(grade, band),
  };
}

/** Firm points only, as cells and thresholds are held against those. */
function worthByRule(
  model: ScoringModel,
  awards: readonly Award[],
  past: readonly Interaction[],
  at: Instant,
): Map<string, number> {
  const compiled = compileModel(model);
  const paces = new Map(model.rules.map((rule) => [rule.id, compiled.paceOf(rule)]));
  const place = new Map(past.map(({ id }, index) => [id, index]));
  const lastHuman = past.findLastIndex(isHumanSignal);
  const worth = new Map<string, number>();
  for (const { rule, interactionId, points, provisional, occurredAt } of awards) {
    const pace = paces.get(rule);
    if (pace === undefined) continue;
    if (pace.validFor !== null && occurredAt + pace.validFor <= at) continue;
    if (provisional && (place.get(interactionId) ?? 0) > lastHuman) continue;
    worth.set(rule, (worth.get(rule) ?? 0) + points * leftAfter(at - occurredAt, pace.halfLife));
  }
  return worth;
}
