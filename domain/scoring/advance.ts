import type { Grade } from '../conditions/facts.ts';
import { DAY, earliest, type Instant } from '../instant.ts';
import { addPoints } from './add-points.ts';
import { isQualified } from './cell.ts';
import type { CompiledModel } from './compile-model.ts';
import { firstStep } from './first-step.ts';
import { type FoldState, own } from './fold-state.ts';
import type { ProfileView } from './profile-view.ts';
import { nextBreak, nextSilence } from './silence.ts';
import { worthAt } from './worth.ts';

/** A standing on its way through time: changed in place. */
export interface Draft {
  readonly state: FoldState;
  at: Instant;
  grade: Grade | null;
  qualifiedSince: Instant | null;
}

/** Points that one rule gave: a ledger row to be. */
export interface Award {
  /** The interaction that gave it, or since which there was silence. */
  readonly interactionId: number;
  readonly rule: string;
  readonly points: number;
  readonly provisional: boolean;
  readonly occurredAt: Instant;
}

/**
 * Takes a standing from its instant to `to` with nothing but time passing: silence is noted, points fade and expire,
 * grades change as statements come and go, and each crossing into or out of what goes to sales is seen at the
 * millisecond it happens. `onChange` is told of each instant at which band, grade or qualification may be another, and
 * ends the walk by returning true.
 *
 * A silence that ends at the very instant of a reaction is none: with `inclusive: false` what is due at `to` is left.
 */
export function advance(
  model: CompiledModel,
  draft: Draft,
  profile: ProfileView,
  to: Instant,
  options: {
    readonly inclusive: boolean;
    readonly onAward?: (award: Award) => void;
    readonly onChange?: (at: Instant) => boolean;
    /** Told of each instant at which the lead comes to qualify. */
    readonly onQualified?: (at: Instant) => void;
  },
): void {
  const last = Math.min(options.inclusive ? to : to - 1, draft.at + HORIZON_MS);
  // A band that changes nothing for sales matters only to who is told of it: a fold looks at the band where it ends.
  const steps = options.onChange === undefined ? model.qualifyingSteps : model.steps;
  if (options.inclusive && noteSilences(model, draft, options.onAward))
    updateQualified(model, draft, options.onQualified);
  while (draft.at < last) {
    const next = earliest(nextBreak(model, draft.state, draft.at), profile.nextAfter(draft.at));
    const stroke = next === null || next > last ? null : next;
    // Until then points only fade.
    const crossing = firstStep(model, draft.state, draft.at, stroke === null ? last : stroke - 1, steps);
    if (crossing !== null) {
      draft.at = crossing;
    } else if (stroke !== null) {
      draft.at = stroke;
      noteSilences(model, draft, options.onAward);
      draft.grade = profile.gradeAt(stroke);
    } else {
      draft.at = last;
      return;
    }
    updateQualified(model, draft, options.onQualified);
    if (options.onChange?.(draft.at)) return;
  }
}

/** Notes what is due until `draft.at`. True where there was any. */
function noteSilences(model: CompiledModel, draft: Draft, onAward?: (award: Award) => void): boolean {
  for (let noted = false; ; noted = true) {
    const due = nextSilence(model, draft.state);
    if (due === null || due.at > draft.at) return noted;
    const { rule } = due.silence;
    const counting = own(draft.state.silence, rule.id);
    if (counting !== undefined) counting.noted += 1;
    addPoints(draft.state, model.paceOf(rule), rule.points, due.at, true);
    onAward?.({
      interactionId: due.since,
      rule: rule.id,
      points: rule.points,
      provisional: false,
      occurredAt: due.at,
    });
  }
}

/** Nobody looks further ahead; and no vocabulary in which something is always about to change can hold up a worker. */
const HORIZON_MS = 100 * 365.25 * DAY;

/** The instant since which the lead has been qualified without a break, as of `draft.at`. */
export function updateQualified(model: CompiledModel, draft: Draft, onQualified?: (at: Instant) => void): void {
  const { firm } = worthAt(model, draft.state, draft.at);
  if (isQualified(model.model, firm, draft.grade)) {
    if (draft.qualifiedSince !== null) return;
    draft.qualifiedSince = draft.at;
    onQualified?.(draft.at);
  } else draft.qualifiedSince = null;
}
