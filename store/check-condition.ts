import type { Condition } from '../domain/conditions/condition.ts';
import { evaluate } from '../domain/conditions/evaluate.ts';
import type { StandingFacts } from '../domain/conditions/facts.ts';
import { scoresIn } from '../domain/conditions/leaves.ts';
import { nextChange } from '../domain/conditions/next-change.ts';
import type { Trace } from '../domain/conditions/trace.ts';
import { earliest, type Instant } from '../domain/instant.ts';
import { foldAll, type Standing, standingAt } from '../domain/scoring/fold.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import { nextChange as nextCellChange } from '../domain/scoring/next-change.ts';
import { profileOverTime } from '../domain/scoring/profile-over-time.ts';
import type { Database } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { readHistory } from './read-history.ts';

/** Whether a condition holds of a lead at an instant, why, and when time alone may change that. */
export interface CheckedCondition {
  readonly at: Instant;
  readonly trace: Trace;
  /** The earliest instant at which time alone may change it; it may be one at which it stays. */
  readonly nextChangeAt: Instant | null;
}

/** Tries a condition on a lead, from what is recorded. Throws `not-found`. */
export async function checkCondition(
  database: Database,
  { leadId, condition, at }: { readonly leadId: string; readonly condition: Condition; readonly at: Instant },
): Promise<CheckedCondition> {
  const { interactions, attributes } = await readHistory(database, leadId);
  const events = interactions.filter(({ occurredAt }) => occurredAt <= at);
  const { models } = await loadLiveDefinitions(database);
  const standings = new Map<string, StandingFacts>();
  let nextChangeAt = attributes.nextAfter(at);
  for (const { definition } of models) {
    const profile = profileOverTime(definition, attributes);
    const { standing } = standingAt(definition, foldAll(definition, events, { profile }).standing, at, profile);
    standings.set(definition.key, { points: standing.firmPoints, grade: standing.grade, band: standing.band });
    for (const { model, qualified } of asModels(definition, condition, standing)) {
      const asked = { ...standing, qualifiedSince: qualified ? at : null };
      nextChangeAt = earliest(nextChangeAt, nextCellChange(model, asked, at, profile));
    }
  }
  const facts = { ...attributes.factsAt(at), events, standings };
  return { at, trace: evaluate(condition, facts), nextChangeAt: earliest(nextChangeAt, nextChange(condition, facts)) };
}

/** The model as `condition` asks of it: as it is for its cells, and with each bound of points as its threshold. */
function asModels(
  model: ScoringModel,
  condition: Condition,
  { qualified, firmPoints }: Standing,
): { readonly model: ScoringModel; readonly qualified: boolean }[] {
  return scoresIn(condition)
    .filter(({ score }) => score === model.key)
    .flatMap(({ points }) => [
      { model, qualified },
      ...Object.values(points ?? {}).flatMap((bound) =>
        bound === undefined
          ? []
          : [{ model: { ...model, mql: undefined, threshold: bound }, qualified: firmPoints >= bound }],
      ),
    ]);
}
