import type { z } from 'zod';
import { leavesNotAllowed } from '../conditions/leaves.ts';
import { DAY, durationMs } from '../instant.ts';
import { canNeverMatch, type EventMatch } from '../interaction/event-match.ts';
import { SCORE_ADJUSTED } from '../interaction/interaction.ts';
import { BY_HAND } from './adjustment.ts';
import { type BehaviourRule, isSilenceRule, type Recurring } from './behaviour-rule.ts';
import type { ModelShape } from './model-shape.ts';
import { SESSION_GAP_MS } from './session.ts';

type Report = (path: readonly (string | number)[], message: string) => void;

/** What no single field shows: parts that contradict each other, that nothing can ever reach, that name what is not there. */
export function checkModel(model: ModelShape, context: z.RefinementCtx): void {
  const report: Report = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  checkRules(model, report);
  checkOrder(['bands'], model.bands, [1, 2, 3], report);
  checkOrder(['profile', 'grades'], model.profile?.grades, ['A', 'B', 'C'], report);
  checkLimits(['total'], model.total, report);
  for (const [index, group] of model.groups.entries()) checkLimits(['groups', index], group, report);
  checkProfile(model, report);
  checkHandOff(model, report);
}

function checkRules({ rules, groups, profile }: ModelShape, report: Report): void {
  if (rules.length === 0 && profile === undefined) report(['rules'], 'needs at least one rule, or a profile');
  const known = new Set(groups.map(({ id }) => id));
  for (const [index, rule] of rules.entries()) {
    const path = ['rules', index];
    if (rule.id === BY_HAND)
      report([...path, 'id'], `"${BY_HAND}" stands for the points that people give by hand: take another id`);
    if (rule.group !== undefined && !known.has(rule.group))
      report([...path, 'group'], `there is no group "${rule.group}": add it to groups, or check its spelling`);
    checkCanMatch(rule, path, report);
    const group = groups.find(({ id }) => id === rule.group);
    // Each point that will expire is remembered until it does: a robot's thousand views would slow its every further event.
    const expires = rule.validFor !== undefined || group?.validFor !== undefined;
    if (expires && !isSilenceRule(rule) && rule.limit === undefined && rule.recurring === undefined)
      report(
        [...path, 'limit'],
        'is needed beside validFor, such as { per: day }; or take halfLife instead of validFor',
      );
  }
}

/** A rule that can never match is a mistake that would show only as points that never come. */
function checkCanMatch(rule: BehaviourRule, path: readonly (string | number)[], report: Report): void {
  if (isSilenceRule(rule)) {
    for (const [index, match] of (rule.silence.on ?? []).entries()) {
      const reason = canNeverCount(match);
      if (reason !== null) report([...path, 'silence', 'on', index], `can never match: ${reason}`);
    }
    return;
  }
  const reason = canNeverCount(rule.on);
  if (reason !== null) report([...path, 'on'], `can never match: ${reason}`);
  if (rule.when !== undefined) {
    for (const leaf of leavesNotAllowed(rule.when, ATTRIBUTES))
      report([...path, 'when', ...leaf], 'a rule can only ask about attributes of the lead and of the account here');
  }
  if (rule.recurring !== undefined && mostPeriods(rule.recurring) < rule.recurring.times) {
    report(
      [...path, 'recurring', 'times'],
      `can never match: there are at most ${mostPeriods(rule.recurring)} different ${rule.recurring.of} in that period`,
    );
  }
}

function canNeverCount(match: EventMatch): string | null {
  if (match.event === SCORE_ADJUSTED && (match.kind === undefined || match.kind === 'tend'))
    return `"${SCORE_ADJUSTED}" gives the points that a person chose, and no rule's: take another event`;
  return canNeverMatch(match);
}

const ATTRIBUTES: ReadonlySet<'lead' | 'account'> = new Set(['lead', 'account']);

/** How many different local days, weeks or visits a period can touch. */
function mostPeriods({ of, within }: Recurring): number {
  if (of === 'events') return Number.POSITIVE_INFINITY;
  if (of === 'sessions') return Math.ceil(durationMs(within) / SESSION_GAP_MS);
  return Math.ceil(durationMs(within) / (of === 'days' ? DAY : 7 * DAY)) + 1;
}

function checkOrder<K extends string | number>(
  path: readonly string[],
  bounds: { readonly [key in K]: number } | undefined,
  best: readonly K[],
  report: Report,
): void {
  if (bounds === undefined) return;
  for (const [index, key] of best.entries()) {
    const better = best[index - 1];
    if (better !== undefined && bounds[key] >= bounds[better]) {
      report(
        [...path, String(key)],
        `overlaps ${better}: ${key} begins at ${bounds[key]} points and must begin below ${bounds[better]}`,
      );
    }
  }
}

function checkLimits(
  path: readonly (string | number)[],
  { atMost, atLeast }: { readonly atMost?: number | undefined; readonly atLeast?: number | undefined },
  report: Report,
): void {
  if (atMost !== undefined && atLeast !== undefined && atMost <= atLeast)
    report([...path, 'atMost'], `must be more than atLeast, which is ${atLeast}`);
}

function checkProfile({ profile }: ModelShape, report: Report): void {
  if (profile === undefined) return;
  for (const list of ['criteria', 'caps'] as const) {
    for (const [index, { when }] of profile[list].entries()) {
      for (const leaf of leavesNotAllowed(when, ATTRIBUTES))
        report(
          ['profile', list, index, 'when', ...leaf],
          'a profile is made of attributes of the lead and of the account; behaviour belongs to rules',
        );
    }
  }
  for (const [index, { atMost }] of profile.caps.entries()) {
    if (atMost === 'A')
      report(['profile', 'caps', index, 'atMost'], 'holds nobody down: take B, C or D, or leave the cap out');
  }
  const most = profile.criteria.reduce((sum, { points }) => sum + Math.max(0, points), 0);
  for (const grade of ['A', 'B', 'C'] as const) {
    if (profile.grades[grade] > most) {
      report(
        ['profile', 'grades', grade],
        `can never be reached: all criteria together give ${most} points, and ${grade} begins at ${profile.grades[grade]}`,
      );
    }
  }
}

/** The most that behaviour can be worth: infinite where a rule gives its points again and again. */
function mostPoints({ rules, groups, total }: ModelShape): number {
  const sums = new Map<string, number>();
  for (const rule of rules) {
    if (rule.points <= 0) continue;
    const times = isSilenceRule(rule)
      ? Number.POSITIVE_INFINITY
      : rule.limit !== undefined && 'per' in rule.limit && rule.limit.per === 'lead'
        ? rule.limit.times
        : Number.POSITIVE_INFINITY;
    const group = rule.group ?? '';
    sums.set(group, (sums.get(group) ?? 0) + rule.points * times);
  }
  let most = 0;
  for (const [id, sum] of sums) most += Math.min(sum, groups.find((group) => group.id === id)?.atMost ?? sum);
  return Math.min(most, total.atMost ?? most);
}

function checkHandOff(model: ModelShape, report: Report): void {
  const { threshold, mql, bands, profile, total, rules } = model;
  if (threshold === undefined && mql === undefined) {
    report(
      ['threshold'],
      'say when a lead goes to sales: a threshold of points, or mql with cells such as [A1, B1]; mql: [] is never',
    );
  }
  if (threshold !== undefined && mql !== undefined)
    report(['mql'], 'says something else than threshold: keep one of them');
  if (threshold !== undefined && rules.length === 0) report(['threshold'], 'needs rules that give points');
  const most = mostPoints(model);
  if (threshold !== undefined && rules.length > 0 && threshold > most)
    report(['threshold'], `can never be reached: all rules together give at most ${most} points`);
  if (threshold !== undefined && total.atLeast !== undefined && threshold <= total.atLeast)
    report(['threshold'], `is reached by everybody: the total is at least ${total.atLeast}`);
  for (const band of [1, 2, 3] as const) {
    if (bands !== undefined && rules.length > 0 && bands[band] > most)
      report(['bands', band], `can never be reached: all rules together give at most ${most} points`);
  }
  if (bands !== undefined && rules.length === 0) report(['bands'], 'needs rules that give points');
  for (const [index, cell] of (mql ?? []).entries()) {
    if (/[A-D]/.test(cell) && profile === undefined)
      report(['mql', index], `"${cell}" needs a grade: add a profile with grades, or name bands only (1 to 4)`);
    if (/[1-4]/.test(cell) && bands === undefined)
      report(['mql', index], `"${cell}" needs a band: add bands, or name grades only (A to D)`);
  }
}
