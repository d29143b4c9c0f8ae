import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import { readExpectation, unknownNames } from '../../domain/simulation/expectation.ts';
import { countFigures } from '../../domain/simulation/figures.ts';
import type { Verdict } from '../../domain/simulation/judge.ts';
import type { LifeEntry } from '../../domain/simulation/life.ts';
import { instantOf, localMinute } from '../../domain/simulation/local-words.ts';
import { sentenceForms } from '../../domain/simulation/sentence-forms.ts';
import { simulate } from '../../domain/simulation/simulate.ts';
import { storySchema } from '../../domain/simulation/story.ts';
import { tellStory } from '../../domain/simulation/tell-story.ts';
import { testFileSchema } from '../../domain/simulation/test-file.ts';
import { lifeWith, MARCH, mailAt, simulationOf, smallWorld } from '../support/simulated.ts';

const world = smallWorld();

function judged(sentence: string, ...lives: (readonly LifeEntry[])[]): Verdict {
  const read = readExpectation(sentence);
  if ('problem' in read) throw new Error(read.problem);
  const judge = read.judge(world);
  const count = countFigures(world, MARCH, 28);
  for (const [index, entries] of lives.entries()) {
    const life = lifeWith(entries, { number: index + 1 });
    judge.look(life);
    count.add(life);
  }
  return judge.verdict(count.figures());
}

/** By the clock of Berlin. */
const on = (local: string) => instantOf(local, 'Europe/Berlin') ?? Number.NaN;
const offered = (at: number): LifeEntry => ({
  at,
  kind: 'offered',
  handoff: 1,
  model: 'shop',
  cell: null,
  firmPoints: 20,
  reason: null,
});
const dropped = (reason: string): LifeEntry =>
  ({ ...mailAt(MARCH, 'hello'), kind: 'withheld', state: 'dropped', reason }) as LifeEntry;
const left = (state: 'completed' | 'left'): LifeEntry => ({
  at: MARCH,
  kind: 'ended',
  sequence: 'welcome',
  enrolment: 'e',
  state,
  reason: state,
});

/** Each sentence with a life of which it holds, and one of which it does not. */
const CASES: readonly [sentence: string, holds: readonly LifeEntry[], fails: readonly LifeEntry[]][] = [
  [
    'no lead gets more than 2 mails in any 7 days',
    [0, 1, 7].map((day) => mailAt(MARCH + day * DAY, 'a')),
    [0, 1, 6.9].map((day) => mailAt(MARCH + day * DAY, 'a')),
  ],
  [
    'no lead gets more than 1 mail in any 20 hours',
    [0, 20].map((hour) => mailAt(MARCH + hour * HOUR, 'a')),
    [0, 19].map((hour) => mailAt(MARCH + hour * HOUR, 'a')),
  ],
  [
    'no lead gets more than 2 mails',
    [mailAt(0, 'a'), mailAt(1, 'b')],
    [mailAt(0, 'a'), mailAt(1, 'b'), mailAt(2, 'c')],
  ],
  [
    'no mail is sent between 20:00 and 08:00',
    [mailAt(on('2027-03-02T08:00'), 'a')],
    [mailAt(on('2027-03-02T07:59'), 'a')],
  ],
  ['no mail is sent on a public holiday', [mailAt(on('2027-03-25T12:00'), 'a')], [mailAt(on('2027-03-26T12:00'), 'a')]],
  ['No mail is sent on Sunday.', [mailAt(on('2027-03-06T12:00'), 'a')], [mailAt(on('2027-03-07T12:00'), 'a')]],
  ['no mail is sent on weekends', [mailAt(on('2027-03-05T12:00'), 'a')], [mailAt(on('2027-03-06T12:00'), 'a')]],
  [
    'no mail is sent while sales has the lead',
    [offered(1), { at: 2, kind: 'closed', handoff: 1, outcome: 'lost' }, mailAt(3, 'a')],
    [offered(1), mailAt(2, 'a')],
  ],
  ['no mail is dropped', [mailAt(0, 'a')], [dropped('already-received')]],
  ['no mail is dropped at its deadline', [dropped('already-received')], [dropped('deadline-passed')]],
  [
    'no mail waits longer than 5 days',
    [{ ...mailAt(5 * DAY, 'a'), dueAt: 0 } as LifeEntry],
    [{ ...mailAt(5 * DAY + HOUR, 'a'), dueAt: 0 } as LifeEntry],
  ],
  ['at least 60 % of leads get "offer"', [mailAt(0, 'offer')], [mailAt(0, 'hello')]],
  ['at most 40% of the leads get "offer"', [mailAt(0, 'hello')], [mailAt(0, 'offer')]],
  [
    'at least 40 % of leads get "offer" within 14 days',
    [mailAt(MARCH + 14 * DAY, 'offer')],
    [mailAt(MARCH + 15 * DAY, 'offer')],
  ],
  [
    'no lead gets "offer" before "hello"',
    [mailAt(0, 'hello'), mailAt(1, 'offer')],
    [mailAt(0, 'offer'), mailAt(1, 'hello')],
  ],
  ['no lead gets "offer" more than 1 time', [mailAt(0, 'offer')], [mailAt(0, 'offer'), mailAt(1, 'offer')]],
  [
    'nobody gets the same content twice',
    [mailAt(0, 'hello'), mailAt(1, 'offer')],
    [mailAt(0, 'hello', 'x'), mailAt(1, 'offer', 'x')],
  ],
  [
    'no stream is exhausted',
    [],
    [{ at: 0, kind: 'exhausted', sequence: 'welcome', stream: 's', track: null, cell: 'A1' }],
  ],
  ['at least 10 % of leads are offered to sales', [offered(1)], []],
  [
    'at most 2 % of leads unsubscribe',
    [],
    [{ at: 0, kind: 'consent', action: 'withdrawn', purpose: 'newsletter', by: 'unsubscribe' }],
  ],
  ['at least 30 % of leads complete "welcome"', [left('completed')], [left('left')]],
  ['median time to sales is at most 10 days', [offered(MARCH + 10 * DAY)], [offered(MARCH + 11 * DAY)]],
  ['at most 0 handoffs a week', [], [offered(MARCH)]],
];

describe('sentences', () => {
  it.each(CASES)('"%s" holds where it holds, and only there', (sentence, holds, fails) => {
    expect(judged(sentence, holds)).toMatchObject({ holds: true });
    expect(judged(sentence, fails)).toMatchObject({ holds: false });
  });

  it('are understood as their own examples, and all of them are tried above', () => {
    for (const { example } of sentenceForms) {
      const fitting = sentenceForms.filter(({ pattern }) =>
        pattern.test(
          example
            .split('"')
            .map((part, index) => (index % 2 === 0 ? part.toLowerCase() : part))
            .join('"'),
        ),
      );
      expect(
        fitting.map((form) => form.example),
        example,
      ).toEqual([example]);
    }
    const tried = new Set(
      CASES.map(([sentence]) =>
        sentenceForms.findIndex(({ pattern }) => pattern.test(sentence.replace(/\.$/, '').toLowerCase())),
      ),
    );
    expect(tried.size).toBe(sentenceForms.length);
  });

  it('that fail name a lead, the instant and what was found', () => {
    const fine = [mailAt(on('2027-03-02T09:00'), 'hello')];
    const late = [mailAt(on('2027-03-02T21:30'), 'hello')];
    expect(judged('no mail is sent between 20:00 and 08:00', fine, late, late)).toEqual({
      holds: false,
      found: '2 of 3 leads; lead 2 gets "hello" at Tue 2027-03-02 21:30',
      lead: 2,
      at: on('2027-03-02T21:30'),
    });
    expect(judged('at least 60 % of leads get "offer"', [mailAt(0, 'offer')], [])).toMatchObject({
      found: '1 of 2 leads (50 %)',
      lead: 2,
    });
  });

  it('that nobody understands are refused with the nearest that would be', () => {
    const read = readExpectation('no lead gets over 2 mails in 7 days');
    expect('problem' in read && read.problem.split('\n')[1]).toBe('  no lead gets more than 2 mails in any 7 days');
    const file = testFileSchema.safeParse({ expect: ['no mail is dropped', 'all is well'] });
    expect(file.error?.issues.map(({ path }) => path)).toEqual([['expect', 1]]);
  });

  it('that name what is not there would hold for nothing, and are told', () => {
    const read = readExpectation('no lead gets "offr" before "hello"');
    expect('problem' in read ? [] : unknownNames(read, world)).toEqual([
      'there is no template "offr", only hello, offer, again',
    ]);
  });

  it('hold of a simulated shop whose policy says so', () => {
    const read = [
      'no lead gets more than 2 mails in any 7 days',
      'no mail is sent on Sunday',
      'no mail is sent between 17:00 and 09:00',
    ]
      .map((sentence) => readExpectation(sentence))
      .filter((one) => 'judge' in one);
    const run = (simulated: ReturnType<typeof smallWorld>) => {
      const lives = simulate(simulationOf(simulated), 150, read);
      for (let step = lives.next(); ; step = lives.next())
        if (step.done === true) return step.value.verdicts.map(({ holds }) => holds);
    };
    expect(run(world)).toEqual([true, true, true]);
    expect(run(smallWorld({ pacing: null }))).toEqual([true, false, false]);
  });
});

describe('stories', () => {
  const test = { start: MARCH + 9 * HOUR, days: 28 };
  const told = (story: object) => tellStory(storySchema.parse({ name: 'Tanja', ...story }), world, test);
  const events = [
    { after: { minutes: 1 }, event: 'Signed Up' },
    { afterMail: { hours: 3 }, clicks: 'hello' },
  ];

  it('agree to the minute with what happens', () => {
    const mails = [
      { template: 'hello', at: '2027-03-01T09:01', due: '2027-03-01T09:01' },
      { template: 'offer', at: '2027-03-03T12:01' },
    ];
    expect(told({ events, mails, ends: { welcome: 'completed' }, stage: 'lead', handoffs: 0 }).differences).toEqual([]);
  });

  it('say line by line what is otherwise', () => {
    const mails = [
      { template: 'hello', at: '2027-03-01T09:01' },
      { template: 'offer', at: '2027-03-04T12:01' },
      { template: 'again' },
    ];
    expect(told({ events, mails, ends: { welcome: 'goal' }, handoffs: 1, stage: 'customer' }).differences).toEqual([
      {
        field: 'mails',
        lines: [
          '  2027-03-01T09:01 hello',
          '- 2027-03-04T12:01 offer',
          '+ 2027-03-03T12:01 offer',
          '- (any time) again',
        ],
      },
      { field: 'ends.welcome', lines: ['- goal', '+ completed'] },
      { field: 'stage', lines: ['- customer', '+ lead'] },
      { field: 'handoffs', lines: ['- 1', '+ 0'] },
    ]);
  });

  it('are told in the zone of their lead, and what they say of a mail that never came is told', () => {
    const { differences, life } = told({
      starts: '2027-03-02T16:30',
      lead: { timeZone: 'America/New_York', consents: ['newsletter'] },
      events: [
        { at: '2027-03-02T18:00', event: 'Signed Up' },
        { after: { days: 3 }, opens: 'offer' },
      ],
      mails: [{ template: 'hello', at: '2027-03-03T09:00', due: '2027-03-02T18:00' }],
    });
    expect(differences).toEqual([{ field: 'events', lines: ['2027-03-05T16:30 opens "offer", which was not sent'] }]);
    expect(life.zone).toBe('America/New_York');
  });

  it('take what sales does, what the lead tells, and unsubscribing', () => {
    const { life } = told({
      events: [
        ...events,
        { after: { hours: 4 }, event: 'Product', kind: 'page' },
        { after: { days: 1 }, sales: 'accepts' },
        { after: { days: 2 }, sales: 'recycled' },
        { after: { days: 2 }, tells: { size: 3 }, by: 'rep' },
        { afterMail: { days: 1 }, unsubscribes: 'offer' },
      ],
    });
    expect(life.entries.flatMap(({ kind }) => (['accepted', 'closed', 'told'].includes(kind) ? [kind] : []))).toEqual([
      'accepted',
      'closed',
      'told',
    ]);
    expect(life.entries.at(-1)).toMatchObject({ kind: 'consent', by: 'unsubscribe' });
  });

  it.each([
    [{ after: { days: 1 } }, 'needs one of event, opens'],
    [{ event: 'A' }, 'needs a time'],
    [{ event: 'A', afterMail: { days: 1 } }, 'is for opens, clicks'],
    [{ at: '2027-02-30T10:00', event: 'A' }, 'is no date of the calendar'],
  ])('refuse %j', (event, message) => {
    const { error } = storySchema.safeParse({ name: 'x', events: [event] });
    expect(error?.issues.map((issue) => issue.message).join()).toContain(message);
  });
});

it('writes and reads local minutes alike, also where clocks change', () => {
  for (const zone of ['Europe/Berlin', 'America/St_Johns', 'Asia/Kathmandu'])
    for (const text of ['2027-03-28T04:30', '2027-10-31T12:00', '2028-02-29T00:00', '2027-12-31T23:59'])
      expect(localMinute(instantOf(text, zone) ?? 0, zone)).toBe(text);
  expect(instantOf('2027-03-01T10:00Z', 'Europe/Berlin')).toBe(Date.UTC(2027, 2, 1, 10));
});
