import type { KnownOverTime } from '../domain/attributes/history.ts';
import type { Instant } from '../domain/instant.ts';
import { interestKeysOf } from '../domain/interaction/event-match.ts';
import { ATTRIBUTES_RECORDED, compareFoldOrder, type Interaction } from '../domain/interaction/interaction.ts';
import { scoreNeedsLook } from '../domain/journey/score-attention.ts';
import { emptyStanding, foldAll, standingAt } from '../domain/scoring/fold.ts';
import { heldAfter, type StoodBefore } from '../domain/scoring/held.ts';
import { nextChange } from '../domain/scoring/next-change.ts';
import { profileOverTime } from '../domain/scoring/profile-over-time.ts';
import { reconcileLedger } from '../domain/scoring/reconcile-ledger.ts';
import { passesOf } from '../domain/sequence/earlier-passes.ts';
import { enteredByEvent } from '../domain/sequence/entered-by-event.ts';
import type { LiveDefinitions, LiveModel } from './load-live-definitions.ts';
import { newId } from './new-id.ts';
import type { PlanWatch } from './plan-watch.ts';
import type { EnrolmentOfLead, LeadToAssess, StoredStanding } from './read-assessment.ts';
import type { AssessedStanding, AssessmentResult, NewEnrolment } from './write-assessment.ts';

/** A lead with all that its assessment is made from. */
export interface LeadInHand {
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
  /** When sales last closed a handoff of this model's, or one that no model made. */
  readonly closedAt: (modelKey: string) => Instant | null;
  readonly enrolments: readonly EnrolmentOfLead[];
  /** What may change its plan besides what is scored. */
  readonly watch: PlanWatch;
  readonly now: Instant;
}

/**
 * Assesses one lead under every live model and shadow: its ledger and standing, what it enters, and whether its plan may
 * change. Nothing is read or written here. Throws what the fold throws.
 */
export function assessLead(inHand: LeadInHand): AssessmentResult {
  const { lead, live, news, watch } = inHand;
  const ordered = inHand.history === null ? null : [...inHand.history].sort(compareFoldOrder);
  const assessed = live.models.map((model) => assessUnder(model, inHand, ordered));
  const entries = newEnrolments(inHand);
  const planMayChange =
    entries.length > 0 ||
    assessed.some((under) => under.planMayChange) ||
    news.some((interaction) => interestKeysOf(interaction).some((key) => watch.keys.has(key))) ||
    // What was said of its company comes without an interaction of its own.
    (lead.refold && watch.keys.has(ATTRIBUTES_RECORDED)) ||
    (lead.neverPlanned && watch.entryConditions);
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
    (change !== null && (lead.nextLookAt === null || change < lead.nextLookAt)) ||
    scoreMatters();
  const changes =
    ordered === null ? { superseded: [], added: awards } : reconcileLedger(inHand.ledger(versionId), awards);
  // The publisher's clock may be ahead of this one: what is older than its version's publishing counts for none.
  const assessedAt = Math.max(now, publication?.at ?? now);
  return { standing: { versionId, modelKey: definition.key, standing, held, assessedAt, ...changes }, planMayChange };

  function scoreMatters(): boolean {
    const leaves = inHand.watch.scores.filter(({ score }) => score === definition.key);
    if (leaves.length === 0) return false;
    // Before the first fold nothing was known of it, which is neither yes nor no.
    if (first) return true;
    const unchanged = before.at === null ? [] : [standingAt(definition, before, at, profile).standing];
    const now = { model: definition, standing: present, profile };
    return leaves.some((leaf) => scoreNeedsLook(leaf, [before, ...unchanged], now, at, lead.nextLookAt));
  }
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
  const passes = (key: string) => passesOf(enrolments.filter(({ sequenceKey }) => sequenceKey === key));
  return enteredByEvent(live.sequences, { stage: lead.stage, passes }, news, now).map(
    ({ versionId, sequence, trigger, state, stepId }) => ({
      id: newId(),
      sequenceKey: sequence.key,
      sequenceVersionId: versionId,
      triggerInteractionId: trigger.id,
      state,
      stepId,
      stepEnteredAt: trigger.occurredAt,
    }),
  );
}
