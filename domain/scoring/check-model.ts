import type { z } from 'zod';
import { leavesNotAllowed } from '../conditions/leaves.ts';
import { DAY, durationMs } from '../instant.ts';
import { canNeverMatch } from '../interaction/event-match.ts';
import { type BehaviourRule, isSilenceRule, type Recurring } from './behaviour-rule.ts';
import type { ModelShape } from './model-shape.ts';

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
    if (rule.group !== undefined && !known.has(rule.group))
      report([...path, 'group'], `there is no group "${rule.group}": add it to groups, or check its spelling`);
    checkCanMatch(rule, path, report);
  }
}

/** A rule that can never match is a mistake that would show only as points that never come. */
function checkCanMatch(rule: BehaviourRule, path: readonly (string | number)[], report: Report): void {
  if (isSilenceRule(rule)) {
    for (const [index, match] of (rule.silence.on ?? []).entries()) {
      const reason = canNeverMatch(match);
      if (reason !== null) report([...path, 'silence', 'on', index], `can never match: ${reason}`);
    }
    return;
  }
  const reason = canNeverMatch(rule.on);
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

const ATTRIBUTES: ReadonlySet<'lead' | 'account'> = new Set(['lead', 'account']);

/** How many different local days or weeks a period can touch. */
function mostPeriods({ of, within }: Recurring): number {
  if (of === 'events' || of === 'sessions') return Number.POSITIVE_INFINITY;
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

function checkHandOff({ threshold, mql, bands, profile, total, rules }: ModelShape, report: Report): void {
  if (threshold === undefined && mql === undefined) {
    report(
      ['threshold'],
      'say when a lead goes to sales: a threshold of points, or mql with cells such as [A1, B1]; mql: [] is never',
    );
  }
  if (threshold !== undefined && mql !== undefined)
    report(['mql'], 'says something else than threshold: keep one of them');
  if (threshold !== undefined && rules.length === 0) report(['threshold'], 'needs rules that give points');
  if (threshold !== undefined && total.atMost !== undefined && threshold > total.atMost)
    report(['threshold'], `can never be reached: the total is at most ${total.atMost}`);
  if (bands !== undefined && rules.length === 0) report(['bands'], 'needs rules that give points');
  for (const [index, cell] of (mql ?? []).entries()) {
    if (/[A-D]/.test(cell) && profile === undefined)
      report(['mql', index], `"${cell}" needs a grade: add a profile with grades, or name bands only (1 to 4)`);
    if (/[1-4]/.test(cell) && bands === undefined)
      report(['mql', index], `"${cell}" needs a band: add bands, or name grades only (A to D)`);
  }
}
