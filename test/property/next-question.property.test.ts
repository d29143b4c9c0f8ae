import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createResolution } from '../../domain/attributes/resolve.ts';
import type { Statement } from '../../domain/attributes/statement.ts';
import { weighStatements } from '../../domain/attributes/weigh.ts';
import { isTrue } from '../../domain/conditions/evaluate.ts';
import { grades } from '../../domain/conditions/facts.ts';
import { gradeOf } from '../../domain/scoring/grade.ts';
import { modelShape } from '../../domain/scoring/model-shape.ts';
import { nextQuestion } from '../../domain/sequence/next-question.ts';
import { vocabularyOf } from '../support/attributes.ts';
import { SCALE } from '../support/property.ts';

const NOW = Date.UTC(2026, 10, 25);
const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
const CHOICES = ['x', 'y', 'z'];

const value = fc.constantFrom(...CHOICES);
const leaf = fc.record({ lead: fc.constantFrom(...NAMES), in: fc.uniqueArray(value, { minLength: 1, maxLength: 2 }) });
const condition = fc.oneof(
  leaf,
  fc.record({ all: fc.array(leaf, { minLength: 2, maxLength: 2 }) }),
  fc.record({ any: fc.array(leaf, { minLength: 2, maxLength: 2 }) }),
  fc.record({ not: leaf }),
);
const role = fc.constantFrom(undefined, 'need', 'budget', 'time');

/** Each may be concluded from those before it. */
const attributeAt = (index: number) =>
  fc.record({
    name: fc.constant(NAMES[index] ?? 'a'),
    asked: fc.boolean(),
    role,
    infer: fc.array(
      fc.record({
        when: fc.record({ lead: fc.constantFrom(...NAMES.slice(0, index), 'nobody'), is: value }),
        value,
        confidence: fc.constantFrom(0.5, 1),
      }),
      { maxLength: index === 0 ? 0 : 2 },
    ),
  });
const attributes = fc.tuple(...NAMES.map((_, index) => attributeAt(index)));

const said = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    value: fc.option(value, { freq: 5 }),
    source: fc.constantFrom('rep', 'form', 'import', 'agency'),
    daysAgo: fc.integer({ min: 1, max: 9 }),
  }),
  { maxLength: 4 },
);

const world = fc
  .record({
    attributes,
    said,
    criteria: fc.array(fc.record({ when: condition, points: fc.integer({ min: -20, max: 20 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    caps: fc.array(fc.record({ when: condition, atMost: fc.constantFrom(...grades) }), { maxLength: 2 }),
    askedBefore: fc.subarray([...NAMES]),
  })
  .map((drawn) => {
    const vocabulary = vocabularyOf(
      ...drawn.attributes.map(({ name, asked, role: played, infer }) => ({
        name,
        type: 'choice',
        choices: CHOICES,
        ...(asked ? { question: `${name}?` } : {}),
        ...(played === undefined ? {} : { role: played }),
        infer: infer.map((inference, index) => ({ id: `i${index}`, ...inference })),
      })),
    );
    const model = modelShape.parse({
      key: 'model',
      name: 'Model',
      timeZone: 'UTC',
      threshold: 1,
      rules: [{ id: 'r', on: { event: 'E' }, points: 1 }],
      profile: {
        criteria: drawn.criteria.map((each, index) => ({ id: `c${index}`, ...each, points: each.points || 1 })),
        grades: { A: 12, B: 6, C: 1 },
        caps: drawn.caps.map((each, index) => ({ id: `k${index}`, ...each })),
      },
    });
    const statements = drawn.said.map(
      ({ daysAgo, ...rest }, index): Statement => ({
        id: index + 1,
        ...rest,
        source: rest.source as Statement['source'],
        at: NOW - daysAgo * 86_400_000,
        confidence: 1,
      }),
    );
    return { vocabulary, model, statements, askedBefore: new Set<string>(drawn.askedBefore) };
  });

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const resolutionOf = ({ vocabulary }: World, all: readonly Statement[]) =>
  createResolution(weighStatements(vocabulary, all, []), NOW).facts;

/** Grades and points as recording each answer would make them: by resolving all statements again. */
function spreadsOf(drawn: World, name: string): { readonly letters: number; readonly points: number } {
  const { profile } = drawn.model;
  if (profile === undefined) throw new Error('the model has no profile');
  const outcomes = CHOICES.map((answer) => {
    const statement: Statement = { id: 999, name, value: answer, source: 'form', at: NOW, confidence: 1 };
    const facts = resolutionOf(drawn, [...drawn.statements, statement]);
    return {
      letter: grades.indexOf(gradeOf(profile, facts)),
      points: profile.criteria.reduce((sum, { when, points }) => sum + (isTrue(when, facts) ? points : 0), 0),
    };
  });
  const spread = (numbers: number[]) => Math.max(...numbers) - Math.min(...numbers);
  return {
    letters: spread(outcomes.map(({ letter }) => letter)),
    points: spread(outcomes.map(({ points }) => points)),
  };
}

describe('the next question', () => {
  const ask = (drawn: World) => nextQuestion({ ...drawn, facts: resolutionOf(drawn, drawn.statements), band: null });

  it('never asks what is known for certain, was asked before, or has no question', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const next = ask(drawn);
        if (next === null) return;
        const known = resolutionOf(drawn, drawn.statements).lead(next.attribute);
        expect(known === null || (known.source === 'inference' && known.confidence < 1)).toBe(true);
        expect(drawn.askedBefore.has(next.attribute)).toBe(false);
        expect(drawn.vocabulary.lead.get(next.attribute)?.question).toBe(next.question);
      }),
      { numRuns: 1_000 * SCALE },
    );
  });

  it('is the one whose answers, recorded one by one, lie furthest apart: in grades, then in points', () => {
    let compared = 0;
    fc.assert(
      fc.property(world, (drawn) => {
        const next = ask(drawn);
        const facts = resolutionOf(drawn, drawn.statements);
        const open = [...drawn.vocabulary.lead.values()].filter(
          ({ name, question }) => question !== undefined && !drawn.askedBefore.has(name),
        );
        const unknown = open.filter(({ name }) => facts.lead(name) === null);
        const guessed = open.filter(({ name }) => {
          const known = facts.lead(name);
          return known?.source === 'inference' && known.confidence < 1;
        });
        if (next === null) {
          // Whatever is left has no use.
          for (const { name } of [...unknown, ...guessed])
            expect(spreadsOf(drawn, name)).toEqual({ letters: 0, points: 0 });
          return;
        }
        const mine = spreadsOf(drawn, next.attribute);
        const isGuess = guessed.some(({ name }) => name === next.attribute);
        for (const { name } of isGuess ? guessed : unknown) {
          const other = spreadsOf(drawn, name);
          expect(mine.letters).toBeGreaterThanOrEqual(other.letters);
          if (mine.letters === other.letters) expect(mine.points).toBeGreaterThanOrEqual(other.points);
          compared += 1;
        }
        if (isGuess) for (const { name } of unknown) expect(spreadsOf(drawn, name)).toEqual({ letters: 0, points: 0 });
      }),
      { numRuns: 1_000 * SCALE },
    );
    expect(compared).toBeGreaterThan(500);
  });

  it('is the same for the same input, and ends: asked again and again it asks each once', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        expect(ask(drawn)).toEqual(ask(drawn));
        const asked = new Set(drawn.askedBefore);
        for (let round = 0; ; round += 1) {
          const next = ask({ ...drawn, askedBefore: asked });
          if (next === null) break;
          asked.add(next.attribute);
          expect(round).toBeLessThan(NAMES.length);
        }
      }),
      { numRuns: 200 * SCALE },
    );
  });
});
