import { bands, grades } from '../../conditions/facts.ts';
import { cellsOf } from '../cell.ts';
import type { ScoringModel } from '../model.ts';
import type { ClosedHandoff } from './closed-handoff.ts';
import { findings } from './false-discovery.ts';
import { fisherTest } from './fisher-test.ts';
import { GUARD, shortOfOutcomes } from './guard.ts';
import type { Count, Interval } from './interval.ts';
import { countOf } from './lift.ts';
import { wilson } from './wilson.ts';

/** How often leads of one cell of the grid are won. */
export interface CellRate {
  readonly cell: string;
  readonly n: number;
  /** Null, as the rate, where nothing can be said yet; `missing` says why. */
  readonly won: number | null;
  readonly rate: Interval | null;
  readonly missing: string | null;
}

/** A cell whose leads are won distinguishably more often than those of a cell that counts as better. */
export interface CellInversion {
  readonly better: CellRate;
  readonly worse: CellRate;
  readonly p: number;
}

/** Every cell that the model can give, best first, with its rate. */
export function cellRatesOf(model: ScoringModel, handoffs: readonly ClosedHandoff[]): CellRate[] {
  const missingInAll = shortOfOutcomes(countOf(handoffs));
  return cellsOf(model).map((cell): CellRate => {
    const { n, won } = countOf(handoffs.filter(({ features }) => features.cell === cell));
    const missing =
      n === 0
        ? 'no handoffs yet'
        : (missingInAll ?? (n < GUARD.with ? `not enough outcomes yet: ${n} of ${GUARD.with}` : null));
    if (missing !== null) return { cell, n, won: null, rate: null, missing };
    return { cell, n, won, rate: wilson({ n, won }), missing };
  });
}

/**
 * Pairs of cells that are the wrong way round, surest first. Only cells of which one is better on neither side worse
 * are held against each other: nobody says whether A3 or B1 should be won more often.
 */
export function cellInversionsOf(rates: readonly CellRate[]): CellInversion[] {
  const known = rates.filter(({ missing }) => missing === null);
  const pairs = known.flatMap((better) =>
    known.filter((worse) => isBetter(better.cell, worse.cell)).map((worse) => ({ better, worse })),
  );
  const tested = pairs.map(({ better, worse }) => ({ better, worse, p: fisherTest(toCount(better), toCount(worse)) }));
  const found = findings(tested.map(({ p }) => p));
  return tested
    .filter(({ better, worse }, index) => found[index] === true && rateOf(worse) > rateOf(better))
    .sort((a, b) => a.p - b.p);
}

const toCount = ({ n, won }: CellRate): Count => ({ n, won: won ?? 0 });
const rateOf = ({ rate }: CellRate) => rate?.estimate ?? 0;

function isBetter(one: string, other: string): boolean {
  const [[letter, number], [otherLetter, otherNumber]] = [placeOf(one), placeOf(other)];
  return one !== other && letter <= otherLetter && number <= otherNumber;
}

/** 0 is best; a side that the model lacks is the same for all. */
function placeOf(cell: string): readonly [letter: number, number: number] {
  return [grades.findIndex((grade) => cell.includes(grade)), bands.findIndex((band) => cell.includes(String(band)))];
}
