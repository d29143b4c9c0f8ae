import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Condition, conditionSchema } from '../../domain/conditions/condition.ts';
import { evaluate, isTrue, truthOf } from '../../domain/conditions/evaluate.ts';
import type { Facts, KnownValue, StandingFacts } from '../../domain/conditions/facts.ts';
import { attributesIn, eventsIn, leavesNotAllowed, scoresIn } from '../../domain/conditions/leaves.ts';
import { nextChange } from '../../domain/conditions/next-change.ts';
import { fieldProblems } from '../../domain/definition/validate.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { canNeverMatch, eventMatchSchema, matches } from '../../domain/interaction/event-match.ts';
import { EMAIL_OPENED, type Interaction, type Json, type Properties } from '../../domain/interaction/interaction.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const said = (value: Json, more: Partial<KnownValue> = {}): KnownValue => ({
  value,
  source: 'form',
  at: Date.UTC(2026, 10, 3, 9),
  confidence: 1,
  ...more,
});

interface Person {
  readonly lead?: Readonly<Record<string, Json>>;
  readonly account?: Readonly<Record<string, Json>>;
  readonly stage?: Facts['stage'];
  readonly events?: readonly Interaction[];
  readonly standings?: Readonly<Record<string, StandingFacts>>;
  readonly now?: number;
}

function factsOf({ lead = {}, account = {}, stage = 'lead', events = [], standings = {}, now = NOW }: Person): Facts {
  const known = (values: Readonly<Record<string, Json>>) => (name: string) => {
    const value = values[name];
    return value === undefined ? null : said(value);
  };
  return {
    now,
    stage,
    lead: known(lead),
    account: known(account),
    events,
    standings: new Map(Object.entries(standings)),
  };
}

let count = 0;
function did(name: string, occurredAt: number, properties: Properties = {}): Interaction {
  count += 1;
  return { id: count, source: 'website', messageId: `m${count}`, kind: 'track', name, properties, occurredAt };
}

const asked = (condition: unknown, person: Person) => truthOf(conditionSchema.parse(condition), factsOf(person));
/** What a lead's attribute `x` of this value answers to a comparison. */
const compared = (value: Json, comparison: object, now = NOW) =>
  asked({ lead: 'x', ...comparison }, { lead: { x: value }, now });

describe('who is meant', () => {
  const wantsTheCloud: Condition = {
    all: [
      {
        any: [
          { lead: 'position', in: ['Head of IT', 'CIO'] },
          { lead: 'buys', is: true },
        ],
      },
      { account: 'employees', atLeast: 50, atMost: 500 },
      { not: { account: 'industry', is: 'Public sector' } },
      { event: { event: 'White Paper Downloaded' }, within: { days: 30 } },
      { stage: ['lead'] },
      { score: 'cloud', cell: ['A1', 'A2', 'B1'] },
    ],
  };
  const teichmann: Person = {
    lead: { position: 'head of it ' },
    account: { employees: '120', industry: 'Machines' },
    events: [did('White Paper Downloaded', NOW - 2 * DAY)],
    standings: { cloud: { points: 61, grade: 'A', band: 2 } },
  };

  it('Frau Teichmann, head of IT, who took the white paper', () => {
    expect(asked(wantsTheCloud, teichmann)).toBe('true');
  });

  it('not once she is a customer', () => {
    expect(asked(wantsTheCloud, { ...teichmann, stage: 'customer' })).toBe('false');
  });

  it('perhaps, while nobody knows how many work there: unknown is not no', () => {
    const person = { ...teichmann, account: { industry: 'Machines' } };
    expect(asked(wantsTheCloud, person)).toBe('unknown');
    expect(asked({ not: wantsTheCloud }, person)).toBe('unknown');
    expect(isTrue(wantsTheCloud, factsOf(person))).toBe(false);
  });

  it('certainly not, whatever is unknown, where one known part fails', () => {
    expect(asked(wantsTheCloud, { ...teichmann, account: {}, events: [] })).toBe('false');
  });

  it('Frau Petersen, whose authority was asked for and is none', () => {
    const decides: Condition = { lead: 'authority', is: true };
    expect(asked(decides, { lead: { authority: false } })).toBe('false');
    expect(asked(decides, {})).toBe('unknown');
    expect(asked(decides, { lead: { authority: null } })).toBe('unknown');
  });
});

describe('comparing texts', () => {
  it.each([
    ['Berlin', { is: ' BERLIN ' }, 'true'],
    ['Hauptstraße', { is: 'HAUPTSTRASSE' }, 'true'],
    ['Zu\u0308rich', { is: 'z\u00fcrich' }, 'true'],
    ['Berlin', { is: 'Bern' }, 'false'],
    ['Berlin', { in: ['Bern', 'berlin'] }, 'true'],
    ['Basel', { in: ['Bern', 'Berlin'] }, 'false'],
    ['Head of IT, Europe', { contains: 'head of it' }, 'true'],
    ['White', { contains: ' IT' }, 'false'],
    ['Head of IT', { startsWith: 'head' }, 'true'],
    ['Deputy Head', { startsWith: 'head' }, 'false'],
    ['01067', { startsWith: '01' }, 'true'],
    ['01067', { is: '1067' }, 'false'],
    [42, { is: 'Berlin' }, 'false'],
  ])('%j, wanted %j: %s', (value, comparison, result) => expect(compared(value, comparison)).toBe(result));
});

describe('comparing numbers', () => {
  it.each([
    [10, { atLeast: 10, atMost: 10 }, 'true'],
    [10, { above: 10 }, 'false'],
    [10, { below: 10 }, 'false'],
    [9.5, { above: 9, below: 10 }, 'true'],
    ['120', { atLeast: 100 }, 'true'],
    [' 99.5 ', { atLeast: 100 }, 'false'],
    ['120', { is: 120 }, 'true'],
    [120, { is: '120' }, 'true'],
    ['120', { in: [100, 120] }, 'true'],
    ['about a hundred', { atLeast: 100 }, 'unknown'],
    ['about a hundred', { is: 100 }, 'unknown'],
    ['1.200', { atLeast: 100 }, 'unknown'],
    ['1,200', { atLeast: 100 }, 'unknown'],
    ['0.125', { below: 1 }, 'true'],
    [true, { atLeast: 1 }, 'unknown'],
    [[1, 2], { atLeast: 1 }, 'unknown'],
  ])('%j, wanted %j: %s', (value, comparison, result) => expect(compared(value, comparison)).toBe(result));
});

describe('comparing answers and lists, and asking whether anything is known', () => {
  it.each([
    [true, { is: true }, 'true'],
    ['True', { is: true }, 'true'],
    ['maybe', { is: true }, 'unknown'],
    [['Paint', 'Paper'], { contains: 'paint' }, 'true'],
    [['Paint', 'Paper'], { contains: 'pa' }, 'false'],
    [['Paint', 'Paper'], { contains: 3 }, 'false'],
    [[], { contains: 'paint' }, 'false'],
    [['Paint'], { is: 'Paint' }, 'unknown'],
    [{ street: 'A' }, { is: 'A' }, 'unknown'],
    ['x', { exists: true }, 'true'],
    ['x', { exists: false }, 'false'],
    [' ', { exists: false }, 'true'],
    [null, { exists: false }, 'true'],
    [null, { exists: true }, 'false'],
    [[], { exists: true }, 'true'],
    [null, { exists: true, atLeast: 3 }, 'false'],
    [null, { atLeast: 3 }, 'unknown'],
  ])('%j, wanted %j: %s', (value, comparison, result) => expect(compared(value, comparison)).toBe(result));

  it('what nobody ever said is not there', () => {
    expect(asked({ lead: 'budget', exists: false }, {})).toBe('true');
    expect(asked({ account: 'budget', exists: true }, {})).toBe('false');
  });
});

describe('comparing dates', () => {
  it.each([
    ['2026-11-02', { before: '2026-11-03' }, 'true'],
    ['2026-11-03', { before: '2026-11-03' }, 'false'],
    ['2026-11-03', { after: '2026-11-03' }, 'false'],
    ['2026-11-03T23:59:59.999Z', { after: '2026-11-03' }, 'false'],
    ['2026-11-04', { after: '2026-11-03' }, 'true'],
    ['2026-11-03T10:00:00.001Z', { after: '2026-11-03T10:00:00Z' }, 'true'],
    ['2026-11-03T10:00:00Z', { after: '2026-11-03T10:00:00Z' }, 'false'],
    ['2026-11-03T10:00:00+01:00', { before: '2026-11-03T09:00:01Z' }, 'true'],
    ['2026-11-03 10:00', { after: '2026-11-03T09:59:59Z' }, 'true'],
    ['2026-02-30', { after: '2020-01-01' }, 'unknown'],
    ['3 November', { after: '2020-01-01' }, 'unknown'],
    [1_762_128_000_000, { after: '2020-01-01' }, 'unknown'],
  ])('%j, wanted %j: %s', (value, comparison, result) => expect(compared(value, comparison)).toBe(result));

  it('"in the last two days" begins with the date and ends before it is two days old', () => {
    const date = Date.UTC(2026, 10, 18);
    const at = (now: number) => compared('2026-11-18', { inLast: { days: 2 } }, now);
    expect([at(date - 1), at(date), at(date + 2 * DAY - 1), at(date + 2 * DAY)]).toEqual([
      'false',
      'true',
      'true',
      'false',
    ]);
  });

  it('"in the next two days" begins two days before the date and ends with it', () => {
    const date = Date.UTC(2026, 10, 18);
    const at = (now: number) => compared('2026-11-18', { inNext: { days: 2 } }, now);
    expect([at(date - 2 * DAY - 1), at(date - 2 * DAY), at(date - 1), at(date)]).toEqual([
      'false',
      'true',
      'true',
      'false',
    ]);
  });
});

describe('scores', () => {
  const standing = { points: 61, grade: 'B', band: 2 } as const;
  const score = (wanted: object, more: Partial<StandingFacts> = {}) =>
    asked({ score: 'cloud', ...wanted }, { standings: { cloud: { ...standing, ...more } } });

  it.each([
    [{ points: { atLeast: 61 } }, 'true'],
    [{ points: { above: 61 } }, 'false'],
    [{ grade: ['A', 'B'] }, 'true'],
    [{ grade: ['A'] }, 'false'],
    [{ band: [1] }, 'false'],
    [{ cell: ['A1', 'B2'] }, 'true'],
    [{ cell: ['B1', 'A2'] }, 'false'],
    [{ grade: ['B'], points: { below: 50 } }, 'false'],
  ])('%j of 61 points, B2: %s', (wanted, result) => expect(score(wanted)).toBe(result));

  it('of a lead that has none are unknown', () => {
    expect(asked({ score: 'phones', points: { atMost: 0 } }, { standings: { cloud: standing } })).toBe('unknown');
  });

  it('without a grade leave a cell unknown, unless the band is another', () => {
    expect(score({ cell: ['A2', 'B2'] }, { grade: null })).toBe('unknown');
    expect(score({ cell: ['A1', 'B1'] }, { grade: null })).toBe('false');
    expect(score({ band: [2] }, { grade: null })).toBe('true');
  });
});

describe('events', () => {
  const view = { event: 'Product Viewed' };
  const views = [NOW - 10 * DAY, NOW - 3 * DAY, NOW - 2 * DAY, NOW].map((at) => did('Product Viewed', at));
  const counted = (leaf: object, events = views) => asked({ event: view, ...leaf }, { events });

  it('at least once is meant where nothing is said', () => {
    expect(counted({})).toBe('true');
    expect(counted({}, [did('Another', NOW)])).toBe('false');
  });

  it.each([
    [{ times: { atLeast: 4 } }, 'true'],
    [{ times: { atLeast: 5 } }, 'false'],
    [{ times: { atMost: 3 } }, 'false'],
    [{ times: { atMost: 0 } }, 'false'],
    [{ times: { atLeast: 2, atMost: 2 }, within: { days: 3 } }, 'true'],
    [{ times: { atLeast: 3 }, within: { days: 3, seconds: 1 } }, 'true'],
  ])('four times, the last of them now, wanted %j: %s', (leaf, result) => expect(counted(leaf)).toBe(result));

  it('a period leaves out the event that is exactly as old as it is long, and what lies ahead', () => {
    expect(counted({ within: { days: 2 } }, [did('Product Viewed', NOW - 2 * DAY)])).toBe('false');
    expect(counted({ within: { days: 2 } }, [did('Product Viewed', NOW - 2 * DAY + 1)])).toBe('true');
    expect(counted({}, [did('Product Viewed', NOW + 1)])).toBe('false');
  });
});

describe('what an event must have been like', () => {
  const order = did('Order Completed', NOW, {
    total: 120,
    coupon: 'SPRING',
    due: '2026-11-22',
    note: '',
    express: null,
  });
  const isMeant = (properties: object) =>
    matches(eventMatchSchema.parse({ event: 'Order Completed', properties }), order);

  it('a bare value is equal exactly, as ever', () => {
    expect(isMeant({ total: 120, coupon: 'SPRING' })).toBe(true);
    expect(isMeant({ coupon: 'spring' })).toBe(false);
    expect(isMeant({ total: '120' })).toBe(false);
    expect(isMeant({ missing: '' })).toBe(false);
    expect(isMeant({ note: '' })).toBe(true);
  });

  it('a comparison compares', () => {
    expect(isMeant({ total: { atLeast: 100, below: 200 }, coupon: { is: 'spring' } })).toBe(true);
    expect(isMeant({ total: { above: 120 } })).toBe(false);
    expect(isMeant({ coupon: { atLeast: 1 } })).toBe(false);
  });

  it('dates count from the event, not from today', () => {
    expect(isMeant({ due: { inNext: { days: 2 } } })).toBe(true);
    expect(isMeant({ due: { inNext: { hours: 12 } } })).toBe(false);
  });

  it.each(['missing', 'express', 'note', 'constructor'])('"%s" is not there', (name) => {
    expect(isMeant({ [name]: { exists: false } })).toBe(true);
    expect(isMeant({ [name]: { exists: true } })).toBe(false);
    expect(isMeant({ [name]: { in: ['a', 'b'] } })).toBe(false);
    expect(isMeant({ [name]: { atMost: 1_000 } })).toBe(false);
  });
});

describe('an event that can never be', () => {
  it.each([
    [{ kind: 'identify', event: 'Signed Up' }, 'Identified'],
    [{ kind: 'tend', event: 'Email Open' }, EMAIL_OPENED],
    [{ event: 'Order', properties: { total: { atLeast: 5, atMost: 4 } } }, 'properties.total.atMost'],
  ] as const)('%j is told by its reason', (match, reason) => expect(canNeverMatch(match)).toContain(reason));

  it.each([
    { kind: 'identify' },
    { kind: 'identify', event: 'Identified' },
    { kind: 'tend', event: EMAIL_OPENED },
    { kind: 'tend', event: 'Handoff Won' },
    { event: 'Email Open', properties: { total: 5, size: { atLeast: 5, atMost: 5 } } },
  ] as const)('%j can be', (match) => expect(canNeverMatch(match)).toBeNull());
});

describe('a condition that is not well formed is refused with its place and its mend', () => {
  const deep = (levels: number): unknown => (levels === 1 ? { stage: ['lead'] } : { not: deep(levels - 1) });
  const wide = (parts: number) => ({ all: Array.from({ length: parts - 1 }, () => ({ stage: ['lead'] })) });

  it.each<[path: string, mend: string, input: unknown]>([
    ['', 'must be a condition', 'Head of IT'],
    ['', '{ all: [..] }', [{ stage: ['lead'] }]],
    ['', 'it needs one of all, any, not, lead', {}],
    ['', 'it needs one of', { attribute: 'x', is: 1 }],
    ['all', 'is empty', { all: [] }],
    ['any', 'must be a list', { any: { stage: ['lead'] } }],
    ['within', 'is not a field here', { all: [{ stage: ['lead'] }], within: { days: 1 } }],
    ['', 'has both lead and account', { lead: 'x', is: 1, account: 'x' }],
    ['all.1.not.equals', 'is not a field here', { all: [{ stage: ['lead'] }, { not: { lead: 'x', equals: 1 } }] }],
    ['', 'says nothing about the value', { lead: 'position' }],
    ['lead', 'name of an attribute', { lead: '', is: 1 }],
    ['is', 'write in: [..]', { lead: 'x', is: ['a', 'b'] }],
    ['is', 'exists: false', { lead: 'x', is: '' }],
    ['in', 'name at least one', { lead: 'x', in: [] }],
    ['in.1', 'must be a text, a number, true or false', { lead: 'x', in: ['a', { b: 1 }] }],
    ['atLeast', 'without quotes', { lead: 'x', atLeast: '10' }],
    ['contains', 'is blank', { lead: 'x', contains: ' ' }],
    ['before', 'must be a date such as 2026-11-03', { lead: 'x', before: '03.11.2026' }],
    ['before', 'in no calendar', { lead: 'x', before: '2026-02-30' }],
    ['inLast.weeks', 'is not a field here', { lead: 'x', inLast: { weeks: 2 } }],
    ['stage', 'is empty', { stage: [] }],
    ['stage.0', 'must be one of lead, customer, disqualified', { stage: ['prospect'] }],
    ['', 'add points, grade, band or cell', { score: 'cloud' }],
    ['points', 'needs atLeast', { score: 'cloud', points: {} }],
    ['cell.0', 'from A1 to D4', { score: 'cloud', cell: ['E1'] }],
    ['event', 'needs an event name or a kind', { event: { properties: {} } }],
    ['event.properties.total.atleast', 'spelling', { event: { event: 'E', properties: { total: { atleast: 3 } } } }],
    ['event.properties.total', 'in: [..]', { event: { event: 'E', properties: { total: [1, 2] } } }],
    ['times', 'holds however often', { event: { event: 'E' }, times: { atLeast: 0 } }],
    ['times.atLeast', 'whole number', { event: { event: 'E' }, times: { atLeast: 1.5 } }],
    [Array.from({ length: 20 }, () => 'not').join('.'), 'nested more than 20 deep', deep(21)],
    [Array.from({ length: 20 }, () => 'not').join('.'), 'nested more than 20 deep', deep(5_000)],
    ['', 'more than 500 parts', wide(501)],
  ])('at "%s": %s', (path, mend, input) => {
    const { error } = conditionSchema.safeParse(input);
    expect(fieldProblems(error!)).toEqual([{ path, problem: expect.stringContaining(mend) }]);
  });

  it('and so is one that nothing can ever satisfy', () => {
    const refused = (comparison: object) =>
      fieldProblems(conditionSchema.safeParse({ lead: 'x', ...comparison }).error!).map(({ path }) => path);
    expect(refused({ atLeast: 10, atMost: 5 })).toEqual(['atMost']);
    expect(refused({ above: 5, atMost: 5 })).toEqual(['atMost']);
    expect(refused({ atLeast: 5, below: 5 })).toEqual(['below']);
    expect(refused({ after: '2026-11-03', before: '2026-11-04' })).toEqual(['before']);
    expect(refused({ inLast: { days: 1 }, inNext: { days: 1 } })).toEqual(['inNext']);
    expect(refused({ atLeast: 1, before: '2026-11-03' })).toEqual(['before']);
    expect(refused({ exists: false, is: 'a' })).toEqual(['exists']);
    expect(refused({ is: 'Berlin', in: ['Bern', 'Basel'] })).toEqual(['in']);
    expect(refused({ is: 'Berlin', startsWith: 'x' })).toEqual(['is']);
    expect(refused({ in: [1, 2, 'three'], above: 2 })).toEqual(['in']);
    expect(refused({ is: 'soon', inNext: { days: 1 } })).toEqual(['is']);
  });

  it('but not one that something can satisfy', () => {
    for (const comparison of [
      { atLeast: 5, atMost: 5 },
      { after: '2026-11-03', before: '2026-11-05' },
      { exists: true, is: 'a' },
      { is: '120', atLeast: 100 },
      { is: 120, in: ['120.0'] },
      { is: '120', in: ['120.0'] },
      { is: 1067, startsWith: '01' },
      { is: 'Berlin', in: ['berlin'], contains: 'ERL' },
      { in: [1, 2, 3], above: 2 },
      { is: true, startsWith: 't' },
    ]) {
      expect(conditionSchema.safeParse({ lead: 'x', ...comparison }).error).toBeUndefined();
    }
    expect(fieldProblems(conditionSchema.safeParse({ score: 's', grade: ['A'], cell: ['B1'] }).error!)).toMatchObject([
      { path: 'cell' },
    ]);
    expect(
      fieldProblems(conditionSchema.safeParse({ event: { event: 'E' }, times: { atLeast: 3, atMost: 2 } }).error!),
    ).toMatchObject([{ path: 'times.atMost' }]);
    expect(fieldProblems(conditionSchema.safeParse({ event: { kind: 'identify', event: 'E' } }).error!)).toMatchObject([
      { path: 'event' },
    ]);
  });

  it('20 levels and 500 parts are taken', () => {
    expect(conditionSchema.safeParse(deep(20)).success).toBe(true);
    expect(conditionSchema.safeParse(wide(500)).success).toBe(true);
  });

  it('is refused inside another schema too, where it is missing as well', () => {
    const rule = z.strictObject({ when: conditionSchema, unless: conditionSchema.optional() });
    expect(rule.safeParse({ when: { stage: ['lead'] } }).success).toBe(true);
    expect(rule.safeParse({}).error?.issues.map(({ path }) => path)).toEqual([['when']]);
    expect(rule.safeParse({ when: { stage: ['lead'] }, unless: { any: [] } }).error?.issues[0]?.path).toEqual([
      'unless',
      'any',
    ]);
  });

  it('nobody goes on to look into one that is refused', () => {
    const rule = z.strictObject({ when: conditionSchema }).superRefine(({ when }) => {
      leavesNotAllowed(when, new Set(['lead']));
    });
    expect(rule.safeParse({ when: { all: [null, 5] } }).error?.issues).toHaveLength(2);
  });
});

describe('the JSON Schema', () => {
  it('shows each kind of condition, and is recursive', () => {
    const schema = z.toJSONSchema(z.strictObject({ when: conditionSchema }), { io: 'input' });
    expect(schema).toMatchObject({ properties: { when: { $ref: '#/$defs/Condition' } }, required: ['when'] });
    const options = (schema.$defs?.Condition?.anyOf ?? []) as readonly z.core.JSONSchema.ObjectSchema[];
    expect(options.map(({ required }) => required?.[0])).toEqual([
      'all',
      'any',
      'not',
      'lead',
      'account',
      'stage',
      'score',
      'event',
    ]);
    expect(options[0]?.properties?.all).toMatchObject({ items: { $ref: '#/$defs/Condition' } });
    expect(z.toJSONSchema(eventMatchSchema)).toMatchObject({ properties: { properties: { type: 'object' } } });
  });
});

describe('the trace of a condition', () => {
  const textOf = (condition: Condition, person: Person) => evaluate(condition, factsOf(person)).text;

  it('holds every part with what was wanted and what was found, as plain data', () => {
    const condition: Condition = {
      all: [
        { lead: 'position', in: ['Head of IT', 'CIO'] },
        { not: { account: 'employees', below: 50 } },
        { event: { event: 'Product Viewed' }, within: { days: 7 } },
      ],
    };
    const trace = evaluate(
      condition,
      factsOf({ lead: { position: 'Assistant' }, events: [did('Product Viewed', NOW), did('Product Viewed', NOW)] }),
    );
    expect(JSON.parse(JSON.stringify(trace))).toEqual(trace);
    expect(trace).toMatchObject({
      kind: 'all',
      result: 'false',
      text: '1 of 3 conditions fails: all must hold',
      children: [
        {
          kind: 'lead',
          name: 'position',
          result: 'false',
          wanted: { in: ['Head of IT', 'CIO'] },
          found: { value: 'Assistant', source: 'form', at: Date.UTC(2026, 10, 3, 9), confidence: 1 },
          note: null,
          text: 'lead\'s position is "Assistant" (form, 3 Nov 2026): wanted one of "Head of IT" or "CIO"',
        },
        {
          kind: 'not',
          result: 'unknown',
          text: "the opposite of: account's employees is not known: wanted less than 50",
          children: [{ kind: 'account', name: 'employees', result: 'unknown', found: null }],
        },
        {
          kind: 'event',
          result: 'true',
          wanted: { event: { event: 'Product Viewed' }, times: { atLeast: 1 }, within: { days: 7 } },
          found: 2,
          text: 'event "Product Viewed" happened 2 times in the last 7 days: wanted at least once',
        },
      ],
    });
  });

  it('says so where a known value does not suit the question', () => {
    const trace = evaluate({ lead: 'size', atLeast: 100, exists: true }, factsOf({ lead: { size: 'rather big' } }));
    expect(trace.result).toBe('unknown');
    expect(trace.note).toBe('"rather big" is a text, which can\'t be held against at least 100');
    expect(trace.text).toContain(trace.note!);
    expect(evaluate({ lead: 'size', atLeast: 100 }, factsOf({})).note).toBeNull();
  });

  it('tells how sure a value is', () => {
    const facts = { ...factsOf({}), lead: () => said(250, { source: 'inference', confidence: 0.6 }) };
    expect(evaluate({ lead: 'employees', atLeast: 100 }, facts).text).toBe(
      "lead's employees is 250 (inference, 3 Nov 2026, 60 % sure): wanted at least 100",
    );
  });

  it.each<[Condition, string]>([
    [{ stage: ['customer', 'disqualified'] }, 'stage is lead: wanted customer or disqualified'],
    [{ score: 'cloud', points: { atLeast: 50 } }, 'there is no score under "cloud": wanted at least 50 points'],
    [
      { score: 'pens', grade: ['A', 'B'], cell: ['A1'] },
      'score under "pens" is 53 points, no grade, band 1: wanted grade A or B and cell A1',
    ],
    [{ lead: 'x', inLast: { days: 1, hours: 12 } }, "lead's x is not known: wanted a date in the last 1 day 12 hours"],
    [{ lead: 'x', exists: true }, "lead's x is not known: wanted anything that is known"],
    [
      {
        event: { kind: 'page', event: 'Product', properties: { category: 'pens', price: { above: 20 } } },
        times: { atMost: 0 },
      },
      'event "Product" (page) with category "pens" and price more than 20 did not happen: wanted never',
    ],
    [
      { any: [{ lead: 'x', is: 1 }, { stage: ['customer'] }] },
      '1 of 2 conditions is not known, and none holds: one must',
    ],
    [
      { all: [{ lead: 'x', is: 1 }, { stage: ['lead'] }] },
      '1 of 2 conditions is not known, and none fails: all must hold',
    ],
  ])('%j', (condition, text) => {
    expect(textOf(condition, { standings: { pens: { points: 53, grade: null, band: 1 } } })).toBe(text);
  });
});

describe('when a condition changes by time alone', () => {
  const next = (condition: Condition, person: Person) => nextChange(condition, factsOf(person));
  const renewal = { renewal: '2026-12-24' };
  const christmas = Date.UTC(2026, 11, 24);

  it('a date comes near, and goes by', () => {
    const soon: Condition = { lead: 'renewal', inNext: { days: 30 } };
    expect(next(soon, { lead: renewal })).toBe(christmas - 30 * DAY);
    expect(next(soon, { lead: renewal, now: christmas - DAY })).toBe(christmas);
    expect(next(soon, { lead: renewal, now: christmas })).toBeNull();
  });

  it('an event leaves its period', () => {
    const events = [NOW - 5 * DAY, NOW - HOUR].map((at) => did('Product Viewed', at));
    const active: Condition = { event: { event: 'Product Viewed' }, within: { days: 7 } };
    expect(next(active, { events })).toBe(NOW - HOUR + 7 * DAY);
    expect(next({ ...active, times: { atLeast: 2 } }, { events })).toBe(NOW + 2 * DAY);
    expect(next({ ...active, times: { atLeast: 3 } }, { events })).toBeNull();
    expect(next({ ...active, times: { atMost: 0 } }, { events })).toBe(NOW - HOUR + 7 * DAY);
    expect(next({ event: { event: 'Product Viewed' } }, { events })).toBeNull();
  });

  it('an event ahead of our clock begins to count', () => {
    const events = [did('Product Viewed', NOW + MINUTE)];
    expect(next({ event: { event: 'Product Viewed' } }, { events })).toBe(NOW + MINUTE);
  });

  it('nothing, while a part that time does not touch decides', () => {
    const soon: Condition = { lead: 'renewal', inNext: { days: 30 } };
    expect(next({ all: [soon, { stage: ['customer'] }] }, { lead: renewal })).toBeNull();
    expect(next({ any: [soon, { stage: ['lead'] }] }, { lead: renewal })).toBeNull();
    expect(next({ all: [soon, { stage: ['lead'] }] }, { lead: renewal })).toBe(christmas - 30 * DAY);
  });

  it('attributes that are not dates, stages and scores never do', () => {
    expect(next({ lead: 'renewal', inNext: { days: 1 } }, { lead: { renewal: 'soon' } })).toBeNull();
    expect(next({ lead: 'renewal', before: '2027-01-01' }, { lead: renewal })).toBeNull();
    expect(next({ any: [{ stage: ['lead'] }, { score: 'x', band: [1] }] }, {})).toBeNull();
  });
});

describe('what a condition asks for', () => {
  const condition: Condition = {
    any: [
      { lead: 'position', is: 'CIO' },
      {
        not: {
          all: [
            { account: 'employees', below: 50 },
            { lead: 'position', exists: true },
          ],
        },
      },
      { event: { event: 'Product Viewed' } },
      { score: 'cloud', band: [1] },
    ],
  };

  it('attributes, events and models are named once', () => {
    expect(attributesIn(condition)).toEqual({ lead: ['position'], account: ['employees'] });
    expect(eventsIn(condition)).toEqual([{ event: 'Product Viewed' }]);
    expect(scoresIn(condition).map(({ score }) => score)).toEqual(['cloud']);
  });

  it('what is not allowed is named by its place', () => {
    expect(leavesNotAllowed(condition, new Set(['lead', 'event']))).toEqual([
      ['any', 1, 'not', 'all', 0, 'account'],
      ['any', 3, 'score'],
    ]);
  });
});
