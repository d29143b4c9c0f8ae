import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../domain/attributes/history.ts';
import { DAY, HOUR } from '../../domain/instant.ts';
import { compareFoldOrder, type Interaction } from '../../domain/interaction/interaction.ts';
import { factorise } from '../../domain/scoring/calibration/cholesky.ts';
import { difference } from '../../domain/scoring/calibration/difference.ts';
import { firmPointsUnder, isReady, withPoints } from '../../domain/scoring/calibration/effect.ts';
import { findings } from '../../domain/scoring/calibration/false-discovery.ts';
import { featuresAt } from '../../domain/scoring/calibration/features.ts';
import { fisherTest } from '../../domain/scoring/calibration/fisher-test.ts';
import type { Count } from '../../domain/scoring/calibration/interval.ts';
import { fitLogistic } from '../../domain/scoring/calibration/logistic.ts';
import { riskRatio } from '../../domain/scoring/calibration/risk-ratio.ts';
import { suggestPoints } from '../../domain/scoring/calibration/suggested-points.ts';
import { wilson } from '../../domain/scoring/calibration/wilson.ts';
import { isQualified } from '../../domain/scoring/cell.ts';
import { modelShape } from '../../domain/scoring/model-shape.ts';
import { SCALE } from '../support/property.ts';

const count = fc
  .integer({ min: 1, max: 2_000 })
  .chain((n) => fc.record({ n: fc.constant(n), won: fc.integer({ min: 0, max: n }) }));
/** A count without an empty cell. */
const full = fc
  .integer({ min: 2, max: 2_000 })
  .chain((n) => fc.record({ n: fc.constant(n), won: fc.integer({ min: 1, max: n - 1 }) }));
const times = ({ n, won }: Count, factor: number): Count => ({ n: n * factor, won: won * factor });
const mirrored = ({ n, won }: Count): Count => ({ n, won: n - won });
const runs = { numRuns: 1_000 * SCALE };

describe('intervals', () => {
  it('hold their estimate, and a rate’s lies within 0 and 1', () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        for (const { low, estimate, high } of [wilson(a), riskRatio(a, b), difference(a, b)]) {
          expect(low).toBeLessThanOrEqual(estimate);
          expect(estimate).toBeLessThanOrEqual(high);
          expect(Number.isFinite(low) && Number.isFinite(high)).toBe(true);
        }
        expect(wilson(a).low).toBeGreaterThanOrEqual(0);
        expect(wilson(a).high).toBeLessThanOrEqual(1);
        expect(riskRatio(a, b).low).toBeGreaterThan(0);
        expect(difference(a, b).low).toBeGreaterThanOrEqual(-1 - 1e-12);
        expect(difference(a, b).high).toBeLessThanOrEqual(1 + 1e-12);
      }),
      runs,
    );
  });

  it('are narrower with more cases of the same kind', () => {
    fc.assert(
      fc.property(full, full, fc.integer({ min: 2, max: 20 }), (a, b, more) => {
        const width = ({ low, high }: { low: number; high: number }) => high - low;
        expect(width(wilson(times(a, more)))).toBeLessThan(width(wilson(a)));
        expect(width(difference(times(a, more), times(b, more)))).toBeLessThan(width(difference(a, b)));
        const few = riskRatio(a, b);
        const many = riskRatio(times(a, more), times(b, more));
        expect(many.estimate).toBeCloseTo(few.estimate, 6);
        expect(many.high / many.low).toBeLessThan(few.high / few.low);
      }),
      runs,
    );
  });

  it('are mirrored where won and not won, or with and without, change places', () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        const [one, other] = [wilson(a), wilson(mirrored(a))];
        expect(other.low).toBeCloseTo(1 - one.high, 10);
        expect(other.high).toBeCloseTo(1 - one.low, 10);
        const [ratio, inverse] = [riskRatio(a, b), riskRatio(b, a)];
        expect(inverse.estimate * ratio.estimate).toBeCloseTo(1, 8);
        expect(inverse.low * ratio.high).toBeCloseTo(1, 8);
        const [step, back] = [difference(a, b), difference(b, a)];
        expect(back.low).toBeCloseTo(-step.high, 10);
        expect(back.estimate).toBeCloseTo(-step.estimate, 10);
      }),
      runs,
    );
  });
});

describe('Fisher’s test', () => {
  it('is a probability, the same whichever way the table is turned, and 1 where the groups are alike', () => {
    fc.assert(
      fc.property(count, count, (a, b) => {
        const p = fisherTest(a, b);
        // What is less likely than the smallest number there is, is 0.
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(fisherTest(b, a)).toBeCloseTo(p, 8);
        expect(fisherTest(mirrored(a), mirrored(b))).toBeCloseTo(p, 8);
        expect(fisherTest(a, a)).toBeCloseTo(1, 6);
      }),
      runs,
    );
  });
});

describe('findings', () => {
  it('are the smallest p-values, no fewer than Bonferroni’s, and do not depend on the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (p) => {
        const found = findings(p, 0.05);
        const least = Math.min(1, ...p.filter((_, index) => !found[index]));
        expect(p.every((one, index) => !found[index] || one <= least)).toBe(true);
        expect(p.every((one, index) => one > 0.05 / p.length || found[index])).toBe(true);
        expect(p.every((one, index) => !found[index] || one <= 0.05)).toBe(true);
        expect(findings([...p].reverse(), 0.05)).toEqual([...found].reverse());
      }),
      runs,
    );
  });
});

describe('regression', () => {
  it('with one trait and hardly a penalty is the logarithm of the odds ratio, with Woolf’s error', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 4, maxLength: 4 }), (cells) => {
        const [a = 1, b = 1, c = 1, d = 1] = cells;
        const of = (trait: number, success: boolean, n: number) =>
          Array.from({ length: n }, () => ({
            columns: trait === 1 ? [0, 1] : [0],
            values: [1, 1],
            offset: 0,
            success,
          }));
        const { coefficients, standardErrors } = fitLogistic(
          [...of(1, true, a), ...of(1, false, b), ...of(0, true, c), ...of(0, false, d)],
          [1e-9, 1e-9],
        );
        expect(coefficients[1]).toBeCloseTo(Math.log((a * d) / (b * c)), 5);
        expect(standardErrors[1]).toBeCloseTo(Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d), 4);
      }),
      { numRuns: 200 * SCALE },
    );
  });

  it('with a penalty is finite even where one trait decides, and never surer than its prior is wide', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.1, max: 10, noNaN: true }), (n, precision) => {
        const observations = Array.from({ length: 2 * n }, (_, index) => ({
          columns: index < n ? [0, 1] : [0],
          values: [1, 1],
          offset: 0,
          success: index < n,
        }));
        const { coefficients, standardErrors } = fitLogistic(observations, [precision, precision]);
        expect(coefficients.every(Number.isFinite)).toBe(true);
        expect(coefficients[1]).toBeGreaterThan(0);
        expect(standardErrors[1]!).toBeLessThanOrEqual(1 / Math.sqrt(precision) + 1e-9);
      }),
      { numRuns: 100 * SCALE },
    );
  });

  it('solves what it factorises', () => {
    const square = fc.integer({ min: 1, max: 8 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        root: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: size * size, maxLength: size * size }),
        x: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: size, maxLength: size }),
      }),
    );
    fc.assert(
      fc.property(square, ({ size, root, x }) => {
        const values = new Float64Array(size * size);
        for (let i = 0; i < size; i += 1) {
          for (let j = 0; j < size; j += 1) {
            let sum = i === j ? 1 : 0;
            for (let k = 0; k < size; k += 1) sum += root[i * size + k]! * root[j * size + k]!;
            values[i * size + j] = sum;
          }
        }
        const b = Float64Array.from({ length: size }, (_, i) =>
          x.reduce((sum, one, j) => sum + values[i * size + j]! * one, 0),
        );
        const solved = factorise({ size, values }).solve(b);
        for (const [i, one] of solved.entries()) expect(one).toBeCloseTo(x[i]!, 6);
      }),
      { numRuns: 300 * SCALE },
    );
  });
});

describe('suggested points', () => {
  it('are whole, of the same sign, within a half of the present ones, and never those', () => {
    const lift = fc.double({ min: 0.05, max: 20, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000, max: 1_000 }).filter((points) => points !== 0),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.option(fc.double({ min: 1e-6, max: 1, noNaN: true })),
        lift,
        fc.boolean(),
        (points, logOdds, perPoint, estimate, distinguishable) => {
          const rate = wilson({ n: 40, won: 10 });
          const suggested = suggestPoints({
            points,
            worth: points,
            perPoint,
            correction: { logOdds, error: 0.2 },
            evidence: {
              wonWith: 10,
              wonWithout: 10,
              rateWith: rate,
              rateWithout: rate,
              rateUnknown: null,
              difference: rate,
              lift: { estimate, low: estimate / 1.1, high: estimate * 1.1 },
              p: 0.01,
              distinguishable,
            },
          });
          if (suggested === null) return;
          expect(Number.isInteger(suggested.points)).toBe(true);
          expect(Math.sign(suggested.points)).toBe(Math.sign(points));
          expect(Math.abs(suggested.points - points)).toBeLessThanOrEqual(Math.abs(points) / 2);
          expect(suggested.points).not.toBe(points);
        },
      ),
      runs,
    );
  });
});

const START = Date.UTC(2026, 2, 27, 10);
const pace = fc.constantFrom(
  {},
  { halfLife: { days: 2 } },
  { validFor: { days: 3 } },
  { halfLife: { hours: 7 }, validFor: { days: 2 } },
);
const rule = fc.record({
  event: fc.constantFrom('A', 'B', 'C', 'Email Opened'),
  points: fc.integer({ min: -40, max: 40 }).filter((points) => points !== 0),
  group: fc.constantFrom(undefined, 'g', 'h'),
  limit: fc.constantFrom(undefined, { times: 2, per: 'day' }, { times: 1, within: { hours: 30 } }),
  pace,
});
const changedModel = fc.record({
  rules: fc.array(rule, { minLength: 1, maxLength: 5 }),
  silence: fc.boolean(),
  atMost: fc.integer({ min: 10, max: 60 }),
  changed: fc.nat(4),
  points: fc.integer({ min: -60, max: 60 }).filter((points) => points !== 0),
});
const history = fc.array(
  fc.record({ name: fc.constantFrom('A', 'B', 'C', 'Email Opened'), hours: fc.integer({ min: 0, max: 200 }) }),
  { maxLength: 25 },
);

describe('the effect of other points', () => {
  it('without a history is what a fold of the history under the changed model says', () => {
    fc.assert(
      fc.property(changedModel, history, fc.integer({ min: 0, max: 300 }), (given, events, hours) => {
        // Its shape only: many random models have a threshold that nobody can reach.
        const model = modelShape.parse({
          key: 'm',
          name: 'M',
          timeZone: 'Europe/Berlin',
          threshold: 20,
          rules: [
            ...given.rules.map(({ event, points, group, limit, pace }, index) => ({
              id: `r${index}`,
              on: { event },
              points,
              ...(group === undefined ? {} : { group }),
              ...(limit === undefined ? {} : { limit }),
              ...pace,
            })),
            ...(given.silence ? [{ id: 'silent', silence: { after: { days: 1 }, times: 3 }, points: -4 }] : []),
          ],
          groups: [
            { id: 'g', atMost: given.atMost },
            { id: 'h', atLeast: -15, halfLife: { days: 1 } },
          ],
          total: { atMost: 90, atLeast: -50 },
        });
        const past = events
          .map(
            ({ name, hours: after }, id): Interaction => ({
              id,
              source: 'web',
              messageId: `m${id}`,
              kind: name === 'Email Opened' ? 'tend' : 'track',
              name,
              properties: {},
              occurredAt: START + after * HOUR,
            }),
          )
          .sort(compareFoldOrder);
        const at = START + hours * HOUR + DAY;
        const change = { kind: 'rule', id: `r${given.changed % given.rules.length}`, points: given.points } as const;
        const changed = withPoints(model, change);
        const features = featuresAt(model, past, nothingKnown, at);
        const folded = featuresAt(changed, past, nothingKnown, at);
        expect(firmPointsUnder(model, model, features)).toBeCloseTo(features.firmPoints, 8);
        expect(firmPointsUnder(model, changed, features)).toBeCloseTo(folded.firmPoints, 8);
        if (Math.abs(folded.firmPoints - 20) > 1e-8)
          expect(isReady(model, changed, features)).toBe(isQualified(changed, folded.firmPoints, folded.grade));
      }),
      { numRuns: 1_500 * SCALE },
    );
  });
});
