import type { Condition } from '../conditions/condition.ts';
import type { Grade } from '../conditions/facts.ts';
import type { Instant } from '../instant.ts';

/** A lead's profile over time, as the fold asks for it. Pure: the same instant always gives the same answer. */
export interface ProfileView {
  /** The grade at `at`; null where the model has no profile. */
  gradeAt(at: Instant): Grade | null;
  /** True where `condition` holds of the lead's attributes at `at`; unknown is not enough. */
  holdsAt(condition: Condition, at: Instant): boolean;
  /** The first instant after `at` at which the grade may be another. Never later than it is; null: never. */
  nextAfter(at: Instant): Instant | null;
}

/** For models that look at behaviour alone. */
export const noProfile: ProfileView = { gradeAt: () => null, holdsAt: () => false, nextAfter: () => null };
