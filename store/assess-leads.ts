import { type KnownOverTime, nothingKnown } from '../domain/attributes/history.ts';
import type { Instant } from '../domain/instant.ts';
import { interestKeysOf } from '../domain/interaction/event-match.ts';
import { compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import { emptyStanding, foldAll, standingAt } from '../domain/scoring/fold.ts';
import { heldAfter, type StoodBefore } from '../domain/scoring/held.ts';
import { nextChange } from '../domain/scoring/next-change.ts';
import { asksForAttributes, profileOverTime } from '../domain/scoring/profile-over-time.ts';
import { reconcileLedger } from '../domain/scoring/reconcile-ledger.ts';
import { enters } from '../domain/sequence/entry.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { isTransient } from './is-transient.ts';
import { loadEarlierVersions } from './load-earlier-versions.ts';
import { type LiveDefinitions, type LiveModel, loadLiveDefinitions } from './load-live-definitions.ts';
import { newId } from './new-id.ts';
import { describeError } from './park-lead.ts';
import {
  type EnrolmentOfLead,
  type LeadToAssess,
  lockLeadsToAssess,
  readEnrolments,
  readFolded,
  readLastClosed,
  readLedgerInForce,
  readNewInteractions,
  readStandings,
  type StoredStanding,
} from './read-assessment.ts';
import { readAttributeHistories } from './read-attribute-histories.ts';
import {
  type AssessedStanding,
  type AssessmentResult,
  type NewEnrolment,
  writeAssessment,
} from './write-assessment.ts';

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
  const closed = await readLastClosed(transaction, firsts);
  const enrolments = await readEnrolments(transaction, ids);
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
        closedAt: (modelKey) => closed.get(`${lead.id} ${modelKey}`) ?? null,
        enrolments: enrolments.get(lead.id) ?? [],
        now,
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

interface LeadInHand {
  readonly lead: LeadToAssess;
  readonly live: LiveDefinitions;
  readonly news: readonly Interaction[];
  /** The whole history, in any order, where the fold has to start again; else null. */
  readonly history: readonly Interaction[] | null;
  readonly standing: (modelVersionId: number) => StoredStanding | undefined;
  readonly ledger: (modelVersionId: number) => Parameters<typeof reconcileLedger>[0];
  readonly attributes: KnownOverTime;
  /** The versions that were live before this one, the one that it replaced first. */
  readonly earlier: (modelVersionId: number) => readonly LiveModel[];
  /** When sales last closed a handoff of this model's. */
  readonly closedAt: (modelKey: string) => Instant | null;
  readonly enrolments: readonly EnrolmentOfLead[];
  readonly now: Instant;
}

function assessLead(inHand: LeadInHand): AssessmentResult {
  const { lead, live, news, enrolments } = inHand;
  const ordered = inHand.history === null ? null : [...inHand.history].sort(compareFoldOrder);
  const assessed = live.models.map((model) => assessUnder(model, inHand, ordered));
  const entries = newEnrolments(inHand);
  const awaited = new Set(enrolments.filter(({ state }) => state === 'active').flatMap(({ awaits }) => awaits));
  const planMayChange =
    entries.length > 0 ||
    assessed.some((under) => under.planMayChange) ||
    news.some((interaction) => interestKeysOf(interaction).some((key) => awaited.has(key)));
  const shadows = live.shadows.flatMap((model) => assessShadow(model, inHand, ordered));
  const standings = [...assessed.map(({ standing }) => standing), ...shadows];
  return { leadId: lead.id, parked: null, news, standings, entries, planMayChange };
}

/** Nothing acts on a shadow, whatever it says; nor does one that can't be computed hold up the live models. */
function assessShadow(
  model: LiveModel,
  inHand: LeadInHand,
  ordered: readonly Interaction[] | null,
): AssessedStanding[] {
  try {
    return [assessUnder(model, inHand, ordered).standing];
  } catch {
    return [];
  }
}

function assessUnder(
  { versionId, definition, publication }: LiveModel,
  inHand: LeadInHand,
  ordered: readonly Interaction[] | null,
): { readonly standing: AssessedStanding; readonly planMayChange: boolean } {
  const { lead, news, now } = inHand;
  const stored = inHand.standing(versionId);
  const before = stored?.standing ?? emptyStanding;
  const profile = profileOverTime(definition, inHand.attributes);
  const { standing, awards } =
    ordered === null ? foldAll(definition, news, { from: before, profile }) : foldAll(definition, ordered, { profile });
  const first = stored === undefined;
  // Who came after it, be it with years of imported history, was not made ready by the publishing.
  const publishing = publication !== null && lead.createdAt < publication.at ? publication : null;
  const held = heldAfter(
    standing,
    {
      held: stored?.held ?? null,
      first,
      previous:
        first && publishing !== null && ordered !== null
          ? stoodBefore(inHand.earlier(versionId), publishing.at, inHand, ordered)
          : null,
    },
    publishing,
  );
  const at = Math.max(now, standing.at ?? now);
  const { standing: present } = standingAt(definition, standing, at, profile);
  const change = lead.stage === 'lead' ? nextChange(definition, present, at, profile) : null;
  const planMayChange =
    standing.qualifiedSince !== before.qualifiedSince ||
    // Between the last interaction and now it came to qualify, or ceased to: what was said late, or of the company, or by
    // a new version may have made it so, at an instant that no timer was set for.
    present.qualifiedSince !== standing.qualifiedSince ||
    held !== (stored?.held ?? null) ||
    // Found earlier than the journey means to look: its timer would ring too late.
    (change !== null && (lead.nextLookAt === null || change < lead.nextLookAt));
  const changes =
    ordered === null ? { superseded: [], added: awards } : reconcileLedger(inHand.ledger(versionId), awards);
  // The publisher's clock may be ahead of this one: what is older than its version's publishing counts for none.
  const assessedAt = Math.max(now, publication?.at ?? now);
  return { standing: { versionId, modelKey: definition.key, standing, held, assessedAt, ...changes }, planMayChange };
}

/**
 * How the lead stood under the first of `earlier`, when the version after it took its place at `at`: by its whole history
 * until then, whether or not it was ever folded under that version.
 */
function stoodBefore(
  [version, ...earlier]: readonly LiveModel[],
  at: Instant,
  inHand: LeadInHand,
  ordered: readonly Interaction[],
): StoodBefore | null {
  if (version === undefined) return null;
  const { versionId, definition, publication } = version;
  const profile = profileOverTime(definition, inHand.attributes);
  const past = ordered.filter(({ occurredAt }) => occurredAt < at);
  const { standing } = standingAt(definition, foldAll(definition, past, { profile }).standing, at, profile);
  const closedAt = inHand.closedAt(definition.key);
  const stored = inHand.standing(versionId);
  const held =
    stored !== undefined || publication === null
      ? (stored?.held ?? null)
      : heldAfter(
          standing,
          { held: null, first: true, previous: stoodBefore(earlier, publication.at, inHand, ordered) },
          publication,
        );
  const givenBack = closedAt !== null && standing.qualifiedSince !== null && standing.qualifiedSince <= closedAt;
  return { qualified: standing.qualified, givenBack, held };
}

function newEnrolments({ lead, live, news, enrolments, now }: LeadInHand): NewEnrolment[] {
  const entries: NewEnrolment[] = [];
  for (const { versionId, definition } of live.sequences) {
    if (definition.entry.length === 0) continue;
    const passes = enrolments.filter(({ sequenceKey }) => sequenceKey === definition.key);
    const earlier = { any: passes.length > 0, active: passes.some(({ state }) => state === 'active') };
    const trigger = news.find((interaction) => enters(definition, interaction, lead.stage, earlier, now));
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
