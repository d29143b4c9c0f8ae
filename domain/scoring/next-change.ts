import type { Instant } from '../instant.ts';
import { advance } from './advance.ts';
import { bandOf } from './cell.ts';
import { compileModel } from './compile-model.ts';
import { changesWithTime, draftOf, type Standing, standingAt } from './fold.ts';
import type { ScoringModel } from './model.ts';
import { noProfile, type ProfileView } from './profile-view.ts';
import { worthAt } from './worth.ts';

/**
 * The first instant after `now` at which the lead's cell (grade, band) or whether it goes to sales changes by time
 * alone: points fade or expire, silence lasts, a statement about the person grows too old. Exact to the millisecond;
 * null: never. It is when the journey looks again, so nothing has to be computed every night.
 */
export function nextChange(
  model: ScoringModel,
  standing: Standing,
  now: Instant,
  profile: ProfileView = noProfile,
): Instant | null {
  const compiled = compileModel(model);
  if (!changesWithTime(compiled, standing.state) && profile.nextAfter(now) === null) return null;
  const { standing: present } = standingAt(model, standing, now, profile);
  const draft = draftOf(present, now, profile);
  let change: Instant | null = null;
  advance(compiled, draft, profile, Number.POSITIVE_INFINITY, {
    inclusive: true,
    onChange(at) {
      const band = bandOf(model, worthAt(compiled, draft.state, at).firm);
      const qualified = draft.qualifiedSince !== null;
      if (draft.grade === present.grade && band === present.band && qualified === present.qualified) return false;
      change = at;
      return true;
    },
  });
  return change;
}
