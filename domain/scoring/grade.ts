import { evaluate, isTrue } from '../conditions/evaluate.ts';
import type { Facts, Grade } from '../conditions/facts.ts';
import type { Trace } from '../conditions/trace.ts';
import { worse } from './cell.ts';
import type { Profile } from './model-shape.ts';

/** How well a profile fits, from what is known of the lead and its company. Unknown gives nothing and takes nothing. */
export function gradeOf(profile: Profile, facts: Facts): Grade {
  let points = 0;
  for (const criterion of profile.criteria) if (isTrue(criterion.when, facts)) points += criterion.points;
  let grade = gradeOfPoints(profile, points);
  for (const cap of profile.caps) if (isTrue(cap.when, facts)) grade = worse(grade, cap.atMost);
  return grade;
}

export interface ExplainedGrade {
  readonly grade: Grade;
  /** What the criteria give together, and the grade that alone would make. */
  readonly points: number;
  readonly gradeOfPoints: Grade;
  readonly criteria: readonly ExplainedCriterion[];
  readonly caps: readonly ExplainedCap[];
}

export interface ExplainedCap {
  readonly id: string;
  readonly name: string;
  readonly atMost: Grade;
  readonly trace: Trace;
}

export interface ExplainedCriterion {
  readonly id: string;
  readonly name: string;
  /** What it gives where it holds. */
  readonly worth: number;
  /** What it gave. */
  readonly points: number;
  readonly trace: Trace;
}

/** The same with every criterion, what it found, and who said so. */
export function explainGrade(profile: Profile, facts: Facts): ExplainedGrade {
  const criteria = profile.criteria.map(({ id, name, when, points }): ExplainedCriterion => {
    const trace = evaluate(when, facts);
    return { id, name: name ?? id, worth: points, points: trace.result === 'true' ? points : 0, trace };
  });
  const points = criteria.reduce((sum, criterion) => sum + criterion.points, 0);
  const caps = profile.caps.map(({ id, name, when, atMost }) => ({
    id,
    name: name ?? id,
    atMost,
    trace: evaluate(when, facts),
  }));
  const uncapped = gradeOfPoints(profile, points);
  const grade = capped(uncapped, caps);
  return { grade, points, gradeOfPoints: uncapped, criteria, caps };
}

/** `grade`, held to the caps that hold. */
export function capped(grade: Grade, caps: readonly ExplainedCap[]): Grade {
  return caps.reduce((found, { atMost, trace }) => (trace.result === 'true' ? worse(found, atMost) : found), grade);
}

/** The grade that points alone make, before caps. */
export function gradeOfPoints({ grades }: Profile, points: number): Grade {
  for (const grade of ['A', 'B', 'C'] as const) if (points >= grades[grade]) return grade;
  return 'D';
}
