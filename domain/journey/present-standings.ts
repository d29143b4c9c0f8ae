import type { KnownOverTime } from '../attributes/history.ts';
import type { Facts, StandingFacts } from '../conditions/facts.ts';
import { earliest, type Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { cellName } from '../scoring/cell.ts';
import { type Standing, standingAt } from '../scoring/fold.ts';
import { type Held, isOfPublishing } from '../scoring/held.ts';
import type { ScoringModel } from '../scoring/model.ts';
import { nextChange } from '../scoring/next-change.ts';
import type { ModelStanding } from '../scoring/outlook.ts';
import { profileOverTime } from '../scoring/profile-over-time.ts';
import type { ProfileView } from '../scoring/profile-view.ts';
import type { StandingInForce } from './snapshot.ts';

/** A live model, as far as a lead's standing under it needs it. */
export interface ModelInForce {
  readonly versionId: number;
  readonly definition: ScoringModel;
  readonly publication: { readonly at: Instant } | null;
}

/** What was folded last. */
export interface FoldedStanding {
  readonly standing: Standing;
  readonly held: Held | null;
}

/** Where a lead stands under the live models at one instant. */
export interface StandingsAt {
  readonly standings: readonly StandingInForce[];
  /** The first instant at which one of them changes its cell by time alone. */
  readonly changesAt: Instant | null;
  /** The same in full, for conditions. */
  readonly underModels: readonly ModelStanding[];
}

/**
 * A lead's standings as of `now`: what was folded last, and the time that has passed since. A model under which nothing
 * was folded yet is left out.
 */
export function standingsInForce(
  models: readonly ModelInForce[],
  folded: (versionId: number) => FoldedStanding | undefined,
  attributes: KnownOverTime,
  now: Instant,
  profileOf: (model: ScoringModel) => ProfileView = (model) => profileOverTime(model, attributes),
): StandingsAt {
  let changesAt: Instant | null = null;
  const standings: StandingInForce[] = [];
  const underModels: ModelStanding[] = [];
  for (const { versionId, definition, publication } of models) {
    const last = folded(versionId);
    if (last === undefined) continue;
    const profile = profileOf(definition);
    // A standing may be of an instant that this clock has not come to.
    const at = Math.max(now, last.standing.at ?? now);
    const { standing } = standingAt(definition, last.standing, at, profile);
    changesAt = earliest(changesAt, nextChange(definition, standing, at, profile));
    underModels.push({ model: definition, standing, profile });
    standings.push({
      modelKey: definition.key,
      modelVersionId: versionId,
      points: standing.points,
      firmPoints: standing.firmPoints,
      threshold: definition.threshold ?? null,
      cell: cellName(standing.grade, standing.band),
      qualifiedSince: standing.qualifiedSince,
      // Who comes to qualify anew, if only by time, is offered.
      held: last.held !== null && publication !== null && isOfPublishing(standing, publication),
    });
  }
  return { standings, changesAt, underModels };
}

/** What conditions may ask at `now`. */
export function factsOf(
  attributes: KnownOverTime,
  events: readonly Interaction[],
  underModels: readonly ModelStanding[],
  now: Instant,
): Facts {
  return {
    ...attributes.factsAt(now),
    events,
    standings: new Map(
      underModels.map(({ model, standing }): [string, StandingFacts] => [
        model.key,
        { points: standing.firmPoints, grade: standing.grade, band: standing.band },
      ]),
    ),
  };
}
