import type { Band, Grade } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import { type FoldPosition, type Interaction, isHumanSignal, isProvisional } from '../interaction/interaction.ts';
import { addPoints, confirmPoints, dropExpired } from './add-points.ts';
import { adjustmentOf, BY_HAND, isAdjustment } from './adjustment.ts';
import { type Award, advance, type Draft, updateQualified } from './advance.ts';
import type { EventRule } from './behaviour-rule.ts';
import { bandOf } from './cell.ts';
import { type CompiledModel, compileModel } from './compile-model.ts';
import { copyState, emptyState, type FoldState } from './fold-state.ts';
import { takeFromLimit } from './limit.ts';
import type { ScoringModel } from './model.ts';
import { noProfile, type ProfileView } from './profile-view.ts';
import { completesRecurrence } from './recurrence.ts';
import { noteVisit } from './session.ts';
import { noteReaction } from './silence.ts';
import { worthAt } from './worth.ts';

/** Where a lead stands under one model at `at`: the fold of its interactions in fold order, and of time. */
export interface Standing {
  /** The instant that this is the standing of: when the last interaction occurred, or later. */
  readonly at: Instant | null;
  readonly points: number;
  /** `points` less the provisional ones that no human signal has followed yet. Band and threshold are held against these. */
  readonly firmPoints: number;
  readonly grade: Grade | null;
  readonly band: Band | null;
  readonly qualified: boolean;
  /** Since when the lead has been qualified without a break; null while it is not. */
  readonly qualifiedSince: Instant | null;
  /** What the next fold goes on from. */
  readonly state: FoldState;
  /** The last interaction folded. */
  readonly last: FoldPosition | null;
  readonly interactions: number;
}

export const emptyStanding: Standing = {
  at: null,
  points: 0,
  firmPoints: 0,
  grade: null,
  band: null,
  qualified: false,
  qualifiedSince: null,
  state: emptyState,
  last: null,
  interactions: 0,
};

/** What a rule that matched did not give, and why. */
export interface Withheld {
  readonly interactionId: number;
  readonly rule: string;
  readonly reason: 'limit' | 'condition' | 'recurrence';
}

export interface FoldOptions {
  readonly from?: Standing;
  readonly profile?: ProfileView;
  /** For explanations: told of each match that gave no points. */
  readonly onWithheld?: (withheld: Withheld) => void;
  /** For replays: told of each instant at which the lead comes to qualify. */
  readonly onQualified?: (at: Instant) => void;
}

export interface Folded {
  readonly standing: Standing;
  readonly awards: readonly Award[];
}

/**
 * Folds `interactions`, which must be in fold order and come after `from.last`. In two parts it is the same as whole,
 * to the last bit.
 */
export function foldAll(model: ScoringModel, interactions: readonly Interaction[], options: FoldOptions = {}): Folded {
  const { from = emptyStanding, profile = noProfile, onWithheld, onQualified } = options;
  const compiled = compileModel(model);
  const draft = draftOf(from, interactions[0]?.occurredAt ?? from.at ?? 0, profile);
  const awards: Award[] = [];
  const onAward = (award: Award) => void awards.push(award);
  const told = { onAward, ...(onWithheld && { onWithheld }), ...(onQualified && { onQualified }) };
  for (const interaction of interactions) {
    if (changesWithTime(compiled, draft.state) || model.profile !== undefined)
      advance(compiled, draft, profile, interaction.occurredAt, { inclusive: false, ...told });
    foldOne(compiled, draft, profile, interaction, told);
  }
  const last = interactions.at(-1);
  if (last === undefined) return { standing: from, awards };
  const { occurredAt, source, messageId } = last;
  return {
    standing: standingOf(compiled, draft, {
      last: { occurredAt, source, messageId },
      interactions: from.interactions + interactions.length,
    }),
    awards,
  };
}

/** The standing at `now`, later than everything folded, and what silence has given until then. */
export function standingAt(
  model: ScoringModel,
  standing: Standing,
  now: Instant,
  profile: ProfileView = noProfile,
  onQualified?: (at: Instant) => void,
): Folded {
  const compiled = compileModel(model);
  // Of most shops' models time changes nothing, and this is asked for every lead that does something.
  if (standing.at !== null && !changesWithTime(compiled, standing.state) && profile === noProfile)
    return { standing: { ...standing, at: Math.max(standing.at, now) }, awards: [] };
  const draft = draftOf(standing, standing.at ?? now, profile);
  const awards: Award[] = [];
  advance(compiled, draft, profile, now, {
    inclusive: true,
    onAward: (award) => void awards.push(award),
    ...(onQualified && { onQualified }),
  });
  draft.at = Math.max(draft.at, now);
  return { standing: standingOf(compiled, draft, standing), awards };
}

/** True where a standing with this `state` changes by time alone: by a rule, or because points given by hand will end. */
export function changesWithTime(model: CompiledModel, state: FoldState): boolean {
  return model.changesWithTime || state.expiring.length > 0;
}

/** A standing to be changed; that of nobody yet begins at `at`. */
export function draftOf(standing: Standing, at: Instant, profile: ProfileView): Draft {
  const since = standing.at ?? at;
  return {
    state: copyState(standing.state),
    at: since,
    grade: standing.at === null ? profile.gradeAt(since) : standing.grade,
    qualifiedSince: standing.qualifiedSince,
  };
}

function standingOf(
  model: CompiledModel,
  draft: Draft,
  { last, interactions }: Pick<Standing, 'last' | 'interactions'>,
): Standing {
  const { points, firm } = worthAt(model, draft.state, draft.at);
  return {
    at: draft.at,
    points,
    firmPoints: firm,
    grade: draft.grade,
    band: bandOf(model.model, firm),
    qualified: draft.qualifiedSince !== null,
    qualifiedSince: draft.qualifiedSince,
    state: draft.state,
    last,
    interactions,
  };
}

function foldOne(
  model: CompiledModel,
  draft: Draft,
  profile: ProfileView,
  interaction: Interaction,
  told: Pick<FoldOptions, 'onWithheld' | 'onQualified'> & { readonly onAward: (award: Award) => void },
): void {
  const { occurredAt } = interaction;
  draft.at = occurredAt;
  dropExpired(draft.state, occurredAt);
  if (isAdjustment(interaction)) foldAdjustment(model, draft.state, interaction, told.onAward);
  else foldEvent(model, draft.state, profile, interaction, told);
  if (profile.nextAfter(occurredAt - 1) === occurredAt) draft.grade = profile.gradeAt(occurredAt);
  updateQualified(model, draft, told.onQualified);
}

/**
 * Points given by hand: exactly these, under this model, whatever its groups. A person's judgement is not provisional;
 * and as the lead did nothing, it confirms nothing, ends no silence, is no visit, and no rule gives anything for it.
 */
function foldAdjustment(
  { model }: CompiledModel,
  state: FoldState,
  interaction: Interaction,
  onAward: (award: Award) => void,
): void {
  const adjustment = adjustmentOf(interaction);
  if (adjustment === null || adjustment.model !== model.key) return;
  const { id: interactionId, occurredAt } = interaction;
  const { points, endsAt } = adjustment;
  const validFor = endsAt === null ? null : endsAt - occurredAt;
  addPoints(state, { group: '', halfLife: null, validFor }, points, occurredAt, true);
  onAward({ interactionId, rule: BY_HAND, points, provisional: false, occurredAt });
}

function foldEvent(
  model: CompiledModel,
  state: FoldState,
  profile: ProfileView,
  interaction: Interaction,
  told: Pick<FoldOptions, 'onWithheld'> & { readonly onAward: (award: Award) => void },
): void {
  const { occurredAt } = interaction;
  if (isHumanSignal(interaction)) {
    confirmPoints(state);
    state.seenAt = occurredAt;
    if (model.needsSessions) noteVisit(state, occurredAt);
  }
  noteReaction(model, state, interaction);
  const firm = !isProvisional(interaction);
  for (const rule of model.rulesFor(interaction)) {
    if (!matches(rule.on, interaction)) continue;
    const reason = whyNot(rule, model, state, profile, interaction);
    if (reason !== null) {
      told.onWithheld?.({ interactionId: interaction.id, rule: rule.id, reason });
      continue;
    }
    addPoints(state, model.paceOf(rule), rule.points, occurredAt, firm);
    told.onAward({ interactionId: interaction.id, rule: rule.id, points: rule.points, provisional: !firm, occurredAt });
  }
}

/** Why a rule whose event has come gives nothing, or null when it gives its points. Uses up what its limit leaves. */
function whyNot(
  rule: EventRule,
  model: CompiledModel,
  state: FoldState,
  profile: ProfileView,
  interaction: Interaction,
): Withheld['reason'] | null {
  const { timeZone } = model.model;
  if (rule.when !== undefined && !profile.holdsAt(rule.when, interaction.occurredAt)) return 'condition';
  if (rule.recurring !== undefined && !completesRecurrence(rule, rule.recurring, state, interaction, timeZone))
    return 'recurrence';
  return takeFromLimit(rule, state, interaction, timeZone) ? null : 'limit';
}
