import { nothingKnown } from '../domain/attributes/history.ts';
import type { Instant } from '../domain/instant.ts';
import { compareFoldOrder } from '../domain/interaction/interaction.ts';
import { asksForAttributes } from '../domain/scoring/profile-over-time.ts';
import { assessLead } from './assess-lead.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { isTransient } from './is-transient.ts';
import { moveToOwnTime } from './live-ahead.ts';
import { loadEarlierVersions } from './load-earlier-versions.ts';
import { type LiveModel, loadLiveDefinitions } from './load-live-definitions.ts';
import { describeError } from './park-lead.ts';
import { planWatches } from './plan-watch.ts';
import {
  lockLeadsToAssess,
  readEnrolments,
  readFolded,
  readLastClosed,
  readLedgerInForce,
  readNewInteractions,
  readStandings,
} from './read-assessment.ts';
import { readAttributeHistories } from './read-attribute-histories.ts';
import { type AssessmentResult, writeAssessment } from './write-assessment.ts';

export interface AssessmentBatch {
  /** Leads whose attention was raised: they are to be planned. */
  readonly attention: readonly string[];
  /** The same of leads that a publishing had scored anew: nobody waits for them; the sweep brings them, behind all others. */
  readonly later: readonly string[];
  readonly leads: number;
  readonly interactions: number;
  /** Leads that somebody else holds just now; try again soon. */
  readonly skipped: number;
  /** The batch was full: there is probably more. */
  readonly more: boolean;
}

/**
 * Folds what has come in since, for as many leads as one transaction should hold: points, limits and standing; who
 * enters a sequence; and whether a plan may have changed. A lead whose fold throws is parked alone, with the error.
 */
export async function assessLeads(database: Database, clock: Clock, batchSize = 2_000): Promise<AssessmentBatch> {
  try {
    return await database.transaction((transaction) => assessBatch(transaction, clock.now(), { batchSize }));
  } catch (error) {
    if (isTransient(error)) throw error;
    // One lead's rows may have failed the whole statement: find out whose, so that it alone waits.
    const candidates = await database.transaction((transaction) => lockLeadsToAssess(transaction, { batchSize }));
    if (candidates.leads.length === 0) throw error;
    return assessOneByOne(
      database,
      clock,
      candidates.leads.map(({ id }) => id),
      error,
    );
  }
}

async function assessOneByOne(
  database: Database,
  clock: Clock,
  leadIds: readonly string[],
  cause: unknown,
): Promise<AssessmentBatch> {
  let total: AssessmentBatch = { attention: [], later: [], leads: 0, interactions: 0, skipped: 0, more: true };
  const failures: { leadId: string; parked: string }[] = [];
  for (const leadId of leadIds) {
    try {
      const one = await database.transaction((transaction) => assessBatch(transaction, clock.now(), { only: leadId }));
      total = {
        ...total,
        attention: [...total.attention, ...one.attention],
        later: [...total.later, ...one.later],
        leads: total.leads + one.leads,
        interactions: total.interactions + one.interactions,
        skipped: total.skipped + one.skipped,
      };
    } catch (error) {
      // PostgreSQL has gone: that says nothing about this lead. What was assessed so far is reported, the rest is tried again.
      if (isTransient(error)) return total;
      failures.push({ leadId, parked: describeError(error) });
    }
  }
  // Where everybody fails it is not the leads: a bad version of Tend must not set everybody aside.
  if (failures.length === leadIds.length && failures.length > 1) throw cause;
  if (failures.length > 0)
    await database.transaction((transaction) => writeAssessment(transaction, clock.now(), failures));
  return total;
}

async function assessBatch(
  transaction: Transaction,
  now: Instant,
  which: { readonly batchSize: number } | { readonly only: string },
): Promise<AssessmentBatch> {
  const { leads, candidates, more } = await lockLeadsToAssess(transaction, which);
  if (leads.length === 0)
    return { attention: [], later: [], leads: 0, interactions: 0, skipped: candidates, more: false };
  const ids = leads.map(({ id }) => id);
  const live = await loadLiveDefinitions(transaction);
  const models = [...live.models, ...live.shadows];
  await moveToOwnTime(transaction, leads);
  const news = await readNewInteractions(transaction, ids);
  const versionIds = models.map(({ versionId }) => versionId);
  const standings = await readStandings(transaction, ids, versionIds);
  // For leads that are scored for the first time under a version, how they stood before it.
  const firsts = ids.filter((id) => live.models.some(({ versionId }) => !standings.has(`${id} ${versionId}`)));
  const earlier = new Map<number, readonly LiveModel[]>();
  if (firsts.length > 0) {
    for (const model of live.models) earlier.set(model.versionId, await loadEarlierVersions(transaction, model));
    const before = [...earlier.values()].flatMap((versions) => versions.map(({ versionId }) => versionId));
    for (const [key, standing] of await readStandings(transaction, firsts, before)) standings.set(key, standing);
  }
  const lastClosed = await readLastClosed(transaction, firsts);
  const enrolments = await readEnrolments(transaction, ids);
  const watchOf = await planWatches(transaction, live, enrolments);
  const attributes = await readAttributeHistories(
    transaction,
    models.some(({ definition }) => asksForAttributes(definition)) ? leads : [],
  );

  for (const list of news.values()) list.sort(compareFoldOrder);
  const late = leads.filter((lead) => {
    const first = news.get(lead.id)?.[0];
    return (
      lead.refold ||
      models.some(({ versionId, definition }) => {
        const last = standings.get(`${lead.id} ${versionId}`)?.standing.last;
        if (last === undefined || last === null) return true;
        if (first === undefined) return false;
        // What was said at the very instant of the last interaction was not known when that was folded.
        const saidThen = first.occurredAt === last.occurredAt && asksForAttributes(definition);
        return saidThen || compareFoldOrder(first, last) < 0;
      })
    );
  });
  const lateIds = late.map(({ id }) => id);
  const fromTheStart = new Set(lateIds);
  const folded = await readFolded(transaction, lateIds);
  const ledger = await readLedgerInForce(transaction, lateIds, versionIds);

  const results = leads.map((lead): AssessmentResult => {
    try {
      return assessLead({
        lead,
        live,
        news: news.get(lead.id) ?? [],
        history: fromTheStart.has(lead.id) ? [...(folded.get(lead.id) ?? []), ...(news.get(lead.id) ?? [])] : null,
        standing: (versionId) => standings.get(`${lead.id} ${versionId}`),
        ledger: (versionId) => ledger.get(`${lead.id} ${versionId}`) ?? [],
        attributes: attributes.get(lead.id) ?? nothingKnown,
        earlier: (versionId) => earlier.get(versionId) ?? [],
        closedAt: (modelKey) => lastClosed(lead.id, modelKey),
        enrolments: enrolments.get(lead.id) ?? [],
        watch: watchOf(lead.id),
        now: now + lead.clockOffset,
      });
    } catch (error) {
      return { leadId: lead.id, parked: describeError(error) };
    }
  });
  const raised = await writeAssessment(transaction, now, results);
  const byPublishing = new Set(firsts.filter((id) => !news.has(id)));
  return {
    attention: raised.filter((id) => !byPublishing.has(id)),
    later: raised.filter((id) => byPublishing.has(id)),
    leads: leads.length,
    interactions: [...news.values()].reduce((sum, list) => sum + list.length, 0),
    skipped: candidates - leads.length,
    more,
  };
}
