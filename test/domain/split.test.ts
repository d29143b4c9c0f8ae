import { describe, expect, it } from 'vitest';
import { assignArm } from '../../domain/sequence/split/assign.ts';
import { fnv1a64, mix64, uniformOf } from '../../domain/sequence/split/hash.ts';
import { type ArmCount, splitResults } from '../../domain/sequence/split/results.ts';
import { sampleSize } from '../../domain/sequence/split/sample-size.ts';

/** The 90 % point of the standard normal distribution. */
const Z_POWER_90 = 1.2815515655446004;

describe('the hash', () => {
  it('is FNV-1a of 64 bits: the vectors of draft-eastlake-fnv', () => {
    expect(fnv1a64('')).toBe(0xcbf29ce484222325n);
    expect(fnv1a64('a')).toBe(0xaf63dc4c8601ec8cn);
    expect(fnv1a64('foobar')).toBe(0x85944171f73967e8n);
  });

  it('is mixed by fmix64 of MurmurHash3: one to one, 0 stays 0', () => {
    expect(mix64(0n)).toBe(0n);
    expect(mix64(1n)).toBe(0xb456bcfc34c2cb2cn);
  });

  it('gives numbers that stay what they are: whom a split sent where is kept for years', () => {
    // Worked out by an implementation of its own, in Python.
    expect(uniformOf('["welcome/split-1","019aa000-0000-7000-8000-000000000001","a"]')).toBe(0.8937252713695566);
    expect(uniformOf('"Größe"')).toBe(0.3107410430158216);
  });
});

describe('assigning an arm', () => {
  it('sends people where it always sent them', () => {
    const arms = [
      { id: 'a', weight: 1 },
      { id: 'b', weight: 2 },
      { id: 'c', weight: 1 },
    ];
    const leads = Array.from(
      { length: 24 },
      (_, index) => `019aa000-0000-7000-8000-${String(index).padStart(12, '0')}`,
    );
    // Worked out by the same implementation of its own.
    expect(leads.map((lead) => assignArm(arms, lead, 'welcome/offer')).join('')).toBe('bcabbbcabbbabbabbbbbbabb');
  });

  it('has none to give where no arm has a weight', () => {
    expect(() => assignArm([{ id: 'a', weight: 0 }], 'lead', 'split')).toThrow('no arm with a weight');
    expect(() => assignArm([], 'lead', 'split')).toThrow('no arm with a weight');
  });

  it('takes salt, unit and arm apart: what stands at their borders is part of one of them', () => {
    const arms = Array.from({ length: 50 }, (_, index) => ({ id: `arm-${index}`, weight: 1 }));
    expect(assignArm(arms, 'b', 'a,')).not.toBe(assignArm(arms, ',b', 'a'));
  });
});

const arm = (id: string, entered: number, reached: number, holdout = false): ArmCount => ({
  id,
  entered,
  reached,
  holdout,
});
const to4 = (value: number) => Math.round(value * 1e4) / 1e4;

describe('the results of a split', () => {
  it('are Newcombe’s first example: 56 of 70 against 48 of 80', () => {
    const { control, arms, note } = splitResults([arm('new', 70, 56), arm('old', 80, 48, true)]);
    expect([control, note]).toEqual(['old', null]);
    const { rate, comparison } = arms[0]!;
    // Wilson 1927 (Newcombe's method 3) for 56/70 and 48/80.
    expect([rate?.estimate, rate?.low, rate?.high].map((value) => to4(value ?? -1))).toEqual([0.8, 0.6918, 0.877]);
    expect([comparison?.difference?.low, comparison?.difference?.high].map((value) => to4(value ?? -1))).toEqual([
      0.0524, 0.3339,
    ]);
    expect(comparison?.relativeLift).toBeCloseTo(1 / 3, 10);
    expect(comparison?.verdict).toEqual({ kind: 'better' });
    expect(comparison?.words).toBe('better than the holdout by 5.2 to 33.4 percentage points');
    expect(arms[1]?.comparison).toBeNull();
  });

  it('hold against the first arm where nothing is held out', () => {
    const { control, arms } = splitResults([arm('old', 80, 48), arm('new', 70, 56)]);
    expect(control).toBe('old');
    expect(arms[1]?.comparison?.words).toBe("better than the control 'old' by 5.2 to 33.4 percentage points");
  });

  it('say worse as plainly as better', () => {
    const { arms } = splitResults([arm('old', 70, 56), arm('new', 80, 48)]);
    expect(arms[1]?.comparison?.verdict).toEqual({ kind: 'worse' });
    expect(arms[1]?.comparison?.words).toBe("worse than the control 'old' by 5.2 to 33.4 percentage points");
  });

  it('say how many more leads would show a difference of this size', () => {
    const { arms } = splitResults([arm('old', 400, 40), arm('new', 400, 50)]);
    // By the formula, 2,507 an arm for 10 % and 12.5 %.
    expect(arms[1]?.comparison?.verdict).toEqual({ kind: 'unclear', moreHere: 2_107, moreInControl: 2_107 });
    expect(arms[1]?.comparison?.words).toBe(
      "no difference to the control 'old' can be seen yet: about 2,100 more leads an arm would be needed to see one of this size",
    );
  });

  it('let arms of different size go on growing as they did', () => {
    const { arms } = splitResults([arm('rest', 100, 10, true), arm('new', 900, 113)]);
    const { verdict, words } = arms[1]!.comparison!;
    if (verdict.kind !== 'unclear') throw new Error(verdict.kind);
    expect(verdict.moreHere / verdict.moreInControl).toBeCloseTo(9, 1);
    expect(words).toMatch(/about [\d,]+ more leads here and [\d,]+ in the holdout would be needed/);
  });

  it('do not take a handful of leads for a trial', () => {
    const { arms } = splitResults([arm('old', 1, 0), arm('new', 1, 1)]);
    expect(arms[1]?.comparison?.verdict).toEqual({ kind: 'unclear', moreHere: 9, moreInControl: 9 });
  });

  it('are told where nobody entered yet, nobody has reached anything, or both do the same', () => {
    const { arms } = splitResults([arm('old', 10, 0), arm('none', 0, 0), arm('same', 20, 0), arm('new', 20, 5)]);
    expect(arms.map(({ comparison }) => comparison?.verdict.kind)).toEqual([undefined, 'no-leads', 'same', 'unclear']);
    expect(arms[1]).toMatchObject({ rate: null, comparison: { difference: null, relativeLift: null } });
    expect(arms[3]?.comparison?.relativeLift).toBeNull();
    expect(splitResults([])).toEqual({ control: null, arms: [], note: null });
  });

  it('warn of many comparisons', () => {
    expect(splitResults([arm('a', 9, 1), arm('b', 9, 1)]).note).toBeNull();
    expect(splitResults([arm('a', 9, 1), arm('b', 9, 1), arm('c', 9, 1)]).note).toMatch(/^2 arms.* up to 10 %/);
  });
});

describe('the sample size', () => {
  it('is that of R’s power.prop.test: 76.7 for 50 % and 75 % at a power of 90 % (its own example)', () => {
    expect(sampleSize(0.5, 0.75, 1, Z_POWER_90)).toBe(77);
    expect(sampleSize(0.75, 0.5, 1, Z_POWER_90)).toBe(77);
  });

  it('is that of Zar’s example 24.26 without its continuity correction', () => {
    // With it, 127.2: A (1 + √(1 + 4 δ / A))² / 4 δ², where A / δ² is the size without.
    expect(sampleSize(0.45, 0.25, 1, Z_POWER_90)).toBe(118);
  });

  it('is no number where there is no difference to see', () => {
    expect(sampleSize(0.2, 0.2)).toBe(Infinity);
    expect(sampleSize(0, 0)).toBe(Infinity);
  });

  it('asks the least in all where the arms are about as large', () => {
    const total = (ratio: number) => sampleSize(0.1, 0.15, ratio) * (1 + ratio);
    expect(total(1)).toBeLessThan(total(3));
    expect(total(1)).toBeLessThan(total(1 / 3));
  });
});
