import type { KnownOverTime } from '../attributes/history.ts';
import type { Band, Grade } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';
import { type Interaction, isHumanSignal } from '../interaction/interaction.ts';
import { type Adjustment, adjustmentName, adjustmentOf } from './adjustment.ts';
import type { Award } from './advance.ts';
import { type BehaviourRule, isSilenceRule } from './behaviour-rule.ts';
import { cellName } from './cell.ts';
import { compileModel } from './compile-model.ts';
import { foldAll, type Standing, standingAt, type Withheld } from './fold.ts';
import { type ExplainedGrade, explainGrade } from './grade.ts';
import { findLevers, type Lever } from './levers.ts';
import type { ScoringModel } from './model.ts';
import { nextChange } from './next-change.ts';
import { profileOverTime } from './profile-over-time.ts';
import { leftAfter } from './worth.ts';

/** A score taken apart: what gave each point, what held it down, and what would change it. */
export interface Explanation {
  readonly at: Instant;
  readonly points: number;
  readonly firmPoints: number;
  readonly grade: Grade | null;
  readonly band: Band | null;
  readonly cell: string | null;
  readonly qualified: boolean;
  readonly qualifiedSince: Instant | null;
  readonly profile: ExplainedGrade | null;
  /** Oldest first. */
  readonly awards: readonly ExplainedAward[];
  /** Matches that gave nothing, oldest first. */
  readonly withheld: readonly ExplainedMatch<Withheld['reason']>[];
  readonly groups: readonly ExplainedSum[];
  readonly total: ExplainedSum;
  /** The next instant at which time alone changes the cell, and what to. */
  readonly next: { readonly at: Instant; readonly cell: string | null; readonly qualified: boolean } | null;
  /** What would change it most, best first. */
  readonly levers: readonly Lever[];
}

interface ExplainedMatch<Reason> {
  readonly rule: string;
  readonly ruleName: string;
  readonly interaction: number;
  readonly reason: Reason;
}

export interface ExplainedAward {
  readonly rule: string;
  readonly ruleName: string;
  readonly group: string | null;
  /** The interaction that gave it, or since which there was silence. */
  readonly interaction: number;
  readonly silence: boolean;
  readonly at: Instant;
  /** As they were given. */
  readonly points: number;
  /** What is left of them. */
  readonly worth: number;
  /** Milliseconds in which half is lost; null: they do not fade. */
  readonly halfLife: number | null;
  readonly expiresAt: Instant | null;
  /** From an open or a click that no human signal has followed: they do not count for the cell yet. */
  readonly provisional: boolean;
  /** Why, and who says so, where a person and no rule gave them. */
  readonly byHand: { readonly reason: string; readonly by: string } | null;
}

/** A sum and what its limits leave of it, firm points only. */
export interface ExplainedSum {
  readonly id: string;
  readonly name: string;
  readonly sum: number;
  readonly counted: number;
  readonly atMost: number | null;
  readonly atLeast: number | null;
}

/** Explains where a lead with this `history` (whole, in fold order) stood at `at`. */
export function explain(
  model: ScoringModel,
  history: readonly Interaction[],
  attributes: KnownOverTime,
  at: Instant,
): Explanation {
  const past = history.filter(({ occurredAt }) => occurredAt <= at);
  const profile = profileOverTime(model, attributes);
  const withheld: Withheld[] = [];
  const folded = foldAll(model, past, { profile, onWithheld: (one) => void withheld.push(one) });
  const present = standingAt(model, folded.standing, at, profile);
  const facts = attributes.factsAt(at);
  const awards = explainAwards(model, [...folded.awards, ...present.awards], past, at);
  const ruleName = namesOf(model);
  const { standing } = present;
  return {
    at,
    points: standing.points,
    firmPoints: standing.firmPoints,
    grade: standing.grade,
    band: standing.band,
    cell: cellName(standing.grade, standing.band),
    qualified: standing.qualified,
    qualifiedSince: standing.qualifiedSince,
    profile: model.profile === undefined ? null : explainGrade(model.profile, facts),
    awards,
    withheld: withheld.map(({ rule, interactionId, reason }) => ({
      rule,
      ruleName: ruleName(rule),
      interaction: interactionId,
      reason,
    })),
    ...explainSums(model, awards),
    next: explainNext(model, standing, attributes, at),
    levers: findLevers(model, standing, facts, at),
  };
}

function explainAwards(
  model: ScoringModel,
  awards: readonly Award[],
  past: readonly Interaction[],
  at: Instant,
): ExplainedAward[] {
  const compiled = compileModel(model);
  const rules = new Map(model.rules.map((rule): [string, BehaviourRule] => [rule.id, rule]));
  const ruleName = namesOf(model);
  const place = new Map(past.map(({ id }, index) => [id, index]));
  const lastHuman = past.findLastIndex(isHumanSignal);
  const byHand = (interactionId: number) => {
    const interaction = past[place.get(interactionId) ?? -1];
    return interaction === undefined ? null : adjustmentOf(interaction);
  };
  return awards.map(({ rule, interactionId, points, provisional, occurredAt }) => {
    const adjustment = byHand(interactionId);
    if (adjustment !== null) return explainAdjustment(adjustment, { rule, interactionId, points, occurredAt }, at);
    const defined = rules.get(rule);
    const pace = defined === undefined ? null : compiled.paceOf(defined);
    const expiresAt = pace?.validFor == null ? null : occurredAt + pace.validFor;
    const expired = expiresAt !== null && expiresAt <= at;
    return {
      rule,
      ruleName: ruleName(rule),
      group: defined?.group ?? null,
      interaction: interactionId,
      silence: defined !== undefined && isSilenceRule(defined),
      at: occurredAt,
      points,
      worth: expired ? 0 : points * leftAfter(at - occurredAt, pace?.halfLife ?? null),
      halfLife: pace?.halfLife ?? null,
      expiresAt,
      provisional: provisional && (place.get(interactionId) ?? 0) > lastHuman,
      byHand: null,
    };
  });
}

function explainAdjustment(
  { reason, by, endsAt }: Adjustment,
  { rule, interactionId, points, occurredAt }: Pick<Award, 'rule' | 'interactionId' | 'points' | 'occurredAt'>,
  at: Instant,
): ExplainedAward {
  return {
    rule,
    ruleName: adjustmentName(reason),
    group: null,
    interaction: interactionId,
    silence: false,
    at: occurredAt,
    points,
    worth: endsAt !== null && endsAt <= at ? 0 : points,
    halfLife: null,
    expiresAt: endsAt,
    provisional: false,
    byHand: { reason, by },
  };
}

function explainSums(
  model: ScoringModel,
  awards: readonly ExplainedAward[],
): { readonly groups: ExplainedSum[]; readonly total: ExplainedSum } {
  const compiled = compileModel(model);
  const defined = new Map(model.groups.map((group) => [group.id, group]));
  const sums = compiled.groups.map(({ id, hold }): ExplainedSum => {
    const sum = awards
      .filter(({ group, provisional }) => (group ?? '') === id && !provisional)
      .reduce((total, { worth }) => total + worth, 0);
    const group = defined.get(id);
    return {
      id,
      name: group?.name ?? id,
      sum,
      counted: hold(sum),
      atMost: group?.atMost ?? null,
      atLeast: group?.atLeast ?? null,
    };
  });
  const sum = sums.reduce((total, { counted }) => total + counted, 0);
  const { atMost = null, atLeast = null } = model.total;
  return {
    groups: sums.filter(({ id }) => id !== ''),
    total: { id: 'total', name: 'total', sum, counted: compiled.total(sum), atMost, atLeast },
  };
}

function explainNext(
  model: ScoringModel,
  standing: Standing,
  attributes: KnownOverTime,
  at: Instant,
): Explanation['next'] {
  const next = nextChange(model, standing, at, profileOverTime(model, attributes));
  if (next === null) return null;
  const { standing: then } = standingAt(model, standing, next, profileOverTime(model, attributes));
  return { at: next, cell: cellName(then.grade, then.band), qualified: then.qualified };
}

function namesOf(model: ScoringModel): (rule: string) => string {
  const names = new Map(model.rules.map(({ id, name }) => [id, name ?? id]));
  return (rule) => names.get(rule) ?? rule;
}
