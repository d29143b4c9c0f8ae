import { difference } from '../../scoring/calibration/difference.ts';
import type { Interval } from '../../scoring/calibration/interval.ts';
import { wilson } from '../../scoring/calibration/wilson.ts';
import { sampleSize } from './sample-size.ts';
import { type Verdict, verdictInWords } from './verdict.ts';

/** How an arm of a split has done so far. */
export interface ArmCount {
  readonly id: string;
  /** Leads that were sent this way. */
  readonly entered: number;
  /** Those of them that reached the sequence's goal. */
  readonly reached: number;
  /** What the others are held against: leads that are left alone. */
  readonly holdout: boolean;
}

export interface ArmResult extends ArmCount {
  /** The share that reached the goal, with Wilson's interval (1927); null as long as nobody entered. */
  readonly rate: Interval | null;
  /** Null for the control itself. */
  readonly comparison: ArmComparison | null;
}

export interface ArmComparison {
  /** The arm that it is held against. */
  readonly control: string;
  /** Its rate less the control's, with Newcombe's interval (1998, method 10); null as long as one has no lead. */
  readonly difference: Interval | null;
  /** The difference as a part of the control's rate: 0.25 is a quarter more. Null where that rate is 0 or unknown. */
  readonly relativeLift: number | null;
  readonly verdict: Verdict;
  readonly words: string;
}

export interface SplitResult {
  /** Null where there is no arm. */
  readonly control: string | null;
  readonly arms: readonly ArmResult[];
  /** What to keep in mind when reading several comparisons. */
  readonly note: string | null;
}

/**
 * How the arms of a split have done, each held against the holdout, or the first arm where there is none. Each interval
 * is one of 95 % by itself, at one look: a winner is picked by a person, who is told by `note` what several comparisons
 * do to that.
 */
export function splitResults(counts: readonly ArmCount[]): SplitResult {
  const control = counts.find(({ holdout }) => holdout) ?? counts[0] ?? null;
  const arms = counts.map(
    (arm): ArmResult => ({
      ...arm,
      rate: rateOf(arm),
      comparison: control === null || arm.id === control.id ? null : compare(arm, control),
    }),
  );
  return { control: control?.id ?? null, arms, note: noteOn(arms.length - 1) };
}

function compare(arm: ArmCount, control: ArmCount): ArmComparison {
  const [rate, base] = [rateOf(arm), rateOf(control)];
  const found = rate === null || base === null ? null : difference(countOf(arm), countOf(control));
  const relativeLift = found === null || base === null || base.estimate === 0 ? null : found.estimate / base.estimate;
  const verdict = found === null ? ({ kind: 'no-leads' } as const) : judge(arm, control, found);
  const words = verdictInWords(verdict, found, control.holdout ? 'the holdout' : `the control '${control.id}'`);
  return { control: control.id, difference: found, relativeLift, verdict, words };
}

function judge(arm: ArmCount, control: ArmCount, { estimate, low, high }: Interval): Verdict {
  if (low > 0) return { kind: 'better' };
  if (high < 0) return { kind: 'worse' };
  if (estimate === 0) return { kind: 'same' };
  // The arms go on growing in the proportion in which they grew so far.
  const ratio = control.entered / arm.entered;
  const needed = sampleSize(arm.reached / arm.entered, control.reached / control.entered, ratio);
  const moreHere = Math.max(1, needed - arm.entered);
  return { kind: 'unclear', moreHere, moreInControl: Math.max(1, Math.ceil(moreHere * ratio)) };
}

function rateOf(arm: ArmCount): Interval | null {
  return arm.entered === 0 ? null : wilson(countOf(arm));
}

const countOf = ({ entered, reached }: ArmCount) => ({ n: entered, won: reached });

/** With k comparisons of arms that are all the same, the chance that one looks different is at most k times 5 %. */
function noteOn(comparisons: number): string | null {
  if (comparisons < 2) return null;
  const percent = Math.min(100, comparisons * 5);
  return (
    `${comparisons} arms are compared: even if all were the same, the chance that one of them looks different would be up to ` +
    `${percent} %. Take a single narrow winner with a grain of salt.`
  );
}
