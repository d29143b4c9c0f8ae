import type { KnownOverTime } from '../attributes/history.ts';
import type { Condition } from '../conditions/condition.ts';
import type { Facts } from '../conditions/facts.ts';
import type { ScoreLeaf } from '../conditions/leaf-schema.ts';
import { attributesIn, scoresIn } from '../conditions/leaves.ts';
import { nextChange } from '../conditions/next-change.ts';
import { earliest, type Instant } from '../instant.ts';
import type { Standing } from './fold.ts';
import type { ScoringModel } from './model.ts';
import { nextChange as nextCellChange } from './next-change.ts';
import type { ProfileView } from './profile-view.ts';

/** Where a lead stands under one live model, as of the instant of the facts. */
export interface ModelStanding {
  readonly model: ScoringModel;
  readonly standing: Standing;
  readonly profile: ProfileView;
}

/**
 * Looks ahead for conditions: the first instant after `facts.now` at which time alone may change what one says. It may
 * be one at which it stays, and whoever waits asks again; there is none before it. Null: never.
 */
export function conditionOutlook(
  facts: Facts,
  attributes: KnownOverTime,
  standings: readonly ModelStanding[],
): (condition: Condition) => Instant | null {
  return (condition) => {
    const { lead, account } = attributesIn(condition);
    const told = lead.length + account.length > 0 ? attributes.nextAfter(facts.now) : null;
    return earliest(
      told,
      nextChange(condition, facts),
      ...standings.flatMap(({ model, standing, profile }) =>
        asModels(model, condition, standing, facts.now).map((asked) =>
          nextCellChange(asked.model, asked.standing, facts.now, profile),
        ),
      ),
    );
  };
}

/** The model as `condition` asks of it: as it is for its cells, and with each bound of points as its threshold. */
function asModels(
  model: ScoringModel,
  condition: Condition,
  standing: Standing,
  now: Instant,
): { readonly model: ScoringModel; readonly standing: Standing }[] {
  return scoresIn(condition)
    .filter(({ score }) => score === model.key)
    .flatMap(({ points }) => [
      { model, standing },
      ...boundsOf(points ?? {}).map((threshold) => {
        const qualified = standing.firmPoints >= threshold;
        const asked = { ...standing, qualified, qualifiedSince: qualified ? now : null };
        return { model: withThreshold(model, threshold), standing: asked };
      }),
    ]);
}

/** As thresholds, which are reached by being met: what must be above 10 changes at the next number after it. */
function boundsOf({ atLeast, below, above, atMost }: NonNullable<ScoreLeaf['points']>): number[] {
  const met = [atLeast, below].filter((bound) => bound !== undefined);
  const passed = [above, atMost].filter((bound) => bound !== undefined);
  return [...met, ...passed.map((bound) => bound + Number.EPSILON * Math.max(1, Math.abs(bound)))];
}

/** Kept, as a model is compiled once for each object, and the same few bounds are asked of every lead. */
const models = new WeakMap<ScoringModel, Map<number, ScoringModel>>();

function withThreshold(model: ScoringModel, threshold: number): ScoringModel {
  let made = models.get(model);
  if (made === undefined) {
    made = new Map();
    models.set(model, made);
  }
  let asked = made.get(threshold);
  if (asked === undefined) {
    asked = { ...model, mql: undefined, threshold };
    made.set(threshold, asked);
  }
  return asked;
}
