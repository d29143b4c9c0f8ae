import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare } from '../../domain/conditions/compare.ts';
import type { Comparison } from '../../domain/conditions/comparison.ts';
import { type Condition, conditionSchema } from '../../domain/conditions/condition.ts';
import { contradictionIn } from '../../domain/conditions/contradiction.ts';
import { evaluate, isTrue, truthOf } from '../../domain/conditions/evaluate.ts';
import { bands, type Facts, grades, type KnownValue, type StandingFacts } from '../../domain/conditions/facts.ts';
import { nextChange } from '../../domain/conditions/next-change.ts';
import type { Trace } from '../../domain/conditions/trace.ts';
import { SECOND } from '../../domain/instant.ts';
import { compareFoldOrder, type Interaction, type Json } from '../../domain/interaction/interaction.ts';
import { SCALE } from '../support/property.ts';

// Everything happens within seconds around one instant, so that brute force can look at all of them.
const START = Date.UTC(2026, 10, 20);
const HORIZON = START + 20 * SECOND;
const instant = fc.integer({ min: -24, max: 24 }).map((quarters) => START + quarters * 250);
const duration = fc.integer({ min: 1, max: 8 }).map((seconds) => ({ seconds }));
const name = fc.constantFrom('a', 'b', 'c');
const scalar = fc.constantFrom<string | number | boolean>('x', 'X ', 'xy', '5', 5, 7, 5.5, '5.0', true, 'true', false);
const isoInstant = instant.map((at) => new Date(at).toISOString());

const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: isoInstant },
  { weight: 2, arbitrary: scalar },
  fc.constantFrom<Json>(null, '', '2026-11-20', ['x', 5], [], { x: 1 }),
);

const fields = {
  is: scalar,
  in: fc.array(scalar, { minLength: 1, maxLength: 3 }),
  atLeast: fc.integer({ min: 3, max: 8 }),
  atMost: fc.integer({ min: 3, max: 8 }),
  above: fc.integer({ min: 3, max: 8 }),
  below: fc.integer({ min: 3, max: 8 }),
  contains: fc.constantFrom<string | number>('x', 'Y', 'r', 5),
  startsWith: fc.constantFrom('x', 't', '5'),
  before: fc.oneof(isoInstant, fc.constant('2026-11-21')),
  after: fc.oneof(isoInstant, fc.constant('2026-11-19')),
  inLast: duration,
  inNext: duration,
  exists: fc.boolean(),
};

/** One to three fields, whatever comes of them. */
const anyComparison: fc.Arbitrary<Comparison> = fc
  .uniqueArray(
    fc.oneof(
      ...Object.entries(fields).map(([key, arbitrary]) =>
        fc.record({ key: fc.constant(key), wanted: arbitrary as fc.Arbitrary<unknown> }),
      ),
    ),
    { minLength: 1, maxLength: 3, selector: ({ key }) => key },
  )
  .map((entries) => Object.fromEntries(entries.map(({ key, wanted }) => [key, wanted])));
const comparison = anyComparison.filter((one) => contradictionIn(one) === null);
const dated = fc.oneof(fc.record({ inLast: duration }), fc.record({ inNext: duration }));

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.tuple(name, fc.oneof(comparison, dated)).map(([lead, wanted]): Condition => ({ lead, ...wanted })),
  fc.tuple(name, fc.oneof(comparison, dated)).map(([account, wanted]): Condition => ({ account, ...wanted })),
  fc.subarray(['lead', 'customer', 'disqualified'] as const, { minLength: 1 }).map((stage): Condition => ({ stage })),
  fc
    .record({ score: fc.constantFrom('m1', 'm2'), grade: fc.subarray([...grades], { minLength: 1 }) })
    .map((wanted): Condition => wanted),
  fc
    .record({
      score: fc.constantFrom('m1', 'm2'),
      cell: fc.constantFrom(['A1' as const, 'B2' as const], ['C3' as const]),
    })
    .map((wanted): Condition => wanted),
  fc
    .record(
      {
        event: fc.record({ event: fc.constantFrom('E', 'F') }),
        times: fc.constantFrom({ atLeast: 2 }, { atMost: 2 }, { atMost: 0 }, { atLeast: 1, atMost: 2 }),
        within: duration,
      },
      { requiredKeys: ['event'] },
    )
    .map((wanted): Condition => wanted),
);

const condition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((all): Condition => ({ all })),
    fc.array(tie('condition'), { minLength: 1, maxLength: 3 }).map((any): Condition => ({ any })),
    tie('condition').map((not): Condition => ({ not })),
  ),
})).condition;

const values = fc.dictionary(name, value, { maxKeys: 3 });
const events = fc
  .array(fc.record({ name: fc.constantFrom('E', 'F'), occurredAt: instant }), { maxLength: 8 })
  .map((list) =>
    list
      .map(
        ({ name, occurredAt }, id): Interaction => ({
          id,
          source: 'web',
          messageId: `m${id}`,
          kind: 'track',
          name,
          properties: {},
          occurredAt,
        }),
      )
      .sort(compareFoldOrder),
  );
const standing: fc.Arbitrary<StandingFacts> = fc.record({
  points: fc.integer({ min: 0, max: 100 }),
  grade: fc.constantFrom(null, ...grades),
  band: fc.constantFrom(null, ...bands),
});
const facts = fc
  .record({
    // Also a millisecond beside what happens.
    now: fc.tuple(instant, fc.integer({ min: -1, max: 1 })).map(([at, beside]) => at + beside),
    stage: fc.constantFrom('lead' as const, 'customer' as const, 'disqualified' as const),
    lead: values,
    account: values,
    events,
    standings: fc.dictionary(fc.constantFrom('m1', 'm2'), standing),
  })
  .map(({ lead, account, standings, ...rest }) => ({
    ...rest,
    values: { lead, account },
    lead: look(lead),
    account: look(account),
    standings: new Map(Object.entries(standings)),
  }));

function look(from: Readonly<Record<string, Json>>) {
  return (name: string): KnownValue | null => {
    const found = from[name];
    return found === undefined ? null : { value: found, source: 'form', at: START, confidence: 1 };
  };
}

const at = (facts: Facts, now: number): Facts => ({ ...facts, now });
const runs = { numRuns: 2_000 * SCALE };

describe('the logic of true, false and unknown', () => {
  it('keeps De Morgan’s laws, and a double not is none', () => {
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), facts, (parts, facts) => {
        const negated = parts.map((part): Condition => ({ not: part }));
        expect(truthOf({ not: { all: parts } }, facts)).toBe(truthOf({ any: negated }, facts));
        expect(truthOf({ not: { any: parts } }, facts)).toBe(truthOf({ all: negated }, facts));
        expect(truthOf({ not: { not: parts[0]! } }, facts)).toBe(truthOf(parts[0]!, facts));
      }),
      runs,
    );
  });

  it('never takes an answer back when more becomes known, unless it was asked what is known', () => {
    const asksWhatIsKnown = (one: Condition) => JSON.stringify(one).includes('"exists"');
    fc.assert(
      fc.property(condition, facts, values, values, (condition, facts, lead, account) => {
        fc.pre(!asksWhatIsKnown(condition));
        const before = truthOf(condition, facts);
        fc.pre(before !== 'unknown');
        // A null or a blank says nothing, so it is no knowledge to be kept.
        const said = (found: Readonly<Record<string, Json>>) =>
          Object.fromEntries(Object.entries(found).filter(([, value]) => value !== null && value !== ''));
        const more = {
          ...facts,
          lead: look({ ...lead, ...said(facts.values.lead) }),
          account: look({ ...account, ...said(facts.values.account) }),
        };
        expect(truthOf(condition, more)).toBe(before);
      }),
      runs,
    );
  });
});

describe('a trace', () => {
  it('comes to the result of the fast path, in every part', () => {
    const check = (trace: Trace, condition: Condition, facts: Facts): void => {
      expect(trace.result).toBe(truthOf(condition, facts));
      expect(isTrue(condition, facts)).toBe(trace.result === 'true');
      expect(trace.text).not.toMatch(/undefined|null|NaN|\[object/);
      const parts =
        'all' in condition
          ? condition.all
          : 'any' in condition
            ? condition.any
            : 'not' in condition
              ? [condition.not]
              : [];
      expect(trace.children).toHaveLength(parts.length);
      for (const [index, part] of parts.entries()) check(trace.children[index]!, part, facts);
    };
    fc.assert(
      fc.property(condition, facts, (condition, facts) => check(evaluate(condition, facts), condition, facts)),
      runs,
    );
  });
});

describe('the next change', () => {
  const edges = Array.from({ length: (HORIZON - START) / 250 + 25 }, (_, index) => START - 24 * 250 + index * 250);
  const moments = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);

  it('never comes later than the real one: looked for by brute force', () => {
    fc.assert(
      fc.property(condition, facts, (condition, facts) => {
        const next = nextChange(condition, facts);
        if (next !== null) expect(next).toBeGreaterThan(facts.now);
        const result = truthOf(condition, facts);
        const until = next ?? HORIZON;
        for (const moment of moments) {
          if (moment <= facts.now || moment >= until) continue;
          if (truthOf(condition, at(facts, moment)) !== result)
            expect.fail(`changed at ${moment - facts.now} ms, before ${until - facts.now}`);
        }
      }),
      runs,
    );
  });

  it('of a single leaf is the real one', () => {
    fc.assert(
      fc.property(leaf, facts, (leaf, facts) => {
        const next = nextChange(leaf, facts);
        if (next !== null) expect(truthOf(leaf, at(facts, next))).not.toBe(truthOf(leaf, facts));
      }),
      runs,
    );
  });

  it('comes to an end: whoever waits from change to change is done some time', () => {
    fc.assert(
      fc.property(condition, facts, (condition, facts) => {
        let now: number | null = facts.now;
        for (let waits = 0; now !== null; waits += 1) {
          expect(waits).toBeLessThan(200);
          now = nextChange(condition, at(facts, now));
        }
      }),
      runs,
    );
  });
});

describe('the schema', () => {
  it('takes every well-formed condition and leaves it as it is', () => {
    fc.assert(
      fc.property(condition, (condition) => {
        expect(conditionSchema.parse(JSON.parse(JSON.stringify(condition)))).toEqual(condition);
      }),
      runs,
    );
  });

  it('meets anything else with problems, never with an exception', () => {
    const nonsense = fc.oneof(
      fc.anything({ maxDepth: 4 }),
      fc.dictionary(
        fc.constantFrom('all', 'any', 'not', 'lead', 'event', 'times', 'is', 'score'),
        fc.anything({ maxDepth: 2 }),
      ),
    );
    fc.assert(
      fc.property(nonsense, (input) => {
        const parsed = conditionSchema.safeParse(input);
        if (!parsed.success) expect(parsed.error.issues.every(({ code }) => code === 'custom')).toBe(true);
      }),
      runs,
    );
  });
});

describe('a contradiction', () => {
  it('is one indeed: what is refused is satisfied by no value', () => {
    let found = 0;
    fc.assert(
      fc.property(anyComparison, value, instant, (comparison, value, now) => {
        if (contradictionIn(comparison) === null) return;
        found += 1;
        expect(compare(comparison, value, now)).not.toBe('true');
      }),
      { numRuns: 10_000 * SCALE },
    );
    expect(found).toBeGreaterThan(1_000);
  });
});
