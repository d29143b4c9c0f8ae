import type { HandoffOutcome } from '../../handoff/outcome.ts';
import type { Instant } from '../../instant.ts';
import type { ScoringModel } from '../model.ts';
import { type CellRate, cellInversionsOf, cellRatesOf } from './cell-rates.ts';
import type { ClosedHandoff } from './closed-handoff.ts';
import { fitCorrections } from './corrections.ts';
import { FALSE_DISCOVERY_RATE } from './false-discovery.ts';
import { GUARD, shortOfOutcomes } from './guard.ts';
import type { Interval } from './interval.ts';
import { countOf, type Lift, liftsOf } from './lift.ts';
import { fitScales, type PointsScale, type Side, sides } from './points-scale.ts';
import { suggest } from './suggest.ts';
import type { Suggestion } from './suggestion.ts';
import { wilson } from './wilson.ts';

/** What the outcomes of handed-off leads say about a model. */
export interface Calibration {
  readonly handoffs: number;
  readonly won: number;
  /** Why nothing can be said yet; null: something can. */
  readonly missing: string | null;
  readonly rate: Interval | null;
  /** The least that anything is said about, and the share of findings expected to be chance. */
  readonly guard: typeof GUARD;
  readonly falseDiscoveryRate: number;
  /** Rules, criteria and caps, in the model's order. */
  readonly lifts: readonly Lift[];
  /** Best first. */
  readonly cells: readonly CellRate[];
  /** How the odds of being won rise with ten points more; null where that is not known. */
  readonly tenPoints: { readonly [side in Side]: OddsOfPoints | null };
  readonly suggestions: readonly Suggestion[];
}

export interface OddsOfPoints {
  readonly oddsRatio: Interval;
  /** The interval leaves no doubt that more points mean a better chance. */
  readonly tells: boolean;
}

/** Which handoffs a calibration looked at. */
export interface CalibrationBasis {
  readonly model: string;
  readonly modelName: string;
  /** The live version: its rules are looked for in all handoffs, whichever version made them. */
  readonly modelVersion: number;
  /** Offered from then on. */
  readonly since: Instant;
  readonly until: Instant;
  /** The outcomes that were counted. Won is the good end, any other is not. */
  readonly outcomes: readonly HandoffOutcome[];
  readonly byOutcome: { readonly [outcome in HandoffOutcome]?: number };
  /** Offered in that time and still with sales: not counted. */
  readonly open: number;
  /** Left out since the person's data were erased. */
  readonly erased: number;
  /** There were more: only the newest were looked at. */
  readonly cut: boolean;
}

export type CalibrationReport = CalibrationBasis & Calibration;

/** Calibrates `model` against `handoffs`, whose features are those under `model`. */
export function calibrate(model: ScoringModel, handoffs: readonly ClosedHandoff[]): Calibration {
  const count = countOf(handoffs);
  const missing = shortOfOutcomes(count);
  const lifts = liftsOf(model, handoffs);
  const cells = cellRatesOf(model, handoffs);
  const frame = {
    handoffs: count.n,
    won: count.won,
    missing,
    guard: GUARD,
    falseDiscoveryRate: FALSE_DISCOVERY_RATE,
    lifts,
    cells,
  };
  if (missing !== null) {
    return { ...frame, rate: null, tenPoints: { behaviour: null, profile: null }, suggestions: [] };
  }
  const scales = fitScales(handoffs);
  const corrections = fitCorrections(handoffs, lifts, scales);
  const [behaviour, profile] = sides.map((side) => oddsOf(scales[side]));
  return {
    ...frame,
    rate: wilson(count),
    tenPoints: { behaviour: behaviour ?? null, profile: profile ?? null },
    suggestions: suggest(model, handoffs, { lifts, scales, corrections, inversions: cellInversionsOf(cells) }),
  };
}

function oddsOf(scale: PointsScale | null): OddsOfPoints | null {
  if (scale === null) return null;
  const { estimate, low, high } = scale.perPoint;
  const ofTen = (perPoint: number) => Math.exp(10 * perPoint);
  return { oddsRatio: { estimate: ofTen(estimate), low: ofTen(low), high: ofTen(high) }, tells: scale.tells };
}
