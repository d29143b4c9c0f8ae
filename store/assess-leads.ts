import type { Instant } from '../domain/instant.ts';
import { interestKeysOf } from '../domain/interaction/event-match.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import type { LeadStage } from '../domain/journey/snapshot.ts';
import { emptyStanding, foldAll, type Standing } from '../domain/scoring/fold.ts';
import { reconcileLedger } from '../domain/scoring/reconcile-ledger.ts';
import { enters } from '../domain/sequence/entry.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { isTransient } from './is-transient.ts';
import { type LiveDefinitions, loadLiveDefinitions } from './load-live-definitions.ts';
import { newId } from './new-id.ts';
import { describeError } from './park-lead.ts';
import {
  type EnrolmentOfLead,
  lockLeadsToAssess,
  readEnrolments,
  readFolded,
  readLedgerInForce,
  readNewInteractions,
  readStandings,
} from './read-assessment.ts';
import { type AssessmentResult, type NewEnrolment, writeAssessment } from './write-assessment.ts';

export interface AssessmentBatch {
  /** Leads whose attention was raised: they are to be planned. */
  readonly attention: readonly string[];
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
  let total: AssessmentBatch = { attention: [], leads: 0, interactions: 0, skipped: 0, more: true };
  const failures: { leadId: string; parked: string }[] = [];
  for (const leadId of leadIds) {
    try {
      const one = await database.transaction((transaction) => assessBatch(transaction, clock.now(), { only: leadId }));
      total = {
        ...total,
        attention: [...total.attention, ...one.attention],
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
  if (leads.length === 0) return { attention: [], leads: 0, interactions: 0, skipped: candidates, more: false };
  const ids = leads.map(({ id }) => id);
  const live = await loadLiveDefinitions(transaction);
  const news = await readNewInteractions(transaction, ids);
  const standings = await readStandings(
    transaction,
    ids,
    live.models.map(({ versionId }) => versionId),
  );
  const enrolments = await readEnrolments(transaction, ids);

  for (const list of news.values()) list.sort(compareFoldOrder);
  const late = leads.filter((lead) => {
    const first = news.get(lead.id)?.[0];
    return (
      lead.refold ||
      live.models.some(({ versionId }) => {
        const last = standings.get(`${lead.id} ${versionId}`)?.last;
        return last === undefined || last === null || (first !== undefined && compareFoldOrder(first, last) < 0);
      })
    );
  });
  const lateIds = late.map(({ id }) => id);
  const fromTheStart = new Set(lateIds);
  const folded = await readFolded(transaction, lateIds);
  const ledger = await readLedgerInForce(transaction, lateIds);

  const results = leads.map((lead): AssessmentResult => {
    try {
      return assessLead({
        leadId: lead.id,
        stage: lead.stage,
        live,
        news: news.get(lead.id) ?? [],
        history: fromTheStart.has(lead.id) ? [...(folded.get(lead.id) ?? []), ...(news.get(lead.id) ?? [])] : null,
        standing: (versionId) => standings.get(`${lead.id} ${versionId}`),
        ledger: (versionId) => ledger.get(`${lead.id} ${versionId}`) ?? [],
        enrolments: enrolments.get(lead.id) ?? [],
        now,
      });
    } catch (error) {
      return { leadId: lead.id, parked: describeError(error) };
    }
  });
  const attention = await writeAssessment(transaction, now, results);
  return {
    attention,
    leads: leads.length,
    interactions: [...news.values()].reduce((sum, list) => sum + list.length, 0),
    skipped: candidates - leads.length,
    more,
  };
}

interface LeadToAssess {
  readonly leadId: string;
  readonly stage: LeadStage;
  readonly live: LiveDefinitions;
  readonly news: readonly Interaction[];
  /** The whole history, in any order, where the fold has to start again; else null. */
  readonly history: readonly Interaction[] | null;
  readonly standing: (modelVersionId: number) => Standing | undefined;
  readonly ledger: (modelVersionId: number) => Parameters<typeof reconcileLedger>[0];
  readonly enrolments: readonly EnrolmentOfLead[];
  readonly now: Instant;
}

function assessLead(lead: LeadToAssess): AssessmentResult {
  const ordered = lead.history === null ? null : [...lead.history].sort(compareFoldOrder);
  let planMayChange = false;
  const standings = lead.live.models.map(({ versionId, definition }) => {
    const before = lead.standing(versionId) ?? emptyStanding;
    const { standing, awards } =
      ordered === null ? foldAll(definition, lead.news, before) : foldAll(definition, ordered);
    if (standing.qualifiedSince !== before.qualifiedSince) planMayChange = true;
    const changes =
      ordered === null ? { superseded: [], added: awards } : reconcileLedger(lead.ledger(versionId), awards);
    return { versionId, modelKey: definition.key, standing, ...changes };
  });
  const entries = newEnrolments(lead);
  const awaited = new Set(lead.enrolments.filter(({ state }) => state === 'active').flatMap(({ awaits }) => awaits));
  if (
    entries.length > 0 ||
    lead.news.some((interaction) => interestKeysOf(interaction).some((key) => awaited.has(key)))
  ) {
    planMayChange = true;
  }
  return { leadId: lead.leadId, parked: null, news: lead.news, standings, entries, planMayChange };
}

function newEnrolments(lead: LeadToAssess): NewEnrolment[] {
  const entries: NewEnrolment[] = [];
  for (const { versionId, definition } of lead.live.sequences) {
    if (definition.entry.length === 0) continue;
    const passes = lead.enrolments.filter(({ sequenceKey }) => sequenceKey === definition.key);
    const earlier = { any: passes.length > 0, active: passes.some(({ state }) => state === 'active') };
    const trigger = lead.news.find((interaction) => enters(definition, interaction, lead.stage, earlier, lead.now));
    const first = definition.steps[0];
    if (trigger === undefined || first === undefined) continue;
    entries.push({
      id: newId(),
      sequenceKey: definition.key,
      sequenceVersionId: versionId,
      triggerInteractionId: trigger.id,
      stepId: first.id,
      stepEnteredAt: trigger.occurredAt,
    });
  }
  return entries;
}
