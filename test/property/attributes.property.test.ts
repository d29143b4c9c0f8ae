import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeChanges } from '../../domain/attributes/changes.ts';
import { explainAttributes } from '../../domain/attributes/explain.ts';
import { resolve } from '../../domain/attributes/resolve.ts';
import { attributeSources, type Statement } from '../../domain/attributes/statement.ts';
import { createVocabulary } from '../../domain/attributes/vocabulary.ts';
import { weighStatements } from '../../domain/attributes/weigh.ts';
import { DAY } from '../../domain/instant.ts';
import { attributeSet } from '../support/attributes.ts';
import { SCALE } from '../support/property.ts';

const NOON = Date.UTC(2026, 10, 24, 12);
const names = ['size', 'fit', 'offer', 'ends', 'free', 'kept'] as const;
const vocabulary = createVocabulary([
  attributeSet([
    { name: 'size', type: 'number', validFor: { days: 5 } },
    {
      name: 'fit',
      type: 'choice',
      choices: ['low', 'high'],
      sources: ['rep', 'inference', ['form', 'agency']],
      validFor: { days: 9 },
      infer: [
        { id: 'large', when: { lead: 'size', atLeast: 50 }, value: 'high' },
        { id: 'ends', when: { lead: 'ends', inNext: { days: 3 } }, value: 'low' },
      ],
    },
    {
      name: 'offer',
      type: 'text',
      infer: [
        {
          id: 'x',
          when: {
            all: [
              { lead: 'fit', is: 'high' },
              { account: 'size', atLeast: 2 },
            ],
          },
          value: 'x',
        },
      ],
    },
    { name: 'ends', type: 'date' },
    // What it rests on does not grow old, but it does.
    {
      name: 'kept',
      type: 'text',
      validFor: { days: 4 },
      infer: [{ id: 'free', when: { lead: 'free', exists: true }, value: 'x' }],
    },
    { name: 'size', of: 'account', type: 'number' },
  ]),
]);

const value = fc.constantFrom(null, '', 1, 80, '60', 'high', 'LOW', true, '2026-11-26', '2026-11-30');
const said = fc
  .array(
    fc.record({
      name: fc.constantFrom(...names),
      value,
      source: fc.constantFrom(...attributeSources.filter((source) => source !== 'inference')),
      // Few instants, so that some are the same.
      at: fc.integer({ min: -20, max: 10 }).map((days) => NOON + (days * DAY) / 2),
      confidence: fc.constantFrom(0.5, 1),
    }),
    { maxLength: 14 },
  )
  .map((list): Statement[] => list.map((statement, index) => ({ id: index + 1, ...statement })));
const instant = fc.integer({ min: -24, max: 24 }).map((halfDays) => NOON + (halfDays * DAY) / 2);

const everything = (lead: Statement[], account: Statement[], now: number) => {
  const known = resolve(vocabulary, lead, account, now);
  return { lead: names.map((name) => known.lead(name)), account: names.map((name) => known.account(name)) };
};

describe('what is known', () => {
  it('does not depend on the order in which statements are read', () => {
    const shuffled = said.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, said, instant, ([list, other], account, now) => {
        expect(everything(other, [...account].reverse(), now)).toEqual(everything(list, account, now));
      }),
      { numRuns: 500 * SCALE },
    );
  });

  it('changes at no instant that was not foreseen', () => {
    fc.assert(
      fc.property(said, said, instant, fc.integer({ min: 1, max: 40 * 24 }), (lead, account, from, hours) => {
        const next = attributeChanges(vocabulary, lead, account, from);
        expect(next === null || next > from).toBe(true);
        const until = from + (hours * DAY) / 24;
        const before = next === null ? until : Math.min(until, next - 1);
        expect(valuesOf(everything(lead, account, before))).toEqual(valuesOf(everything(lead, account, from)));
      }),
      { numRuns: 1_000 * SCALE },
    );
  });

  it('is what its explanation says counts, and that alone', () => {
    fc.assert(
      fc.property(said, said, instant, (lead, account, now) => {
        const known = resolve(vocabulary, lead, account, now);
        for (const of of ['lead', 'account'] as const) {
          for (const explained of explainAttributes(weighStatements(vocabulary, lead, account), of, now)) {
            expect(explained.known).toEqual(known[of](explained.name));
            const winners = explained.statements.filter(({ outcome }) => outcome === 'wins');
            expect(winners.map(({ source, at }) => [source, at])).toEqual(
              explained.known === null ? [] : [[explained.known.source, explained.known.at]],
            );
          }
        }
      }),
      { numRuns: 500 * SCALE },
    );
  });
});

function valuesOf({ lead, account }: ReturnType<typeof everything>) {
  return [...lead, ...account].map((known) => known?.value ?? null);
}
