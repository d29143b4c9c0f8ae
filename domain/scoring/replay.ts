import type { Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import { advance } from './advance.ts';
import { cellName } from './cell.ts';
import { compileModel } from './compile-model.ts';
import { draftOf, emptyStanding, foldAll, type Standing, standingAt } from './fold.ts';
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
 * Plays a lead's recorded history (whole, in fold order, nothing after `until`) under `model`. It is the fold that
 * scores live, taken an event at a time to see each crossing; in parts it gives what it gives as a whole, so replaying
 * the live model finds the live standings.
 */
export function replayLead(
  model: ScoringModel,
  history: readonly Interaction[],
  profile: ProfileView,
  until: Instant,
): ReplayedLead {
  const compiled = compileModel(model);
  const qualifications: Instant[] = [];
  const note = (since: Instant | null) => {
    if (since !== null && since !== qualifications.at(-1)) qualifications.push(since);
  };
  const movesByItself = compiled.changesWithTime || model.profile !== undefined;

  /** What time alone does until `to`, which is left to what happens then. */
  function wait(standing: Standing, to: Instant): Standing {
    if (standing.at === null || !movesByItself) return standing;
    const draft = draftOf(standing, standing.at, profile);
    advance(compiled, draft, profile, to, {
      inclusive: false,
      onChange: () => {
        note(draft.qualifiedSince);
        return false;
      },
    });
    return { ...standing, at: draft.at, state: draft.state, grade: draft.grade, qualifiedSince: draft.qualifiedSince };
  }

  let standing = emptyStanding;
  for (const interaction of history) {
    standing = wait(standing, interaction.occurredAt);
    standing = foldAll(model, [interaction], { from: standing, profile }).standing;
    note(standing.qualifiedSince);
  }
  standing = standingAt(model, wait(standing, until), until, profile).standing;
  note(standing.qualifiedSince);
  return { cell: cellName(standing.grade, standing.band), qualified: standing.qualified, qualifications };
}
