import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { leadOf } from '../../domain/simulation/behave.ts';
import { builtInPopulation } from '../../domain/simulation/built-in-population.ts';
import { countFigures, mostWithin, quantile } from '../../domain/simulation/figures.ts';
import { liveLead } from '../../domain/simulation/lead-life.ts';
import { entriesOf, type Life } from '../../domain/simulation/life.ts';
import { minuteInWords } from '../../domain/simulation/local-words.ts';
import { populationSchema } from '../../domain/simulation/persona.ts';
import { doingsOf, sampleOf } from '../../domain/simulation/sample-event.ts';
import { lifeOf, simulate } from '../../domain/simulation/simulate.ts';
import { timelineOf } from '../../domain/simulation/timeline.ts';
import { lifeWith, MARCH, mailAt, simulationOf, smallWorld } from '../support/simulated.ts';

const world = smallWorld();
const lead = { number: 1, persona: 'p', id: 'l', address: 'a@b.example', timeZone: null, arrivesAt: MARCH };

function all(simulation: Parameters<typeof simulate>[0], leads: number) {
  const lives = simulate(simulation, leads);
  for (let step = lives.next(); ; step = lives.next()) if (step.done === true) return step.value;
}

describe('one life', () => {
  it('is that of the engine: mails at their instants, a delay with its reason, the points, the offer', () => {
    const at = MARCH + 4 * DAY + 20 * HOUR;
    const life = liveLead(
      world,
      { ...lead, arrivesAt: at },
      {
        happenings: [
          { at, kind: 'consent', action: 'granted', purpose: 'newsletter' },
          { at, kind: 'interaction', event: 'Signed Up', as: 'track', properties: {} },
          { at: at + 9 * DAY, kind: 'outcome', outcome: 'won' },
        ],
        onMail: ({ id }, now) => [
          { at: now + HOUR, kind: 'reaction', reaction: 'clicks', mail: id },
          { at: now + HOUR + MINUTE, kind: 'interaction', event: 'Product', as: 'page', properties: {} },
        ],
      },
      MARCH + 28 * DAY,
    );
    expect(entriesOf(life, 'mail').map(({ template, at }) => [template, minuteInWords(at, life.zone)])).toEqual([
      ['hello', 'Mon 2027-03-08 09:00'],
    ]);
    expect(entriesOf(life, 'delayed').map(({ reason, at }) => [reason, minuteInWords(at, life.zone)])).toEqual([
      ['window', 'Fri 2027-03-05 20:00'],
      ['sales-has-the-lead', 'Wed 2027-03-10 10:00'],
    ]);
    expect(entriesOf(life, 'offered')).toMatchObject([{ firmPoints: 20, model: 'shop' }]);
    // As a customer she is out of a sequence for leads.
    expect(entriesOf(life, 'ended')).toMatchObject([{ sequence: 'welcome', reason: 'left-the-stage' }]);
    expect(entriesOf(life, 'withheld')).toMatchObject([{ template: 'offer', state: 'superseded' }]);
    expect(life.end).toMatchObject({ stage: 'customer', points: { shop: 20 }, running: {}, waiting: [] });
    expect(timelineOf(life).map(({ text }) => text)).toContain('offered to sales: 20 points (shop)');
  });

  it('has an event that was told twice once, and one that came late in its place', () => {
    const once = { kind: 'interaction', event: 'Product', as: 'page', properties: {}, messageId: 'x' } as const;
    const life = liveLead(
      world,
      lead,
      {
        happenings: [
          { ...once, at: MARCH + DAY },
          { ...once, at: MARCH + 2 * DAY, occurredAt: MARCH + HOUR },
        ],
      },
      MARCH + 3 * DAY,
    );
    expect(entriesOf(life, 'did')).toHaveLength(1);
    expect(life.end.points).toEqual({ shop: 15 });
  });

  it('ends with what still waits: nothing is lost', () => {
    const happenings = [
      { at: MARCH + MINUTE, kind: 'interaction', event: 'Signed Up', as: 'track', properties: {} },
    ] as const;
    const { end } = liveLead(world, lead, { happenings }, MARCH + DAY);
    expect(end).toMatchObject({
      running: { welcome: 'hello' },
      waiting: [{ template: 'hello', reason: 'no-consent' }],
    });
  });

  it('does not go on for ever where sequences enrol in each other', () => {
    const round = (key: string, next: string) => ({
      key,
      name: key,
      purpose: 'newsletter',
      reentry: 'after-end',
      entry: key === 'a' ? [{ event: 'Signed Up' }] : [],
      steps: [{ id: 'on', kind: 'enrol', sequence: next }],
    });
    const happenings = [{ at: MARCH, kind: 'interaction', event: 'Signed Up', as: 'track', properties: {} }] as const;
    const life = liveLead(
      smallWorld({ sequences: [round('a', 'b'), round('b', 'a')] }),
      lead,
      { happenings },
      MARCH + DAY,
    );
    expect(entriesOf(life, 'entered').length).toBeLessThan(10);
  });
});

describe('a simulation', () => {
  it('gives the same lives for the same seed, alone and among others, and others for another', () => {
    const simulation = { ...simulationOf(world), population: builtInPopulation };
    const seen: Life[] = [];
    for (const number of [1, 2, 3, 4, 5, 6]) seen.push(lifeOf(simulation, number));
    expect(lifeOf(simulation, 4)).toEqual(seen[3]);
    expect(all(simulation, 30)).toEqual(all(simulation, 30));
    expect(lifeOf({ ...simulation, seed: 4 }, 4).entries).not.toEqual(seen[3]?.entries);
  });

  it('draws personas by their shares, and what they do by their figures', () => {
    const population = populationSchema.parse({
      personas: [
        { name: 'rare', share: 1 },
        { name: 'common', share: 3, opens: { default: 0, templates: { hello: 1 } }, clicks: 1, unsubscribes: 0 },
      ],
    });
    const simulation = { ...simulationOf(world), population };
    const { figures } = all(simulation, 400);
    const [common, rare] = figures.personas;
    expect(common?.name).toBe('common');
    expect(common?.leads).toBeGreaterThan(270);
    expect(common?.leads).toBeLessThan(330);
    expect(rare).toMatchObject({ name: 'rare', offered: 0 });
    // Those who do not open get no offer; those who do, do not open it.
    const lives = Array.from({ length: 40 }, (_, index) => lifeOf(simulation, index + 1));
    for (const life of lives) {
      const opened = entriesOf(life, 'did').filter(({ event }) => event === 'Email Opened');
      expect(opened.map(({ properties }) => properties.template)).toEqual(
        life.persona === 'common' && entriesOf(life, 'mail').length > 0 ? ['hello'] : [],
      );
    }
  });

  it('reacts with a median as stated, and later than the mail', () => {
    const simulation = simulationOf(world, { reacts: { medianHours: 6, spread: 1 }, looksAround: 0 }, 60);
    const hours = Array.from({ length: 300 }, (_, index) => lifeOf(simulation, index + 1)).flatMap((life) => {
      const [mail] = entriesOf(life, 'mail');
      const open = entriesOf(life, 'did').find(({ event }) => event === 'Email Opened');
      return mail === undefined || open === undefined ? [] : [(open.at - mail.at) / HOUR];
    });
    expect(Math.min(...hours)).toBeGreaterThan(0);
    expect(quantile(hours, 0.5)).toBeGreaterThan(5);
    expect(quantile(hours, 0.5)).toBeLessThan(7.2);
  });

  it('falls silent when its persona does, and unsubscribes for good', () => {
    const silent = lifeOf(simulationOf(world, { silentAfter: { minutes: 1 }, browses: 5 }), 1);
    expect(entriesOf(silent, 'did').map(({ event }) => event)).toEqual(['Signed Up']);
    const gone = lifeOf(simulationOf(world, { unsubscribes: 1 }), 2);
    expect(entriesOf(gone, 'mail')).toHaveLength(1);
    expect(entriesOf(gone, 'consent').at(-1)).toMatchObject({ action: 'withdrawn', by: 'unsubscribe' });
  });

  it('lets people come by what enrols them, and do what models give points for', () => {
    expect(doingsOf(world)).toEqual([{ doing: { event: 'Product', kind: 'page', properties: {} }, weight: 1 }]);
    expect(sampleOf({ event: 'A', properties: { n: { atLeast: 3 }, list: 'x', gone: { exists: false } } })).toEqual({
      event: 'A',
      kind: 'track',
      properties: { n: 3, list: 'x' },
    });
    expect(sampleOf({ kind: 'tend', event: 'Handoff Won' })).toBeNull();
    expect(sampleOf({ event: 'Attributes Recorded' })).toBeNull();
    const { behaviour } = leadOf(simulationOf(world), 1);
    expect(
      behaviour.happenings.map((happening) => (happening.kind === 'interaction' ? happening.event : happening.kind)),
    ).toEqual(['consent', 'Signed Up']);
  });

  it('refuses what is no figure of a person', () => {
    const problems = (persona: object) =>
      populationSchema
        .safeParse({ personas: [{ name: 'p', share: 1, ...persona }] })
        .error?.issues.map(({ message }) => message);
    expect(problems({ opens: 30 })?.[0]).toBe('must be 0 to 1: write 0.3 for 30 %');
    expect(problems({ countries: { Germany: 1 } })?.[0]).toBeDefined();
    expect(problems({ share: 0 })?.[0]).toBe('must be more than 0: leave it out instead');
  });
});

describe('figures', () => {
  it('are counted from what happened', () => {
    const hello = mailAt(MARCH + 2 * DAY, 'hello');
    const delayed = { at: MARCH + DAY, kind: 'delayed', reason: 'cap', detail: null, until: null } as const;
    const count = countFigures(world, MARCH, 28);
    count.add(
      lifeWith([
        { at: MARCH, kind: 'entered', sequence: 'welcome', enrolment: 'e', by: 'event' },
        { ...hello, ...delayed },
        hello,
        mailAt(MARCH + 3 * DAY, 'offer'),
        { at: MARCH + 8 * DAY, kind: 'offered', handoff: 1, model: 'shop', cell: null, firmPoints: 20, reason: null },
        { at: MARCH + 9 * DAY, kind: 'closed', handoff: 1, outcome: 'won' },
        {
          at: MARCH + 9 * DAY,
          kind: 'ended',
          sequence: 'welcome',
          enrolment: 'e',
          state: 'left',
          reason: 'left-the-stage',
        },
      ]),
    );
    count.add(
      lifeWith([{ at: MARCH + DAY, kind: 'exhausted', sequence: 'welcome', stream: 's', track: 't', cell: 'B2' }], {
        number: 2,
      }),
    );
    expect(count.figures()).toMatchObject({
      leads: 2,
      mails: 2,
      mailsPerLeadWeek: [
        { mails: 0, weeks: 7 },
        { mails: 1, weeks: 0 },
        { mails: 2, weeks: 1 },
      ],
      mostInSevenDays: 2,
      sales: { offeredShare: 0.5, daysMedian: 8, daysP90: 8, perWeek: [0, 1, 0, 0], outcomes: { won: 1 } },
      delays: [{ reason: 'cap', mails: 1, hoursMedian: 24 }],
      exhausted: [{ sequence: 'welcome', stream: 's', track: 't', cell: 'B2', leads: 1 }],
      sequences: [{ key: 'welcome', entered: 1, left: { 'left-the-stage': 1 }, mails: { hello: 1, offer: 1 } }],
      mailsByWeek: [2, 0, 0, 0],
    });
  });

  it('have no loophole at the edge of a period', () => {
    expect(mostWithin([0, 1, 7 * DAY], 7 * DAY)).toBe(2);
    expect(mostWithin([0, 1, 7 * DAY - 1], 7 * DAY)).toBe(3);
    expect(mostWithin([], DAY)).toBe(0);
    expect([quantile([], 0.5), quantile([4, 1, 3, 2], 0.5), quantile([1, 2], 0.9)]).toEqual([null, 2, 2]);
  });
});
