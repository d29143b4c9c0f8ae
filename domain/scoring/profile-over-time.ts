import type { KnownOverTime } from '../attributes/history.ts';
import { isTrue } from '../conditions/evaluate.ts';
import type { Grade } from '../conditions/facts.ts';
import { nextChange } from '../conditions/next-change.ts';
import { earliest, type Instant } from '../instant.ts';
import { gradeOf } from './grade.ts';
import type { ScoringModel } from './model.ts';
import { noProfile, type ProfileView } from './profile-view.ts';

/** True where what is known of a lead makes a difference to its standing. */
export function asksForAttributes(model: ScoringModel): boolean {
  return model.profile !== undefined || model.rules.some((rule) => 'when' in rule && rule.when !== undefined);
}

/** A lead's grade over time under `model`: worked out once for each stretch of time in which nothing changes. */
export function profileOverTime(model: ScoringModel, attributes: KnownOverTime): ProfileView {
  const { profile } = model;
  if (!asksForAttributes(model)) return noProfile;
  const conditions = profile === undefined ? [] : [...profile.criteria, ...profile.caps].map(({ when }) => when);
  let stretch: Stretch | null = null;

  function stretchAt(at: Instant): Stretch {
    if (stretch !== null && at >= stretch.from && (stretch.until === null || at < stretch.until)) return stretch;
    const facts = attributes.factsAt(at);
    const grade = profile === undefined ? null : gradeOf(profile, facts);
    const until = earliest(attributes.nextAfter(at), ...conditions.map((condition) => nextChange(condition, facts)));
    stretch = { from: at, until, grade };
    return stretch;
  }

  return {
    gradeAt: (at) => stretchAt(at).grade,
    holdsAt: (condition, at) => isTrue(condition, attributes.factsAt(at)),
    nextAfter: (at) => (profile === undefined ? null : stretchAt(at).until),
  };
}

interface Stretch {
  readonly from: Instant;
  readonly until: Instant | null;
  readonly grade: Grade | null;
}
