import type { ScoringModel } from '../model.ts';
import type { CellInversion } from './cell-rates.ts';
import type { ClosedHandoff } from './closed-handoff.ts';
import { type Correction, keyOfPart } from './corrections.ts';
import { effectOf } from './effect.ts';
import { capInWords, inversionInWords, suggestionInWords } from './in-words.ts';
import { hasPart, type Lift } from './lift.ts';
import type { PointsScales } from './points-scale.ts';
import { suggestPoints } from './suggested-points.ts';
import type { CapSuggestion, CellSuggestion, PointsSuggestion, Suggestion } from './suggestion.ts';

export interface Findings {
  readonly lifts: readonly Lift[];
  readonly scales: PointsScales;
  readonly corrections: ReadonlyMap<string, Correction>;
  readonly inversions: readonly CellInversion[];
}

/** What follows from the findings, surest first: points, then caps, then cells. */
export function suggest(model: ScoringModel, handoffs: readonly ClosedHandoff[], findings: Findings): Suggestion[] {
  const { lifts, inversions } = findings;
  const sureness = (lift: Lift) => {
    const correction = findings.corrections.get(keyOfPart(lift));
    return correction === undefined ? 0 : Math.abs(correction.logOdds) / correction.error;
  };
  return [
    ...[...lifts]
      .sort((a, b) => sureness(b) - sureness(a))
      .flatMap((lift) => pointsFor(model, handoffs, lift, findings)),
    ...lifts.flatMap(capFor),
    ...surestOfEach(inversions).map(
      (inversion): CellSuggestion => ({
        kind: 'cells',
        better: inversion.better.cell,
        worse: inversion.worse.cell,
        words: inversionInWords(inversion),
      }),
    ),
  ];
}

/** A cell that stands out does so beside several others: it is named once, with the one it is surest of. */
function surestOfEach(inversions: readonly CellInversion[]): CellInversion[] {
  return inversions.filter(
    ({ worse }, index) => inversions.findIndex((other) => other.worse.cell === worse.cell) === index,
  );
}

function pointsFor(
  model: ScoringModel,
  handoffs: readonly ClosedHandoff[],
  lift: Lift,
  { scales, corrections }: Findings,
): PointsSuggestion[] {
  const { kind, id, name, points, evidence } = lift;
  const correction = corrections.get(keyOfPart(lift));
  if (kind === 'cap' || points === null || evidence === null || correction === undefined) return [];
  const scale = scales[kind === 'rule' ? 'behaviour' : 'profile'];
  const suggested = suggestPoints({
    points,
    worth: kind === 'rule' ? meanWorth(handoffs, lift) : points,
    evidence,
    correction,
    perPoint: scale?.tells ? scale.perPoint.estimate : null,
  });
  if (suggested === null) return [];
  const effect = effectOf(model, handoffs, { kind, id, points: suggested.points });
  const base = {
    kind: 'points',
    part: kind,
    id,
    name,
    reason: suggested.reason,
    from: points,
    to: suggested.points,
  } as const;
  return [{ ...base, effect, words: suggestionInWords(base, lift, evidence, effect) }];
}

/** A rule may give its points several times, and they may have faded: what it gives is not what it is worth. */
function meanWorth(handoffs: readonly ClosedHandoff[], lift: Lift): number {
  const worths = handoffs
    .filter((handoff) => hasPart(handoff, lift) === true)
    .map(({ features }) => features.rules.get(lift.id) ?? 0);
  return worths.reduce((sum, worth) => sum + worth, 0) / Math.max(1, worths.length);
}

function capFor(lift: Lift): CapSuggestion[] {
  const { kind, id, name, evidence } = lift;
  if (kind !== 'cap' || evidence === null || !evidence.distinguishable || evidence.lift.estimate <= 1) return [];
  return [{ kind: 'cap', id, name, words: capInWords(lift, evidence) }];
}
