import type { Grade } from '../../conditions/facts.ts';
import { isQualified, worse } from '../cell.ts';
import { compileModel } from '../compile-model.ts';
import { gradeOfPoints } from '../grade.ts';
import type { ScoringModel } from '../model.ts';
import type { ClosedHandoff } from './closed-handoff.ts';
import type { Features } from './features.ts';
import type { Count } from './interval.ts';
import type { Part } from './lift.ts';

/** Other points for one rule or criterion. */
export interface PointsChange {
  readonly kind: Exclude<Part['kind'], 'cap'>;
  readonly id: string;
  readonly points: number;
}

/** Which of the handed-off leads would be ready for sales, as of their offer, if the change had been in force. */
export interface Effect {
  /** Ready under the present points. */
  readonly before: Count;
  readonly after: Count;
  readonly noLonger: Count;
  readonly newly: Count;
}

/** What `change` would have done to these leads. */
export function effectOf(model: ScoringModel, handoffs: readonly ClosedHandoff[], change: PointsChange): Effect {
  const changed = withPoints(model, change);
  const counts = { before: none(), after: none(), noLonger: none(), newly: none() };
  for (const { features, won } of handoffs) {
    const before = isReady(model, model, features);
    const after = isReady(model, changed, features);
    if (before) add(counts.before, won);
    if (after) add(counts.after, won);
    if (before && !after) add(counts.noLonger, won);
    if (!before && after) add(counts.newly, won);
  }
  return counts;
}

/** The model with other points for one of its parts. */
export function withPoints(model: ScoringModel, { kind, id, points }: PointsChange): ScoringModel {
  if (kind === 'rule') {
    return { ...model, rules: model.rules.map((rule) => (rule.id === id ? { ...rule, points } : rule)) };
  }
  if (model.profile === undefined) return model;
  const criteria = model.profile.criteria.map((criterion) =>
    criterion.id === id ? { ...criterion, points } : criterion,
  );
  return { ...model, profile: { ...model.profile, criteria } };
}

/**
 * Whether a lead with these features of `model` is ready for sales under `changed`, which differs in points alone. No
 * history is needed: when a rule gives, its limits and how its points fade do not depend on how many they are, so its
 * worth changes in proportion, and what holds sums is applied anew. That this is what a fold says is a property test.
 */
export function isReady(model: ScoringModel, changed: ScoringModel, features: Features): boolean {
  return isQualified(changed, firmPointsUnder(model, changed, features), gradeUnder(changed, features));
}

/** The firm points that a lead with these features of `model` has under `changed`. */
export function firmPointsUnder(model: ScoringModel, changed: ScoringModel, { rules: worth }: Features): number {
  const sums = new Map<string, number>();
  model.rules.forEach(({ id, points, group = '' }, index) => {
    const worthNow = worth.get(id);
    if (worthNow === undefined) return;
    // Divided first: whole awards stay whole, and no rounding takes a sum past a threshold.
    const awards = worthNow / points;
    sums.set(group, (sums.get(group) ?? 0) + awards * (changed.rules[index]?.points ?? points));
  });
  const { groups, total } = compileModel(changed);
  return total(groups.reduce((sum, { id, hold }) => sum + hold(sums.get(id) ?? 0), 0));
}

function gradeUnder({ profile }: ScoringModel, { criteria, caps }: Features): Grade | null {
  if (profile === undefined) return null;
  const points = profile.criteria.reduce((sum, { id, points }) => sum + (criteria.get(id) === 'true' ? points : 0), 0);
  return profile.caps.reduce(
    (grade, { id, atMost }) => (caps.get(id) === 'true' ? worse(grade, atMost) : grade),
    gradeOfPoints(profile, points),
  );
}

const none = () => ({ n: 0, won: 0 });

function add(count: { n: number; won: number }, won: boolean): void {
  count.n += 1;
  if (won) count.won += 1;
}
