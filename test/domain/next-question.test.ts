import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { attributesSchema } from '../../domain/attributes/definition-schema.ts';
import { createResolution } from '../../domain/attributes/resolve.ts';
import type { AttributeSource } from '../../domain/attributes/statement.ts';
import { createVocabulary, type Vocabulary } from '../../domain/attributes/vocabulary.ts';
import { weighStatements } from '../../domain/attributes/weigh.ts';
import { DAY } from '../../domain/instant.ts';
import { type ScoringModel, scoringModelSchema } from '../../domain/scoring/model.ts';
import { nextQuestion } from '../../domain/sequence/next-question.ts';
import { possibleAnswers } from '../../domain/sequence/possible-answers.ts';
import { statements, vocabularyOf } from '../support/attributes.ts';

const NOW = Date.UTC(2026, 10, 25);

type Said = readonly [name: string, value: string | number, source: AttributeSource, at: number];

function ask(
  vocabulary: Vocabulary,
  model: ScoringModel,
  said: readonly Said[] = [],
  more: { readonly company?: readonly Said[]; readonly askedBefore?: readonly string[] } = {},
) {
  const { company = [], askedBefore = [] } = more;
  const { facts } = createResolution(weighStatements(vocabulary, statements(...said), statements(...company)), NOW);
  return nextQuestion({ vocabulary, facts, model, band: 2, askedBefore: new Set(askedBefore) });
}

const modelOf = (profile?: object) =>
  scoringModelSchema.parse({
    key: 'model',
    name: 'Model',
    timeZone: 'Europe/Berlin',
    rules: [{ id: 'visit', on: { event: 'Visited' }, points: 1 }],
    threshold: 10,
    ...(profile === undefined ? {} : { profile }),
  });

const shipped = (file: string) => {
  const { kind: _, ...content } = parse(readFileSync(file, 'utf8'));
  return content;
};
const qualification = createVocabulary([attributesSchema.parse(shipped('sequences/attributes/qualification.yaml'))]);
const phoneSystems = scoringModelSchema.parse(shipped('sequences/models/phone-systems.yaml'));
const fashionHouse: readonly Said[] = [
  ['branches', 7, 'website', NOW - DAY],
  ['industry', 'fashion', 'website', NOW - DAY],
];

describe('Frau Petersen of the fashion house', () => {
  const assistant: Said = ['position', 'Assistant', 'website', NOW - DAY];

  it('is asked who decides first: it alone decides between A and C', () => {
    expect(ask(qualification, phoneSystems, [assistant], { company: fashionHouse })).toEqual({
      attribute: 'authority',
      of: 'lead',
      question: 'Who decides about this in your company?',
      choices: ['yes', 'shared', 'no'],
      wordings: expect.objectContaining({
        de: {
          question: 'Wer entscheidet bei Ihnen darüber?',
          choices: { yes: 'Ich', shared: 'Mehrere gemeinsam', no: 'Jemand anderes' },
        },
      }),
      why: 'Authority is not known: the answer decides between A2 and C2.',
    });
  });

  it('is asked for her need next, then for a budget, which sales will want to know, then for nothing', () => {
    const authority: Said = ['authority', 'shared', 'form', NOW - DAY];
    const need = ask(qualification, phoneSystems, [assistant, authority], { company: fashionHouse });
    expect(need).toMatchObject({
      attribute: 'need',
      choices: ['now', 'medium-term', 'none'],
      why: 'Need is not known: the answer is worth up to 10 points of the profile, and leaves the cell at A2.',
    });
    const budget = ask(qualification, phoneSystems, [assistant, authority], {
      company: fashionHouse,
      askedBefore: ['need'],
    });
    expect(budget).toMatchObject({
      attribute: 'budget',
      why: 'Budget is not known: the profile does not ask for it, but sales will (budget).',
    });
    const done = ask(qualification, phoneSystems, [assistant, authority], {
      company: fashionHouse,
      askedBefore: ['need', 'budget'],
    });
    expect(done).toBeNull();
  });

  it('is asked again for what has grown old, unless she was asked before', () => {
    const said: readonly Said[] = [
      ['authority', 'shared', 'form', NOW - DAY],
      ['budget', 'yes', 'form', NOW - DAY],
      ['need', 'none', 'form', NOW - 181 * DAY],
    ];
    expect(ask(qualification, phoneSystems, said)?.attribute).toBe('need');
    expect(ask(qualification, phoneSystems, said, { askedBefore: ['need'] })).toBeNull();
  });
});

describe('a conclusion', () => {
  const head: Said = ['position', 'Head of IT', 'form', NOW - DAY];

  it('stands in for an answer until all that is unknown was asked; then the person’s own word is worth asking for', () => {
    const first = ask(qualification, phoneSystems, [head], { company: fashionHouse });
    expect(first?.attribute).toBe('need');
    const last = ask(qualification, phoneSystems, [head], { company: fashionHouse, askedBefore: ['need', 'budget'] });
    expect(last).toMatchObject({
      attribute: 'authority',
      why: 'Authority is only concluded (60 % sure): the answer decides between A2 and C2.',
    });
  });

  const concluded = (confidence: number, sources?: readonly unknown[]) =>
    vocabularyOf(
      { name: 'tariff', type: 'choice', choices: ['basic', 'contract'] },
      {
        name: 'potential',
        type: 'choice',
        choices: ['high', 'low'],
        question: 'How much?',
        infer: [{ id: 'basic', when: { lead: 'tariff', is: 'basic' }, value: 'high', confidence }],
        ...(sources === undefined ? {} : { sources }),
      },
    );
  const model = modelOf({
    criteria: [{ id: 'potential', when: { lead: 'potential', is: 'high' }, points: 10 }],
    grades: { A: 10, B: 5, C: 1 },
  });
  const basic: Said = ['tariff', 'basic', 'form', NOW - DAY];

  it('that is certain is not asked about, nor one that is believed before the person', () => {
    expect(ask(concluded(0.9), model, [basic])?.attribute).toBe('potential');
    expect(ask(concluded(1), model, [basic])).toBeNull();
    expect(ask(concluded(0.9, ['inference', 'form']), model, [basic])).toBeNull();
  });

  it('carries the answer on to what the profile asks for', () => {
    const vocabulary = vocabularyOf(
      { name: 'tariff', type: 'choice', choices: ['basic', 'contract'], question: 'Which tariff?' },
      {
        name: 'potential',
        type: 'choice',
        choices: ['high', 'low'],
        infer: [{ id: 'basic', when: { lead: 'tariff', is: 'basic' }, value: 'high' }],
      },
    );
    expect(ask(vocabulary, model)).toMatchObject({
      attribute: 'tariff',
      why: 'tariff is not known: the answer decides between A2 and D2.',
    });
    // A representative was told: no conclusion changes that any more.
    expect(ask(vocabulary, model, [['potential', 'low', 'rep', NOW - DAY]])).toMatchObject({
      why: 'tariff is not known: by itself the answer changes nothing, but the profile asks for it.',
    });
  });
});

describe('a conclusion from a conclusion', () => {
  it('falls away with an answer that says otherwise', () => {
    const vocabulary = vocabularyOf(
      { name: 'supplier', type: 'text' },
      {
        name: 'tariff',
        type: 'choice',
        choices: ['basic', 'contract'],
        question: 'Which tariff?',
        infer: [{ id: 'town', when: { lead: 'supplier', is: 'Stadtwerke' }, value: 'basic' }],
      },
      {
        name: 'potential',
        type: 'choice',
        choices: ['high', 'low'],
        infer: [{ id: 'basic', when: { lead: 'tariff', is: 'basic' }, value: 'high' }],
      },
    );
    const model = modelOf({
      criteria: [{ id: 'potential', when: { lead: 'potential', is: 'high' }, points: 10 }],
      grades: { A: 10, B: 5, C: 1 },
    });
    expect(ask(vocabulary, model, [['supplier', 'Stadtwerke', 'form', NOW - DAY]])).toMatchObject({
      attribute: 'tariff',
      why: 'tariff is only concluded (70 % sure): the answer decides between A2 and D2.',
    });
  });
});

describe('what may be asked', () => {
  const model = modelOf({
    criteria: [
      { id: 'size', when: { lead: 'employees', atLeast: 50 }, points: 20 },
      { id: 'town', when: { lead: 'town', is: 'Berlin' }, points: 5 },
      { id: 'rest', when: { account: 'branches', atLeast: 5 }, points: 100 },
      { id: 'soon', when: { lead: 'moving', inNext: { days: 30 } }, points: 2 },
    ],
    grades: { A: 100, B: 90, C: 80 },
  });

  it('is a text, number or date only where criteria ask for it, and then without choices', () => {
    const vocabulary = vocabularyOf(
      { name: 'town', type: 'text', question: 'Where do you live?' },
      { name: 'moving', type: 'date', question: 'When do you move?' },
      { name: 'employees', type: 'number', question: 'How many are you?' },
      { name: 'hobby', type: 'text', question: 'What do you do in the evening?', role: 'need' },
    );
    expect(ask(vocabulary, model)).toMatchObject({ attribute: 'employees', choices: [] });
    expect(ask(vocabulary, model, [], { askedBefore: ['employees'] })).toMatchObject({
      attribute: 'town',
      choices: [],
    });
    expect(ask(vocabulary, model, [], { askedBefore: ['employees', 'town'] })).toMatchObject({
      attribute: 'moving',
      why: 'moving is not known: the answer is worth up to 2 points of the profile, and leaves the cell at D2.',
    });
    expect(ask(vocabulary, model, [], { askedBefore: ['employees', 'town', 'moving'] })).toBeNull();
  });

  it('is nothing without a question, without any use, of the company, or where an answer would not be believed', () => {
    const vocabulary = vocabularyOf(
      { name: 'employees', type: 'number' },
      { name: 'colour', type: 'choice', choices: ['red', 'blue'], question: 'Which colour do you like?' },
      { name: 'town', type: 'text', question: 'Where do you live?', sources: ['rep', 'import'] },
      { name: 'branches', of: 'account', type: 'number', question: 'How many branches?' },
    );
    expect(ask(vocabulary, model)).toBeNull();
  });

  it('is what has a role where a model looks at behaviour alone, in the order need, authority, budget, time', () => {
    const roles = ['classification', 'target-group', 'time', 'budget', 'authority', 'need'];
    const vocabulary = vocabularyOf(
      ...roles.map((role, index) => ({ name: `a${index}`, type: 'boolean', role, question: `${role}?` })),
    );
    const order: string[] = [];
    for (;;) {
      const next = ask(vocabulary, modelOf(), [], { askedBefore: order });
      if (next === null) break;
      expect(next.choices).toEqual(['yes', 'no']);
      order.push(next.attribute);
    }
    expect(order).toEqual(['a5', 'a4', 'a3', 'a2', 'a1', 'a0']);
  });
});

describe('possible answers', () => {
  it('stand on all sides of the bounds that are asked for', () => {
    expect(possibleAnswers({ type: 'number' }, [{ atLeast: 10 }, { below: 50, above: 20 }, { is: '7' }], NOW)).toEqual([
      6, 7, 8.5, 10, 15, 20, 35, 50, 51,
    ]);
    expect(possibleAnswers({ type: 'number' }, [{ exists: true }], NOW)).toEqual([-1]);
    expect(
      possibleAnswers({ type: 'text' }, [{ in: ['a', 'b'] }, { startsWith: 'Head' }, { contains: 4 }], NOW),
    ).toEqual(['a', 'b', 'Head', '4', '…']);
    expect(possibleAnswers({ type: 'date' }, [{ after: '2026-12-24' }], NOW)).toEqual([
      '2026-12-24T23:59:59.999Z',
      '2026-12-25T00:00:00.000Z',
    ]);
    expect(possibleAnswers({ type: 'boolean' }, [], NOW)).toEqual([true, false]);
    expect(possibleAnswers({ type: 'choice', choices: ['x'] }, [], NOW)).toEqual(['x']);
  });
});
