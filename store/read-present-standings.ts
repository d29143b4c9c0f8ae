import { type KnownOverTime, nothingKnown } from '../domain/attributes/history.ts';
import type { Instant } from '../domain/instant.ts';
import { type StandingsAt, standingsInForce } from '../domain/journey/present-standings.ts';
import type { Transaction } from './database.ts';
import { type LiveDefinitions, loadLiveDefinitions } from './load-live-definitions.ts';
import { readStandings } from './read-assessment.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';

export interface PresentStandings extends StandingsAt {
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
  const folded = (versionId: number) => stored.get(`${lead.id} ${versionId}`);
  return { ...standingsInForce(live.models, folded, attributes, now), live, attributes };
}
