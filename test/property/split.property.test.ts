import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignArm, type WeighedArm } from '../../domain/sequence/split/assign.ts';
import { splitResults } from '../../domain/sequence/split/results.ts';
import { SCALE } from '../support/property.ts';

const UNITS = 20_000;
const units = Array.from({ length: UNITS }, (_, index) => `019aa000-0000-7000-8000-${String(index).padStart(12, '0')}`);
const third = units.slice(0, 4_000);

const weight = fc.integer({ min: 1, max: 20 });
const arms = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 })
  .chain((ids) => fc.tuple(...ids.map((id) => fc.record({ id: fc.constant(id), weight }))));
const salt = fc.string({ maxLength: 30 });

const assignAll = (all: readonly WeighedArm[], name: string, whom: readonly string[]) =>
  whom.map((unit) => assignArm(all, unit, name));

describe('assigning an arm', () => {
  it('gives the same arm for the same inputs, in whatever order the arms stand', () => {
    fc.assert(
      fc.property(arms, fc.string(), salt, (all, unit, name) => {
        const found = assignArm(all, unit, name);
        expect(all.map(({ id }) => id)).toContain(found);
        expect(assignArm([...all].reverse(), unit, name)).toBe(found);
        // Weights are proportions.
        expect(
          assignArm(
            all.map((arm) => ({ ...arm, weight: arm.weight * 8 })),
            unit,
            name,
          ),
        ).toBe(found);
      }),
      { numRuns: 500 * SCALE },
    );
  });

  it.each([[[1, 1]], [[50, 50, 10]], [[90, 10]], [[1, 2, 3, 4]], [[99, 1]]])(
    'follows the weights %j over 20,000 people, within five standard errors',
    (weights) => {
      const all = weights.map((each, index) => ({ id: `arm-${index}`, weight: each }));
      const total = weights.reduce((sum, each) => sum + each, 0);
      for (const name of ['welcome/offer', 'revival/subject']) {
        const found = assignAll(all, name, units);
        for (const arm of all) {
          const share = arm.weight / total;
          const error = Math.sqrt(UNITS * share * (1 - share));
          const count = found.filter((id) => id === arm.id).length;
          expect(Math.abs(count - UNITS * share)).toBeLessThan(5 * error);
        }
      }
    },
  );

  it('divides the same people independently under two salts (χ² of 4 degrees of freedom, p > 0.0001)', () => {
    const all = ['a', 'b', 'c'].map((id) => ({ id, weight: 1 }));
    const pairs: [string, string][] = [
      ['welcome/first', 'welcome/second'],
      ['1', '2'],
      ['split', 'split '],
    ];
    for (const [one, other] of pairs) {
      const [first, second] = [assignAll(all, one, units), assignAll(all, other, units)];
      const count = (a: string | null, b: string | null) =>
        units.filter((_, index) => (a ?? first[index]) === first[index] && (b ?? second[index]) === second[index])
          .length;
      let chiSquare = 0;
      for (const { id: a } of all) {
        for (const { id: b } of all) {
          const expected = (count(a, null) * count(null, b)) / UNITS;
          chiSquare += (count(a, b) - expected) ** 2 / expected;
        }
      }
      expect(chiSquare).toBeLessThan(23.51);
    }
  });

  it('sends nobody from one arm to another when one is added: people only come to the new one', () => {
    fc.assert(
      fc.property(arms, weight, salt, (all, added, name) => {
        const newcomer = { id: 'an arm that was added', weight: added };
        const [before, after] = [assignAll(all, name, third), assignAll([...all, newcomer], name, third)];
        const moved = after.filter((id, index) => id !== before[index]);
        expect(moved.every((id) => id === newcomer.id)).toBe(true);
        const share = added / (added + all.reduce((sum, arm) => sum + arm.weight, 0));
        const error = Math.sqrt(third.length * share * (1 - share));
        expect(Math.abs(moved.length - third.length * share)).toBeLessThan(5 * error + 1);
      }),
      { numRuns: 15 * SCALE },
    );
  });

  it('moves the needed share only when one weight is changed: into the heavier arm, or out of the lighter one', () => {
    fc.assert(
      fc.property(arms, weight, salt, (all, changed, name) => {
        const [{ id, weight: old }, ...others] = all as [WeighedArm, ...WeighedArm[]];
        const [before, after] = [
          assignAll(all, name, third),
          assignAll([{ id, weight: changed }, ...others], name, third),
        ];
        const moves = third.flatMap((_, index) => (before[index] === after[index] ? [] : [index]));
        expect(moves.every((index) => (changed > old ? after : before)[index] === id)).toBe(true);
        const rest = others.reduce((sum, arm) => sum + arm.weight, 0);
        const share = Math.abs(changed / (changed + rest) - old / (old + rest));
        const error = Math.sqrt(third.length * share * (1 - share));
        expect(Math.abs(moves.length - third.length * share)).toBeLessThan(5 * error + 1);
      }),
      { numRuns: 15 * SCALE },
    );
  });
});

describe('the results of a split', () => {
  const count = fc.integer({ min: 0, max: 3_000 }).chain((entered) =>
    fc.record({
      entered: fc.constant(entered),
      reached: fc.integer({ min: 0, max: entered }),
      holdout: fc.boolean(),
    }),
  );

  it('never call a winner whose interval holds 0, and always say something of everyone', () => {
    fc.assert(
      fc.property(fc.array(count, { maxLength: 5 }), (counts) => {
        const { arms: results, control } = splitResults(counts.map((each, index) => ({ id: `arm-${index}`, ...each })));
        expect(results.filter(({ comparison }) => comparison === null)).toHaveLength(Math.min(1, counts.length));
        expect(control).toBe(
          counts.length === 0
            ? null
            : `arm-${Math.max(
                0,
                counts.findIndex(({ holdout }) => holdout),
              )}`,
        );
        for (const { comparison } of results) {
          if (comparison === null) continue;
          const { difference, verdict, words } = comparison;
          expect(words).not.toMatch(/NaN|Infinity|undefined/);
          const holdsNothing = difference === null || (difference.low <= 0 && difference.high >= 0);
          expect(verdict.kind === 'better' || verdict.kind === 'worse').toBe(!holdsNothing);
          if (verdict.kind === 'unclear') {
            expect(Number.isInteger(verdict.moreHere) && verdict.moreHere > 0).toBe(true);
            expect(Number.isInteger(verdict.moreInControl) && verdict.moreInControl > 0).toBe(true);
          }
        }
      }),
      { numRuns: 1_000 * SCALE },
    );
  });

  it('would see the difference with the leads that they ask for, were it to stay this large', () => {
    fc.assert(
      fc.property(fc.tuple(count, count), (pair) => {
        const counts = pair.map((each, index) => ({ id: `arm-${index}`, ...each, holdout: false }));
        const verdict = splitResults(counts).arms[1]?.comparison?.verdict;
        if (verdict?.kind !== 'unclear') return;
        const grown = [verdict.moreInControl, verdict.moreHere].map((more, index) => {
          const { entered, reached, ...rest } = counts[index]!;
          return { ...rest, entered: entered + more, reached: (reached / entered) * (entered + more) };
        });
        expect(splitResults(grown).arms[1]?.comparison?.verdict.kind).toMatch(/better|worse/);
      }),
      { numRuns: 1_000 * SCALE },
    );
  });
});
