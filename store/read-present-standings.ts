import { type KnownOverTime, nothingKnown } from '../domain/attributes/history.ts';
import { earliest, type Instant } from '../domain/instant.ts';
import type { StandingInForce } from '../domain/journey/snapshot.ts';
import { cellName } from '../domain/scoring/cell.ts';
import { standingAt } from '../domain/scoring/fold.ts';
import { isOfPublishing } from '../domain/scoring/held.ts';
import { nextChange } from '../domain/scoring/next-change.ts';
import type { ModelStanding } from '../domain/scoring/outlook.ts';
import { profileOverTime } from '../domain/scoring/profile-over-time.ts';
import type { Transaction } from './database.ts';
import { type LiveDefinitions, loadLiveDefinitions } from './load-live-definitions.ts';
import { readStandings } from './read-assessment.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';

export interface PresentStandings {
  readonly standings: readonly StandingInForce[];
  /** The first instant at which one of them changes its cell by time alone. */
  readonly changesAt: Instant | null;
  /** The same in full, for conditions. */
  readonly underModels: readonly ModelStanding[];
  readonly live: LiveDefinitions;
  /** What is known of the lead and its company, over time. */
  readonly attributes: KnownOverTime;
}

/** A lead's standings under the live models as of `now`: what was folded last, and the time that has passed since. */
export async function readPresentStandings(
  queryable: Transaction,
  lead: LeadOfHistory,
  now: Instant,
): Promise<PresentStandings> {
  const live = await loadLiveDefinitions(queryable);
  const histories = await readAttributeHistories(queryable, [lead]);
  const attributes = histories.get(lead.id) ?? nothingKnown;
  const stored = await readStandings(
    queryable,
    [lead.id],
    live.models.map(({ versionId }) => versionId),
  );
  let changesAt: Instant | null = null;
  const standings: StandingInForce[] = [];
  const underModels: ModelStanding[] = [];
  for (const { versionId, definition, publication } of live.models) {
    const row = stored.get(`${lead.id} ${versionId}`);
    if (row === undefined) continue;
    const profile = profileOverTime(definition, attributes);
    // A standing may be of an instant that this clock has not come to.
    const at = Math.max(now, row.standing.at ?? now);
    const { standing } = standingAt(definition, row.standing, at, profile);
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
      held: row.held !== null && publication !== null && isOfPublishing(standing, publication),
    });
  }
  return { standings, changesAt, underModels, live, attributes };
}
