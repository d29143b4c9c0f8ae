import type { Instant } from '../instant.ts';
import { matches } from '../interaction/event-match.ts';
import { type FoldPosition, type Interaction, isHumanSignal, isProvisional } from '../interaction/interaction.ts';
import { localDay } from './local-day.ts';
import type { ScoringModel, ScoringRule } from './model.ts';

/** Where a lead stands under one model: the fold of its interactions in fold order. */
export interface Standing {
  readonly points: number;
  /** `points` less the provisional ones that no human signal has followed yet. The threshold is held against these. */
  readonly firmPoints: number;
  readonly qualified: boolean;
  /** When the interaction occurred that took `firmPoints` over the threshold; null while not qualified. */
  readonly qualifiedSince: Instant | null;
  /** Awards so far by rule and period, as limits need them. */
  readonly used: UsedLimits;
  /** The last interaction folded. */
  readonly last: FoldPosition | null;
  readonly interactions: number;
}

/** Per rule: awards by period. The period is `lead`, a day's number, or a mail's id; only the last day is kept. */
export type UsedLimits = { readonly [rule: string]: { readonly [period: string]: number } };

/** Points that one rule gave for one interaction: a ledger row to be. */
export interface Award {
  readonly interactionId: number;
  readonly rule: string;
  readonly points: number;
  readonly provisional: boolean;
  readonly occurredAt: Instant;
}

export const emptyStanding: Standing = {
  points: 0,
  firmPoints: 0,
  qualified: false,
  qualifiedSince: null,
  used: {},
  last: null,
  interactions: 0,
};

/** Folds one interaction into `standing`. `interaction` must come after `standing.last` in fold order. */
export function foldInteraction(
  model: ScoringModel,
  standing: Standing,
  interaction: Interaction,
): { readonly standing: Standing; readonly awards: readonly Award[] } {
  const awards: Award[] = [];
  const provisional = isProvisional(interaction);
  let used = standing.used;
  let points = standing.points;
  // A person was here: what was provisional before is confirmed.
  let firmPoints = isHumanSignal(interaction) ? standing.points : standing.firmPoints;
  for (const rule of model.rules) {
    if (!matches(rule.on, interaction)) continue;
    const afterwards = useLimit(rule, used, interaction, model.timeZone);
    if (afterwards === null) continue;
    used = afterwards;
    points += rule.points;
    if (!provisional) firmPoints += rule.points;
    awards.push({
      interactionId: interaction.id,
      rule: rule.id,
      points: rule.points,
      provisional,
      occurredAt: interaction.occurredAt,
    });
  }
  const qualified = firmPoints >= model.threshold;
  return {
    standing: {
      points,
      firmPoints,
      qualified,
      qualifiedSince: qualified ? (standing.qualifiedSince ?? interaction.occurredAt) : null,
      used,
      last: { occurredAt: interaction.occurredAt, source: interaction.source, messageId: interaction.messageId },
      interactions: standing.interactions + 1,
    },
    awards,
  };
}

/** Folds `interactions`, which must be in fold order and come after `from.last`. */
export function foldAll(
  model: ScoringModel,
  interactions: readonly Interaction[],
  from: Standing = emptyStanding,
): { readonly standing: Standing; readonly awards: readonly Award[] } {
  let standing = from;
  const awards: Award[] = [];
  for (const interaction of interactions) {
    const folded = foldInteraction(model, standing, interaction);
    standing = folded.standing;
    awards.push(...folded.awards);
  }
  return { standing, awards };
}

/** The limits used after one more award of `rule`, or null when its limit does not allow one. */
function useLimit(rule: ScoringRule, used: UsedLimits, interaction: Interaction, timeZone: string): UsedLimits | null {
  if (rule.limit === undefined) return used;
  const period = periodOf(rule.limit.per, interaction, timeZone);
  const ofRule = used[rule.id];
  const times = ofRule?.[period] ?? 0;
  if (times >= rule.limit.times) return null;
  // In fold order a day that has passed never comes again, so only the present one is kept.
  const kept = rule.limit.per === 'day' ? {} : ofRule;
  return { ...used, [rule.id]: { ...kept, [period]: times + 1 } };
}

function periodOf(per: 'lead' | 'day' | 'message', interaction: Interaction, timeZone: string): string {
  switch (per) {
    case 'lead':
      return 'lead';
    case 'day':
      return String(localDay(interaction.occurredAt, timeZone));
    case 'message': {
      const message = interaction.properties.message;
      return typeof message === 'string' ? message : 'none';
    }
  }
}
