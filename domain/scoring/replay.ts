import type { Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { cellName } from './cell.ts';
import { foldAll, standingAt } from './fold.ts';
import type { ScoringModel } from './model.ts';
import type { ProfileView } from './profile-view.ts';

/** What a model would have made of one lead. */
export interface ReplayedLead {
  /** As of the end of the replay. */
  readonly cell: string | null;
  readonly qualified: boolean;
  /** Each instant at which the lead came to qualify, ascending. */
  readonly qualifications: readonly Instant[];
}

/**
 * Plays a lead's recorded history (whole, in fold order, nothing after `until`) under `model`: the very fold that scores
 * live, so that replaying the live model finds the live standings.
 */
export function replayLead(
  model: ScoringModel,
  history: readonly Interaction[],
  profile: ProfileView,
  until: Instant,
): ReplayedLead {
  const qualifications: Instant[] = [];
  const onQualified = (at: Instant) => void qualifications.push(at);
  const folded = foldAll(model, history, { profile, onQualified });
  const { standing } = standingAt(model, folded.standing, until, profile, onQualified);
  return { cell: cellName(standing.grade, standing.band), qualified: standing.qualified, qualifications };
}
