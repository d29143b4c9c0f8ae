import { nothingKnown } from '../domain/attributes/history.ts';
import { earliest, type Instant } from '../domain/instant.ts';
import type { StandingInForce } from '../domain/journey/snapshot.ts';
import { cellName } from '../domain/scoring/cell.ts';
import { standingAt } from '../domain/scoring/fold.ts';
import { isOfPublishing } from '../domain/scoring/held.ts';
import { nextChange } from '../domain/scoring/next-change.ts';
import { asksForAttributes, profileOverTime } from '../domain/scoring/profile-over-time.ts';
import type { Transaction } from './database.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { readStandings } from './read-assessment.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';

/** A lead's standings under the live models as of `now`: what was folded last, and the time that has passed since. */
export async function readPresentStandings(
  transaction: Transaction,
  lead: LeadOfHistory,
  now: Instant,
): Promise<{ readonly standings: StandingInForce[]; readonly changesAt: Instant | null }> {
  const { models } = await loadLiveDefinitions(transaction);
  const stored = await readStandings(
    transaction,
    [lead.id],
    models.map(({ versionId }) => versionId),
  );
  if (stored.size === 0) return { standings: [], changesAt: null };
  const histories = await readAttributeHistories(
    transaction,
    models.some(({ definition }) => asksForAttributes(definition)) ? [lead] : [],
  );
  const attributes = histories.get(lead.id) ?? nothingKnown;
  let changesAt: Instant | null = null;
  const standings = models.flatMap(({ versionId, definition, publication }): StandingInForce[] => {
    const row = stored.get(`${lead.id} ${versionId}`);
    if (row === undefined) return [];
    const profile = profileOverTime(definition, attributes);
    // A standing may be of an instant that this clock has not come to.
    const at = Math.max(now, row.standing.at ?? now);
    const { standing } = standingAt(definition, row.standing, at, profile);
    changesAt = earliest(changesAt, nextChange(definition, standing, at, profile));
    return [
      {
        modelKey: definition.key,
        modelVersionId: versionId,
        points: standing.points,
        firmPoints: standing.firmPoints,
        threshold: definition.threshold ?? null,
        cell: cellName(standing.grade, standing.band),
        qualifiedSince: standing.qualifiedSince,
        // Who comes to qualify anew, if only by time, is offered.
        held: row.held !== null && publication !== null && isOfPublishing(standing, publication),
      },
    ];
  });
  return { standings, changesAt };
}
