import { describe, expect, it } from 'vitest';
import type { Calendar } from '../../domain/calendar/calendar.ts';
import { fieldProblems } from '../../domain/definition/validate.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { isAllowed, nextAllowed, type PaceFacts } from '../../domain/pacing/next-allowed.ts';
import { noPolicy, type PacingPolicy } from '../../domain/pacing/policy.ts';
import { pacingSchema } from '../../domain/pacing/policy-schema.ts';
import { throttle, throttleLimits } from '../../domain/pacing/throttle.ts';
import { type Candidate, inTurn } from '../../domain/pacing/turn.ts';

const germany: Calendar = { zone: 'Europe/Berlin', zoneFrom: 'stated', country: 'DE', region: null };

/** A policy without any rule but those given. */
function policy(content: object): PacingPolicy {
  const bare = {
    key: 'default',
    name: 'P',
    timeZone: 'Europe/Berlin',
    spacing: 'none',
    weekends: 'send',
    holidays: 'send',
  };
  return pacingSchema.parse({ ...bare, ...content });
}

/** Berlin is an hour ahead of UTC in November 2026; the 24th is a Tuesday. */
const berlin = (day: number, hour: number, minute = 0): Instant => Date.UTC(2026, 10, day, hour - 1, minute);

function facts(content: object, change: Partial<PaceFacts> = {}): PaceFacts {
  return { policy: policy(content), purpose: 'newsletter', promise: null, sent: [], calendar: germany, ...change };
}

const mails = (...instants: Instant[]) => instants.map((at) => ({ at, purpose: 'newsletter' }));

describe('a pacing policy', () => {
  const problems = (content: object) => {
    const parsed = pacingSchema.safeParse({ key: 'default', name: 'P', timeZone: 'Europe/Berlin', ...content });
    return parsed.success ? [] : fieldProblems(parsed.error);
  };

  it('spaces mails by 20 hours and rests on weekends and holidays unless it says otherwise', () => {
    expect(
      pacingSchema.parse({ key: 'default', name: 'P', timeZone: 'UTC', caps: [{ max: 1, days: 7 }] }),
    ).toMatchObject({
      caps: [{ channel: 'email', max: 1, days: 7 }],
      spacing: { hours: 20 },
      windows: [],
      weekends: 'wait',
      holidays: 'wait',
      throttle: {},
    });
  });

  it('reads again as it was stored', () => {
    const stored = policy({
      windows: [{ weekdays: ['mon'], from: '08:00', to: '24:00' }],
      quiet: { from: '22:00', to: '06:00' },
    });
    expect(pacingSchema.parse(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
  });

  it.each([
    ['a cap of 0', { caps: [{ max: 0, days: 7 }] }, 'caps.0.max', 'would never let a mail go'],
    ['a cap on no day', { caps: [{ max: 1, days: 0 }] }, 'caps.0.days', 'at least 1'],
    ['a cap on another channel', { caps: [{ channel: 'phone', max: 1, days: 1 }] }, 'caps.0.channel', 'must be email'],
    [
      'a cap twice',
      {
        caps: [
          { max: 1, days: 7 },
          { max: 2, days: 7 },
        ],
      },
      'caps.1',
      'only the smaller',
    ],
    ['no weekdays', { windows: [{ weekdays: [], from: '08:00', to: '09:00' }] }, 'windows.0.weekdays', 'at least one'],
    [
      'an unknown weekday',
      { windows: [{ weekdays: ['monday'], from: '08:00', to: '09:00' }] },
      'windows.0.weekdays.0',
      'must be one of mon',
    ],
    [
      'a window that ends before it begins',
      { windows: [{ from: '22:00', to: '02:00' }] },
      'windows.0.to',
      'two windows',
    ],
    ['an empty window', { windows: [{ from: '08:00', to: '08:00' }] }, 'windows.0.to', 'later than 08:00'],
    [
      'a window that is all quiet',
      { quiet: { from: '20:00', to: '08:00' }, windows: [{ from: '05:00', to: '08:00' }] },
      'windows.0.from',
      'all of it is quiet',
    ],
    [
      'a window of weekend days while weekends wait',
      { windows: [{ weekdays: ['sat', 'sun'], from: '08:00', to: '20:00' }] },
      'windows.0.weekdays',
      'no mail could ever go',
    ],
    [
      'a Saturday that never comes',
      { windows: [{ weekdays: ['fri', 'sat'], from: '08:00', to: '20:00' }] },
      'windows.0.weekdays',
      'sat never come',
    ],
    ['quiet hours without an end', { quiet: { from: '20:00', to: '20:00' } }, 'quiet', 'all day'],
    ['quiet hours from midnight to midnight', { quiet: { from: '00:00', to: '24:00' } }, 'quiet', 'all day'],
    ['no time of day', { quiet: { from: '8:00', to: '25:00' } }, 'quiet.from', '08:00'],
    ['a number for a time', { quiet: { from: 800, to: '20:00' } }, 'quiet.from', 'in quotes'],
    ['a zone that is none', { timeZone: 'Berlin' }, 'timeZone', 'Europe/Berlin'],
    ['a region without its country', { region: 'BY' }, 'region', 'country'],
    ['a region of no country', { country: 'DE', region: 'XX' }, 'region', 'no region "XX"'],
    ['a region by its name', { country: 'DE', region: 'Bayern' }, 'region', 'write BY'],
    ['a country that is none', { country: 'XX' }, 'country', 'for example DE'],
    ['a country in small letters', { country: 'de' }, 'country', 'such as DE'],
    ['a spacing of nothing', { spacing: {} }, 'spacing', 'longer than nothing'],
    ['a word for a spacing', { spacing: 'short' }, 'spacing', 'or none'],
    ['weekends that do neither', { weekends: 'maybe' }, 'weekends', 'send or wait'],
    ['a throttle of 0', { throttle: { perMinute: 0 } }, 'throttle.perMinute', 'tend pause'],
    [
      'an address for a domain',
      { throttle: { perSendingDomain: { 'a@b.de': 5 } } },
      'throttle.perSendingDomain.a@b.de',
      'small letters',
    ],
    ['a field of another name', { cap: [] }, 'cap', 'is not a field'],
  ])('is refused for %s', (_what, content, path, problem) => {
    expect(problems(content)).toContainEqual({ path, problem: expect.stringContaining(problem) });
  });
});

describe('the next instant at which a mail may go', () => {
  it('is now where no policy is published', () => {
    const free = { ...facts({}), policy: noPolicy, sent: mails(berlin(24, 10), berlin(24, 10, 1)) };
    expect(nextAllowed(free, berlin(24, 10, 2))).toEqual({ at: berlin(24, 10, 2), reason: null, detail: null });
  });

  it('keeps a Tuesday mail on Tuesday under a cap of one a week', () => {
    const weekly = facts({ caps: [{ max: 1, days: 7 }], spacing: { hours: 20 } }, { sent: mails(berlin(17, 10)) });
    expect(nextAllowed(weekly, berlin(18, 10))).toEqual({ at: berlin(24, 0), reason: 'cap', detail: '1 in 7 days' });
    expect(nextAllowed(weekly, berlin(24, 9)).at).toBe(berlin(24, 9));
  });

  it('does not take 23:00 and 00:00 for two days', () => {
    const daily = facts({ caps: [{ max: 1, days: 1 }], spacing: { hours: 20 } }, { sent: mails(berlin(24, 23)) });
    expect(nextAllowed(daily, berlin(25, 0))).toEqual({ at: berlin(25, 19), reason: 'spacing', detail: '20 hours' });
  });

  it('keeps a promise by the hour: a mail on Tuesday at 10:00 allows next Tuesday at 10:00', () => {
    const promised = facts({}, { promise: { max: 1, days: 7 }, sent: mails(berlin(17, 10)) });
    expect(nextAllowed(promised, berlin(24, 9))).toEqual({
      at: berlin(24, 10),
      reason: 'frequency-promise',
      detail: '1 in 7 days',
    });
  });

  it('counts all purposes together, or one, as the cap says; a promise counts its own', () => {
    const offers = [{ at: berlin(24, 10), purpose: 'offers' }];
    const now = berlin(24, 12);
    expect(nextAllowed(facts({ caps: [{ max: 1, days: 1 }] }, { sent: offers }), now).at).toBe(berlin(25, 0));
    expect(nextAllowed(facts({ caps: [{ purpose: 'newsletter', max: 1, days: 1 }] }, { sent: offers }), now).at).toBe(
      now,
    );
    const cap = { caps: [{ purpose: 'offers', max: 1, days: 1 }] };
    expect(nextAllowed(facts(cap, { sent: offers }), now).at).toBe(now);
    expect(nextAllowed(facts(cap, { sent: offers, purpose: 'offers' }), now)).toMatchObject({
      at: berlin(25, 0),
      detail: '1 offers in 1 day',
    });
    expect(nextAllowed(facts({}, { sent: offers, promise: { max: 1, days: 7 } }), now).at).toBe(now);
  });

  it('goes by the windows of the purpose, else by those of all', () => {
    const windows = [
      { weekdays: ['mon', 'tue'], from: '08:00', to: '18:00' },
      { purpose: 'newsletter', weekdays: ['thu'], from: '10:00', to: '12:00' },
    ];
    expect(nextAllowed(facts({ windows }), berlin(24, 9))).toEqual({
      at: berlin(26, 10),
      reason: 'window',
      detail: 'thu 10:00 to 12:00',
    });
    expect(nextAllowed(facts({ windows }, { purpose: 'offers' }), berlin(24, 9)).at).toBe(berlin(24, 9));
    expect(nextAllowed(facts({ windows }, { purpose: 'offers' }), berlin(24, 18)).at).toBe(berlin(30, 8));
  });

  it('waits for the end of a quiet night, on either side of midnight', () => {
    const quiet = facts({ quiet: { from: '20:00', to: '08:00' } });
    expect(nextAllowed(quiet, berlin(24, 20))).toEqual({
      at: berlin(25, 8),
      reason: 'quiet-hours',
      detail: '20:00 to 08:00',
    });
    expect(nextAllowed(quiet, berlin(25, 7, 59)).at).toBe(berlin(25, 8));
    expect(nextAllowed(quiet, berlin(24, 20) - 1).at).toBe(berlin(24, 20) - 1);
  });

  it('waits over the weekend and over Christmas, and names the holiday', () => {
    const resting = facts({ weekends: 'wait', holidays: 'wait' });
    expect(nextAllowed(resting, berlin(28, 12))).toMatchObject({ at: berlin(30, 0), reason: 'weekend' });
    // Friday and Saturday are Christmas.
    const christmas = nextAllowed(resting, Date.UTC(2026, 11, 25, 9));
    expect(christmas).toMatchObject({ at: Date.UTC(2026, 11, 27, 23), reason: 'holiday' });
    expect(christmas.detail).not.toBeNull();
    const nowhere = { ...resting, calendar: { ...germany, country: null } };
    expect(nextAllowed(nowhere, Date.UTC(2026, 11, 25, 9)).at).toBe(Date.UTC(2026, 11, 25, 9));
  });

  it('names the rule that causes the longest part of the wait', () => {
    const all = {
      caps: [{ max: 1, days: 7 }],
      spacing: { hours: 20 },
      quiet: { from: '20:00', to: '08:00' },
      weekends: 'wait',
    };
    // A cap until Tuesday at 00:00, then the night.
    expect(nextAllowed(facts(all, { sent: mails(berlin(17, 10)) }), berlin(17, 11))).toMatchObject({
      at: berlin(24, 8),
      reason: 'cap',
    });
    // 20 hours until Saturday morning, then the weekend, then the night.
    const { caps: _, ...uncapped } = all;
    expect(nextAllowed(facts(uncapped, { sent: mails(berlin(27, 13)) }), berlin(27, 14))).toMatchObject({
      at: berlin(30, 8),
      reason: 'weekend',
    });
    // 30 hours of spacing within the two days of a cap.
    const nested = facts({ caps: [{ max: 1, days: 2 }], spacing: { hours: 30 } }, { sent: mails(berlin(17, 0)) });
    expect(nextAllowed(nested, berlin(17, 0))).toMatchObject({ at: berlin(19, 0), reason: 'cap' });
    // Twelve hours of a cap, then twelve of quiet: the first.
    const equal = facts(
      { caps: [{ max: 1, days: 1 }], quiet: { from: '00:00', to: '12:00' } },
      { sent: mails(berlin(24, 12)) },
    );
    expect(nextAllowed(equal, berlin(24, 12))).toMatchObject({ at: berlin(25, 12), reason: 'cap' });
    // A promise and a cap that end at the same instant: the promise is named.
    const both = facts({ caps: [{ max: 1, days: 7 }] }, { promise: { max: 1, days: 7 }, sent: mails(berlin(17, 0)) });
    expect(nextAllowed(both, berlin(18, 0))).toMatchObject({ at: berlin(24, 0), reason: 'frequency-promise' });
  });

  it('waits a day more for a window in the hour that summer time leaves out', () => {
    const night = facts({ windows: [{ from: '02:10', to: '02:40' }] });
    const saturday = Date.UTC(2027, 2, 27, 12);
    expect(nextAllowed(night, saturday).at).toBe(Date.UTC(2027, 2, 29, 0, 10));
    expect(isAllowed(night, Date.UTC(2027, 2, 28, 1, 10))).toBe(false);
  });

  it('opens a window twice in the hour that comes twice', () => {
    const night = facts({ windows: [{ from: '02:10', to: '02:40' }] });
    const firstCloses = Date.UTC(2027, 9, 31, 0, 40);
    expect(nextAllowed(night, firstCloses - 30 * MINUTE).at).toBe(firstCloses - 30 * MINUTE);
    expect(nextAllowed(night, firstCloses).at).toBe(firstCloses + 30 * MINUTE);
  });
});

describe('whose turn it is', () => {
  const NOW = berlin(24, 10);
  const candidate = (id: string, change: Partial<Candidate> = {}): Candidate => ({
    id,
    priority: 50,
    dueAt: NOW,
    deadlineAt: NOW + 30 * DAY,
    maturity: 0,
    ...change,
  });
  const order = (candidates: Candidate[], sent: Instant[] = []) =>
    inTurn(candidates, sent, NOW + 7 * DAY).map(({ id }) => id);

  it('is that of the higher priority', () => {
    expect(order([candidate('low', { priority: 40 }), candidate('high', { priority: 60 })])).toEqual(['high', 'low']);
  });

  it('is that of who could not take the next place any more, whatever its priority', () => {
    const high = candidate('high', { priority: 100 });
    expect(order([high, candidate('last', { priority: 0, deadlineAt: NOW + 7 * DAY })])).toEqual(['last', 'high']);
    expect(order([high, candidate('later', { priority: 0, deadlineAt: NOW + 7 * DAY + 1 })])).toEqual([
      'high',
      'later',
    ]);
  });

  it('comes nearer with each mail that went to others since', () => {
    const waiting = candidate('waiting', { priority: 30, dueAt: NOW - 20 * DAY });
    const fresh = candidate('fresh', { priority: 55 });
    const before = NOW - 21 * DAY;
    expect(order([fresh, waiting], [before, NOW - 14 * DAY, NOW - 7 * DAY])).toEqual(['fresh', 'waiting']);
    expect(order([fresh, waiting], [before, NOW - 20 * DAY, NOW - 14 * DAY, NOW - 7 * DAY])).toEqual([
      'waiting',
      'fresh',
    ]);
  });

  it('among equals goes by deadline, maturity, who waited longest, id', () => {
    const soon = candidate('soon', { deadlineAt: NOW + 20 * DAY });
    const mature = candidate('mature', { maturity: 3 });
    const old = candidate('old', { dueAt: NOW - HOUR });
    const endless = candidate('endless', { deadlineAt: null, maturity: 9 });
    expect(order([candidate('b'), endless, candidate('a'), old, mature, soon])).toEqual([
      'soon',
      'mature',
      'old',
      'a',
      'b',
      'endless',
    ]);
  });
});

describe('a throttle', () => {
  const NOW = Date.UTC(2026, 10, 24, 12);

  it('lets one mail go a second at 60 a minute, and one early', () => {
    let state = null as Parameters<typeof throttle>[0];
    const taken: Instant[] = [];
    for (let now = NOW; now < NOW + MINUTE; now += 100) {
      const answer = throttle(state, 60, now);
      if (answer.kind === 'taken') taken.push(now - NOW);
      state = answer.state;
    }
    expect(taken.slice(0, 4)).toEqual([0, 0 + 100, 1_000, 2_000]);
    expect(taken).toHaveLength(61);
  });

  it('tells each of those who wait an instant of its own', () => {
    let { state } = throttle(null, 30, NOW);
    const told: Instant[] = [];
    for (let count = 0; count < 4; count += 1) {
      const answer = throttle(state, 30, NOW);
      if (answer.kind === 'later') told.push(answer.at - NOW);
      ({ state } = answer);
    }
    expect(told).toEqual([2_000, 4_000, 6_000]);
  });

  it('sends nobody away for much longer than an hour', () => {
    const answer = throttle({ nextAt: NOW + 4_000, hintAt: NOW + HOUR }, 30, NOW);
    expect(answer).toMatchObject({ kind: 'later', at: NOW + 2_000 });
  });

  it('counts the installation before the domain, and only domains that are named', () => {
    const limited = policy({ throttle: { perMinute: 600, perSendingDomain: { 'news.example.com': 60 } } });
    expect(throttleLimits(limited, 'News.Example.com')).toEqual([
      { key: 'installation', perMinute: 600 },
      { key: 'sending-domain news.example.com', perMinute: 60 },
    ]);
    expect(throttleLimits(limited, 'constructor')).toEqual([{ key: 'installation', perMinute: 600 }]);
    expect(throttleLimits(noPolicy, 'news.example.com')).toEqual([]);
  });
});
