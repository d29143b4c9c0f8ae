import { describe, expect, it } from 'vitest';
import { difference } from '../../domain/scoring/calibration/difference.ts';
import { findings } from '../../domain/scoring/calibration/false-discovery.ts';
import { fisherTest } from '../../domain/scoring/calibration/fisher-test.ts';
import type { Interval } from '../../domain/scoring/calibration/interval.ts';
import { fitLogistic } from '../../domain/scoring/calibration/logistic.ts';
import { riskRatio } from '../../domain/scoring/calibration/risk-ratio.ts';
import { suggestPoints } from '../../domain/scoring/calibration/suggested-points.ts';
import { wilson } from '../../domain/scoring/calibration/wilson.ts';

const to4 = (bound: number) => Math.round(bound * 1e4) / 1e4;
const bounds = ({ low, high }: Interval) => [to4(low), to4(high)];

describe('published examples', () => {
  it('Wilson: table I of Newcombe 1998', () => {
    expect(bounds(wilson({ n: 263, won: 81 }))).toEqual([0.2553, 0.3662]);
    expect(bounds(wilson({ n: 148, won: 15 }))).toEqual([0.0624, 0.1605]);
    expect(bounds(wilson({ n: 20, won: 0 }))).toEqual([0, 0.1611]);
    expect(bounds(wilson({ n: 29, won: 1 }))).toEqual([0.0061, 0.1718]);
  });

  it('difference of rates: method 10 of Newcombe 1998', () => {
    expect(bounds(difference({ n: 70, won: 56 }, { n: 80, won: 48 }))).toEqual([0.0524, 0.3339]);
    expect(bounds(difference({ n: 10, won: 9 }, { n: 10, won: 3 }))).toEqual([0.1705, 0.809]);
    expect(bounds(difference({ n: 56, won: 5 }, { n: 29, won: 0 }))).toEqual([-0.0381, 0.1926]);
    expect(bounds(difference({ n: 10, won: 10 }, { n: 20, won: 0 }))).toEqual([0.6791, 1]);
  });

  it('Katz: placebo against aspirin in the Physicians’ Health Study, 1.82 (1.43–2.30), Agresti 2013 § 3.1', () => {
    const ratio = riskRatio({ n: 11_034, won: 189 }, { n: 11_037, won: 104 });
    expect(ratio.estimate).toBeCloseTo(1.82, 2);
    expect(ratio.low).toBeCloseTo(1.43, 2);
    expect(ratio.high).toBeCloseTo(2.305, 2);
  });

  it('Katz with an empty cell: a half is added, and the interval is finite', () => {
    const { estimate, low, high } = riskRatio({ n: 20, won: 0 }, { n: 20, won: 10 });
    expect(estimate).toBeCloseTo(0.5 / 10.5, 10);
    const error = Math.sqrt(1 / 0.5 - 1 / 21 + 1 / 10.5 - 1 / 21);
    expect([low, high].map(to4)).toEqual([-1, 1].map((side) => to4((0.5 / 10.5) * Math.exp(side * 1.959964 * error))));
  });

  it('Fisher: the lady tasting tea, and the twins of R’s fisher.test', () => {
    expect(fisherTest({ n: 4, won: 3 }, { n: 4, won: 1 })).toBeCloseTo(34 / 70, 10);
    expect(fisherTest({ n: 13, won: 10 }, { n: 17, won: 2 })).toBeCloseTo(0.0005367, 7);
  });

  it('Benjamini and Hochberg: of their 15 comparisons four are findings, where Bonferroni has three', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    expect(findings(p, 0.05)).toEqual(p.map((_, index) => index < 4));
    expect(p.filter((one) => one <= 0.05 / p.length)).toHaveLength(3);
    expect(findings([], 0.05)).toEqual([]);
  });

  it('logistic regression: the O-rings of the Challenger, 15.043 − 0.2322 × temperature (errors 7.379 and 0.1082)', () => {
    const temperatures = [66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58];
    const damaged = new Set([1, 8, 9, 10, 13, 20, 22]);
    const { coefficients, standardErrors } = fitLogistic(
      temperatures.map((temperature, index) => ({
        columns: [0, 1],
        values: [1, temperature],
        offset: 0,
        success: damaged.has(index),
      })),
      [1e-9, 1e-9],
    );
    expect(coefficients[0]).toBeCloseTo(15.043, 3);
    expect(coefficients[1]).toBeCloseTo(-0.2322, 4);
    expect(standardErrors[0]).toBeCloseTo(7.379, 2);
    expect(standardErrors[1]).toBeCloseTo(0.1082, 4);
  });
});

describe('suggested points', () => {
  const evidence = (lift: Interval, distinguishable: boolean) => {
    const rate = { estimate: 0.3, low: 0.2, high: 0.4 };
    return {
      wonWith: 30,
      wonWithout: 30,
      rateWith: rate,
      rateWithout: rate,
      rateUnknown: null,
      lift,
      difference: { estimate: 0, low: -0.1, high: 0.1 },
      p: 0.5,
      distinguishable,
    };
  };
  const more = evidence({ estimate: 2, low: 1.5, high: 2.6 }, true);
  const less = evidence({ estimate: 0.4, low: 0.2, high: 0.7 }, true);
  const same = evidence({ estimate: 1, low: 0.9, high: 1.1 }, false);
  const vague = evidence({ estimate: 1, low: 0.6, high: 1.7 }, false);

  it('turn the correction into points by what a point is worth', () => {
    // 0.4 log-odds at 0.1 a point are 4 points.
    const given = { points: 20, worth: 20, evidence: more, perPoint: 0.1 };
    expect(suggestPoints({ ...given, correction: { logOdds: 0.4, error: 0.1 } })).toEqual({
      points: 24,
      reason: 'tells-more',
    });
    expect(suggestPoints({ ...given, correction: { logOdds: -0.4, error: 0.1 } })).toEqual({
      points: 16,
      reason: 'tells-less',
    });
    // Twice given, so twice worth: half of it for each.
    expect(suggestPoints({ ...given, worth: 40, correction: { logOdds: 0.4, error: 0.1 } })).toMatchObject({
      points: 22,
    });
    expect(suggestPoints({ ...given, correction: { logOdds: 9, error: 0.1 } })).toMatchObject({ points: 30 });
  });

  it('stay as they are where the correction may be chance, or too small for a whole point', () => {
    const given = { points: 20, worth: 20, evidence: more, perPoint: 0.1 };
    expect(suggestPoints({ ...given, correction: { logOdds: 0.4, error: 0.3 } })).toBeNull();
    expect(suggestPoints({ ...given, correction: { logOdds: 0.04, error: 0.01 } })).toBeNull();
    expect(suggestPoints({ ...given, points: 1, worth: 1, correction: { logOdds: 2, error: 0.1 } })).toBeNull();
  });

  it('are halved where a rule tells the opposite of its points, also where no point has a worth', () => {
    const given = { points: 10, worth: 10, evidence: less, correction: { logOdds: -1, error: 0.2 } };
    expect(suggestPoints({ ...given, perPoint: null })).toEqual({ points: 5, reason: 'wrong-way' });
    expect(suggestPoints({ ...given, perPoint: 0.05 })).toEqual({ points: 5, reason: 'wrong-way' });
    expect(suggestPoints({ ...given, evidence: more, perPoint: null })).toBeNull();
  });

  it('are fewer where a rule certainly tells nothing, and as they are where that is not certain', () => {
    const given = { points: 10, worth: 10, correction: { logOdds: -0.5, error: 0.1 }, perPoint: 0.1 };
    expect(suggestPoints({ ...given, evidence: same })).toEqual({ points: 5, reason: 'tells-nothing' });
    expect(suggestPoints({ ...given, evidence: vague })).toBeNull();
  });
});
