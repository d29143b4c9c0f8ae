import { describe, expect, it } from 'vitest';
import { attributeChanges } from '../../domain/attributes/changes.ts';
import { explainAttribute } from '../../domain/attributes/explain.ts';
import { resolve } from '../../domain/attributes/resolve.ts';
import type { Statement } from '../../domain/attributes/statement.ts';
import { setProblems, type Vocabulary } from '../../domain/attributes/vocabulary.ts';
import { weighStatements } from '../../domain/attributes/weigh.ts';
import { DAY } from '../../domain/instant.ts';
import { attributeSet, problemsOf, statements, vocabularyOf } from '../support/attributes.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const ago = (days: number) => NOW - days * DAY;
const of = (vocabulary: Vocabulary, said: Statement[], name: string, now = NOW) =>
  resolve(vocabulary, said, [], now).lead(name)?.value ?? null;

describe('which statement counts', () => {
  const authority = { name: 'authority', type: 'choice', choices: ['yes', 'no'] };

  it('is that of the source believed most, however old', () => {
    const said = statements(
      ['authority', 'yes', 'form', ago(1)],
      ['authority', 'yes', 'agency', ago(2)],
      ['authority', 'no', 'rep', ago(300)],
    );
    expect(resolve(vocabularyOf(authority), said, [], NOW).lead('authority')).toEqual({
      value: 'no',
      source: 'rep',
      at: ago(300),
      confidence: 1,
    });
  });

  it('is the latest among sources that are believed as much', () => {
    const said = statements(['x', 1, 'form', ago(3)], ['x', 2, 'website', ago(1)], ['x', 3, 'api', ago(2)]);
    expect(of(vocabularyOf(), said, 'x')).toBe(2);
  });

  it('is the surer one of two at the same instant, then the one recorded later', () => {
    const at = ago(1);
    expect(of(vocabularyOf(), statements(['x', 1, 'api', at, 0.9], ['x', 2, 'form', at, 0.5]), 'x')).toBe(1);
    expect(of(vocabularyOf(), statements(['x', 1, 'api', at], ['x', 2, 'form', at]), 'x')).toBe(2);
  });

  it('follows the order that the attribute states; who is left out is not believed', () => {
    const vocabulary = vocabularyOf({ ...authority, sources: ['agency', ['form', 'website']] });
    expect(
      of(
        vocabulary,
        statements(['authority', 'no', 'form', ago(1)], ['authority', 'yes', 'agency', ago(9)]),
        'authority',
      ),
    ).toBe('yes');
    expect(of(vocabulary, statements(['authority', 'no', 'rep', ago(1)]), 'authority')).toBeNull();
  });

  it('is not one that was said later than the instant asked about', () => {
    const said = statements(['x', 1, 'rep', ago(3)], ['x', 2, 'rep', ago(1)]);
    expect([ago(4), ago(3), ago(2), ago(1)].map((now) => of(vocabularyOf(), said, 'x', now))).toEqual([null, 1, 1, 2]);
  });
});

describe('unknown', () => {
  it('is a value: who was asked and does not know takes back what was said before, and others are asked', () => {
    const said = statements(
      ['budget', 5_000, 'agency', ago(9)],
      ['budget', 9_000, 'form', ago(5)],
      ['budget', null, 'form', ago(1)],
    );
    expect(of(vocabularyOf(), said, 'budget')).toBe(5_000);
    expect(
      of(vocabularyOf(), statements(['budget', 1, 'rep', ago(2)], ['budget', null, 'rep', ago(1)]), 'budget'),
    ).toBeNull();
  });

  it('is what a blank field says', () => {
    expect(
      of(vocabularyOf(), statements(['city', 'Bonn', 'form', ago(2)], ['city', ' ', 'form', ago(1)]), 'city'),
    ).toBeNull();
  });

  it('is no "no": nothing was said', () => {
    expect(resolve(vocabularyOf({ name: 'authority', type: 'boolean' }), [], [], NOW).lead('authority')).toBeNull();
  });
});

describe('a value', () => {
  it('comes as its type has it; what does not fit is passed over', () => {
    const vocabulary = vocabularyOf({ name: 'employees', type: 'number' });
    expect(of(vocabulary, statements(['employees', '120', 'website', ago(1)]), 'employees')).toBe(120);
    const said = statements(['employees', 80, 'website', ago(2)], ['employees', 'lots', 'website', ago(1)]);
    expect(of(vocabulary, said, 'employees')).toBe(80);
  });

  it('comes as it is where nobody declared the attribute', () => {
    const said = statements(['tags', ['a', 'b'], 'website', ago(1)], ['age', '41', 'website', ago(1)]);
    expect(of(vocabularyOf(), said, 'tags')).toEqual(['a', 'b']);
    expect(of(vocabularyOf(), said, 'age')).toBe('41');
  });

  it('is no longer known when it is too old', () => {
    const vocabulary = vocabularyOf({ name: 'need', type: 'text', validFor: { days: 90 } });
    const said = statements(['need', 'soon', 'rep', ago(100)], ['need', 'later', 'agency', ago(10)]);
    expect(of(vocabulary, said, 'need', ago(11))).toBe('soon');
    expect(of(vocabulary, said, 'need', ago(10) - 1)).toBe('soon');
    expect(of(vocabulary, said, 'need', ago(10))).toBe('later');
    expect(of(vocabulary, said, 'need', ago(10) + 90 * DAY - 1)).toBe('later');
    expect(of(vocabulary, said, 'need', ago(10) + 90 * DAY)).toBeNull();
  });
});

describe('implicit qualification', () => {
  const supplier = { name: 'presentSupplier', type: 'text', question: 'Who supplies your electricity?' };
  const potential = {
    name: 'potential',
    type: 'choice',
    choices: ['low', 'medium', 'high'],
    role: 'target-group',
    infer: [
      {
        id: 'basic-supplier',
        name: 'At the expensive basic supplier',
        when: { lead: 'presentSupplier', is: 'Stadtwerke Basis' },
        value: 'High',
      },
    ],
  };

  it('Herr Anders names his present supplier, and that tells his potential without a further question', () => {
    const said = statements(['presentSupplier', 'Stadtwerke Basis', 'form', ago(3)]);
    const known = resolve(vocabularyOf(supplier, potential), said, [], NOW);
    expect(known.lead('potential')).toEqual({ value: 'high', source: 'inference', at: ago(3), confidence: 0.7 });
    expect(of(vocabularyOf(supplier, potential), said, 'potential', ago(4))).toBeNull();
  });

  it('gives way to what anybody says', () => {
    const said = statements(
      ['presentSupplier', 'Stadtwerke Basis', 'form', ago(3)],
      ['potential', 'low', 'agency', ago(9)],
    );
    expect(of(vocabularyOf(supplier, potential), said, 'potential')).toBe('low');
  });

  it('may stand before other sources', () => {
    const before = { ...potential, sources: ['rep', 'inference', 'agency'] };
    const said = statements(
      ['presentSupplier', 'Stadtwerke Basis', 'form', ago(3)],
      ['potential', 'low', 'agency', ago(1)],
    );
    expect(of(vocabularyOf(supplier, before), said, 'potential')).toBe('high');
    expect(of(vocabularyOf(supplier, before), said.slice(1), 'potential')).toBe('low');
  });

  it('ends when what it rests on is taken back', () => {
    const said = statements(
      ['presentSupplier', 'Stadtwerke Basis', 'form', ago(3)],
      ['presentSupplier', null, 'form', ago(1)],
    );
    expect(of(vocabularyOf(supplier, potential), said, 'potential')).toBeNull();
  });

  it('goes on from one conclusion to the next, in whatever order they are declared', () => {
    const offer = {
      name: 'offer',
      type: 'text',
      infer: [{ id: 'switch', when: { lead: 'potential', is: 'high' }, value: 'switch', confidence: 0.5 }],
    };
    const said = statements(['presentSupplier', 'stadtwerke basis', 'form', ago(3)]);
    const known = resolve(vocabularyOf(offer, potential, supplier), said, [], NOW).lead('offer');
    expect(known).toEqual({ value: 'switch', source: 'inference', at: ago(3), confidence: 0.5 });
  });

  it('may look at the company, for a lead', () => {
    const need = {
      name: 'need',
      type: 'boolean',
      infer: [{ id: 'branches', when: { account: 'branches', atLeast: 5 }, value: true }],
    };
    const vocabulary = vocabularyOf(need, { name: 'branches', of: 'account', type: 'number' });
    const known = resolve(vocabulary, [], statements(['branches', 7, 'import', ago(2)]), NOW).lead('need');
    expect(known).toMatchObject({ value: true, source: 'inference', at: ago(2) });
  });
});

describe('Frau Teichmann and Frau Petersen', () => {
  const vocabulary = vocabularyOf(
    { name: 'potential', type: 'choice', choices: ['low', 'high'], role: 'classification' },
    { name: 'potential', of: 'account', type: 'choice', choices: ['low', 'high'], role: 'classification' },
    { name: 'authority', type: 'choice', choices: ['yes', 'no'], role: 'authority' },
    { name: 'need', type: 'choice', choices: ['now', 'medium term', 'none'], role: 'need', validFor: { days: 365 } },
  );

  it('an agency rated company and person as high: each has its own', () => {
    const known = resolve(
      vocabulary,
      statements(['potential', 'high', 'agency', ago(30), 0.8]),
      statements(['potential', 'high', 'agency', ago(30), 0.8]),
      NOW,
    );
    expect(known.lead('potential')).toMatchObject({ value: 'high', source: 'agency', confidence: 0.8 });
    expect(known.account('potential')).toMatchObject({ value: 'high', source: 'agency' });
  });

  it('a rep who talked to her is believed more than the agency, which is no longer asked', () => {
    const said = statements(['potential', 'high', 'agency', ago(1)], ['potential', 'low', 'rep', ago(20)]);
    expect(of(vocabulary, said, 'potential')).toBe('low');
  });

  it('an assistant has a role without authority: the rep’s No stands, whatever her form says', () => {
    const said = statements(
      ['authority', 'no', 'rep', ago(5)],
      ['need', 'Medium Term', 'rep', ago(5)],
      ['authority', 'yes', 'form', ago(1)],
    );
    const known = resolve(vocabulary, said, [], NOW);
    expect(known.lead('authority')?.value).toBe('no');
    expect(known.lead('need')?.value).toBe('medium term');
    expect(known.lead('budget')).toBeNull();
  });
});

describe('the explanation', () => {
  it('names what counts, and why the rest does not', () => {
    const vocabulary = vocabularyOf({
      name: 'employees',
      type: 'number',
      validFor: { days: 365 },
      sources: ['rep', ['form', 'website'], 'agency'],
    });
    const said = statements(
      ['employees', 120, 'website', ago(9)],
      ['employees', 80, 'form', ago(20)],
      ['employees', null, 'rep', ago(2)],
      ['employees', 300, 'agency', ago(1)],
      ['employees', 10, 'website', ago(400)],
      ['employees', 'lots', 'form', ago(1)],
      ['employees', 5, 'import', ago(1)],
      ['employees', 99, 'rep', NOW + 1],
    );
    const explained = explainAttribute(weighStatements(vocabulary, said, []), 'lead', 'employees', NOW);
    expect(explained.known).toMatchObject({ value: 120, source: 'website' });
    expect(explained.statements.map(({ value, outcome }) => [value, outcome])).toEqual([
      [99, 'future'],
      [null, 'says-unknown'],
      ['lots', 'misfit'],
      [120, 'wins'],
      [80, 'superseded'],
      [10, 'expired'],
      [300, 'outranked'],
      [5, 'not-believed'],
    ]);
    expect(explained.statements.find(({ outcome }) => outcome === 'outranked')?.why).toContain('known from website');
    expect(explained.statements[3]?.until).toBe(ago(9) + 365 * DAY);
  });

  it('shows a conclusion in its place, with what concluded it', () => {
    const vocabulary = vocabularyOf(
      { name: 'size', type: 'number' },
      {
        name: 'fit',
        type: 'boolean',
        sources: ['rep', 'inference', 'agency'],
        infer: [{ id: 'large', name: 'Large enough', when: { lead: 'size', atLeast: 50 }, value: true }],
      },
    );
    const said = statements(['size', 80, 'form', ago(3)], ['fit', false, 'agency', ago(1)]);
    const explain = (list: Statement[]) => explainAttribute(weighStatements(vocabulary, list, []), 'lead', 'fit', NOW);
    expect(explain(said).statements).toMatchObject([
      {
        id: null,
        value: true,
        source: 'inference',
        at: ago(3),
        outcome: 'wins',
        inference: { id: 'large', name: 'Large enough' },
      },
      { id: 2, outcome: 'outranked' },
    ]);
    const overruled = statements(['size', 80, 'form', ago(3)], ['fit', false, 'rep', ago(1)]);
    expect(explain(overruled).statements.map(({ source, outcome }) => [source, outcome])).toEqual([
      ['rep', 'wins'],
      ['inference', 'outranked'],
    ]);
  });

  it('of what nobody ever spoke of is empty', () => {
    expect(explainAttribute(weighStatements(vocabularyOf(), [], []), 'lead', 'x', NOW)).toMatchObject({
      known: null,
      statements: [],
    });
  });
});

describe('the next change by time alone', () => {
  it('is when a statement begins or grows too old', () => {
    const vocabulary = vocabularyOf({ name: 'need', type: 'text', validFor: { days: 90 } });
    const said = statements(['need', 'soon', 'rep', ago(10)], ['other', 1, 'api', NOW + 5]);
    const next = (after: number) => attributeChanges(vocabulary, said, [], after);
    expect(next(ago(11))).toBe(ago(10));
    expect(next(NOW)).toBe(NOW + 5);
    expect(next(NOW + 5)).toBe(ago(10) + 90 * DAY);
    expect(next(ago(10) + 90 * DAY)).toBeNull();
  });

  it('is when the condition of a conclusion turns', () => {
    const vocabulary = vocabularyOf(
      { name: 'contractEnds', type: 'date' },
      {
        name: 'need',
        type: 'boolean',
        infer: [{ id: 'ends-soon', when: { lead: 'contractEnds', inNext: { days: 30 } }, value: true }],
      },
    );
    const said = statements(['contractEnds', '2027-03-31', 'form', ago(1)]);
    const ends = Date.UTC(2027, 2, 31);
    const next = attributeChanges(vocabulary, said, [], NOW);
    expect(next).toBe(ends - 30 * DAY);
    expect(of(vocabulary, said, 'need', next! - 1)).toBeNull();
    expect(of(vocabulary, said, 'need', next!)).toBe(true);
  });
});

describe('a set of attributes', () => {
  const infer = (when: object, value: unknown = 'x') => [{ id: 'rule', when, value }];

  it('is refused where its parts contradict each other, with the place and the mend', () => {
    expect(problemsOf([{ name: 'a', type: 'choice' }])).toEqual([
      expect.stringMatching(/^attributes\.0\.choices: is needed/),
    ]);
    expect(problemsOf([{ name: 'a', type: 'text', choices: ['x'] }])).toEqual([
      expect.stringMatching(/^attributes\.0\.choices: belongs to/),
    ]);
    expect(problemsOf([{ name: 'a', type: 'choice', choices: ['x', 'X'] }])).toEqual([
      expect.stringMatching(/^attributes\.0\.choices\.1: .*twice/),
    ]);
    const wordings = { de: { choices: { x: 'Ix', y: 'Ypsilon' } } };
    expect(problemsOf([{ name: 'a', type: 'choice', choices: ['x'], question: 'x?', wordings }])).toEqual([
      'attributes.0.wordings.de.choices.y: "y" is none of the choices: they are x',
    ]);
    expect(problemsOf([{ name: 'a', type: 'text', wordings: { de: { question: 'Was?' } } }])).toEqual([
      expect.stringMatching(/^attributes\.0\.wordings: belong to a question/),
    ]);
    expect(
      problemsOf([{ name: 'a', type: 'boolean', question: 'a?', wordings: { de: { choices: { yes: 'Ja' } } } }]),
    ).toEqual([]);
    expect(problemsOf([{ name: 'a b', type: 'text' }])).toEqual([
      expect.stringMatching(/^attributes\.0\.name: must be letters/),
    ]);
    expect(
      problemsOf([
        { name: 'a', type: 'text' },
        { name: 'a', type: 'number' },
      ]),
    ).toEqual([expect.stringMatching(/^attributes\.1\.name: .*twice/)]);
    expect(
      problemsOf([
        { name: 'a', type: 'text' },
        { name: 'a', of: 'account', type: 'text' },
      ]),
    ).toEqual([]);
    expect(problemsOf([{ name: 'a', type: 'text', sources: ['rep', ['form', 'rep']] }])).toEqual([
      expect.stringMatching(/^attributes\.0\.sources\.1: "rep" is named twice/),
    ]);
    expect(problemsOf([{ name: 'a', type: 'text', sources: [['form', 'inference']] }])).toEqual([
      expect.stringMatching(/rank of its own/),
    ]);
    expect(
      problemsOf([{ name: 'a', type: 'text', sources: ['rep'], infer: infer({ lead: 'b', exists: true }) }]),
    ).toEqual([expect.stringMatching(/^attributes\.0\.sources: leaves out inference/)]);
  });

  it('concludes values of the type only', () => {
    const when = { lead: 'b', exists: true };
    expect(problemsOf([{ name: 'a', type: 'number', infer: infer(when, 'many') }])).toEqual([
      'attributes.0.infer.0.value: must be a number, such as 1200 or 0.5',
    ]);
    expect(problemsOf([{ name: 'a', type: 'choice', choices: ['low', 'high'], infer: infer(when, 'huge') }])).toEqual([
      'attributes.0.infer.0.value: must be one of low, high',
    ]);
  });

  it('concludes from attributes only, and for a company from the company’s', () => {
    expect(problemsOf([{ name: 'a', type: 'text', infer: infer({ event: { event: 'Viewed' } }) }])).toEqual([
      expect.stringMatching(/^attributes\.0\.infer\.0\.when\.event: a conclusion can only ask about attributes/),
    ]);
    expect(
      problemsOf([{ name: 'a', of: 'account', type: 'text', infer: infer({ all: [{ lead: 'b', is: 'x' }] }) }]),
    ).toEqual([expect.stringMatching(/^attributes\.0\.infer\.0\.when\.all\.0\.lead: an attribute of the company/)]);
  });

  it('never goes round in a circle, which is named', () => {
    const circle = [
      { name: 'need', type: 'text', infer: infer({ lead: 'budget', exists: true }) },
      {
        name: 'budget',
        type: 'text',
        infer: infer({
          any: [
            { lead: 'size', is: 'x' },
            { lead: 'time', exists: true },
          ],
        }),
      },
      { name: 'time', type: 'text', infer: infer({ not: { lead: 'need', is: 'x' } }) },
    ];
    expect(problemsOf(circle)).toEqual([
      'attributes.0.infer.0.when: goes round in a circle (need from budget from time from need): no attribute can rest on itself, so leave one of them out',
    ]);
    expect(problemsOf([{ name: 'a', type: 'text', infer: infer({ lead: 'a', exists: false }) }])).toEqual([
      expect.stringContaining('(a from a)'),
    ]);
    expect(problemsOf([...circle.slice(0, 2), { name: 'time', type: 'text' }])).toEqual([]);
  });

  it('cannot be live beside one that has the same attribute, or with which it makes a circle', () => {
    const other = attributeSet(
      [
        { name: 'need', type: 'text' },
        { name: 'budget', type: 'text', infer: infer({ lead: 'size', is: 'x' }) },
      ],
      'bant',
    );
    expect(
      setProblems(
        attributeSet([
          { name: 'size', type: 'text' },
          { name: 'need', type: 'number' },
        ]),
        [other],
      ),
    ).toEqual([
      {
        path: 'attributes.1.name',
        problem: '"need" of the lead stands in the attributes "bant" already: take it out here or there',
      },
    ]);
    expect(setProblems(attributeSet([{ name: 'need', of: 'account', type: 'text' }]), [other])).toEqual([]);
    expect(
      setProblems(
        attributeSet([
          { name: 'x', type: 'text', infer: infer({ lead: 'budget', is: 'x' }) },
          { name: 'size', type: 'text', infer: infer({ lead: 'budget', is: 'x' }) },
        ]),
        [other],
      ),
    ).toEqual([
      { path: 'attributes.1.infer.0.when', problem: expect.stringContaining('(size from budget from size)') },
    ]);
  });

  it('reads again what it gave, as it is stored', () => {
    const set = attributeSet([{ name: 'a', type: 'text', sources: ['rep', ['form', 'api']], validFor: { days: 3 } }]);
    expect(set.attributes[0]?.sources).toEqual([['rep'], ['form', 'api']]);
    expect(attributeSet(JSON.parse(JSON.stringify(set.attributes)))).toEqual(set);
  });
});

describe('a conclusion from silence', () => {
  const vocabulary = vocabularyOf(
    {
      name: 'anonymous',
      type: 'boolean',
      infer: [{ id: 'nameless', when: { lead: 'name', exists: false }, value: true }],
    },
    {
      name: 'segment',
      type: 'text',
      validFor: { days: 30 },
      infer: [{ id: 'cold', when: { lead: 'anonymous', is: true }, value: 'cold' }],
    },
  );

  it('has no date of its own, so what rests on it does not grow old, and never changes by itself', () => {
    expect(of(vocabulary, [], 'segment')).toBe('cold');
    expect(of(vocabulary, [], 'segment', NOW + 400 * DAY)).toBe('cold');
    expect(attributeChanges(vocabulary, [], [], NOW)).toBe(null);
  });
});
