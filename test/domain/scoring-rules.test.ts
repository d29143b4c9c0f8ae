import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import type { Interaction } from '../../domain/interaction/interaction.ts';
import { foldAll, standingAt } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { nextChange } from '../../domain/scoring/next-change.ts';

// The worked examples of docs/scoring.md, one a kind of rule.

const MONDAY = Date.UTC(2026, 2, 2, 9);
const model = (fields: object) =>
  scoringModelSchema.parse({ key: 'm', name: 'M', timeZone: 'Europe/Berlin', threshold: 1, ...fields });

let count = 0;
function did(name: string, occurredAt: number, more: Partial<Interaction> = {}): Interaction {
  count += 1;
  return {
    id: count,
    source: 'website',
    messageId: `m${count}`,
    kind: 'track',
    name,
    properties: {},
    occurredAt,
    ...more,
  };
}
/** Points `later` milliseconds after the last event. */
function pointsAfter(fields: object, history: readonly Interaction[], later = 0): number {
  const defined = model(fields);
  const { standing } = foldAll(defined, history);
  return standingAt(defined, standing, (standing.at ?? 0) + later).standing.firmPoints;
}
const rule = (fields: object) => ({ rules: [{ id: 'r', on: { event: 'E' }, points: 5, ...fields }] });

describe('limits of a rule', () => {
  it('per day: the second view of Monday gives nothing, Tuesday gives again', () => {
    const views = [MONDAY, MONDAY + 8 * HOUR, MONDAY + DAY].map((at) => did('E', at));
    expect(pointsAfter(rule({ limit: { per: 'day' } }), views)).toBe(10);
  });

  it('per session: a visit ends after 30 minutes without an event', () => {
    const views = [0, 20 * MINUTE, 50 * MINUTE, 50 * MINUTE + 31 * MINUTE].map((later) => did('E', MONDAY + later));
    expect(pointsAfter(rule({ limit: { per: 'session' } }), views)).toBe(10);
  });

  it('within a period: twice in any seven days', () => {
    const views = [0, 1, 2, 7, 8].map((days) => did('E', MONDAY + days * DAY));
    // The third comes too soon; after exactly seven days the first no longer counts, and so on.
    expect(pointsAfter(rule({ limit: { times: 2, within: { days: 7 } } }), views)).toBe(20);
  });
});

describe('fading and expiring', () => {
  it('20 points with a half-life of 30 days are 15.9 after ten days, 10 after 30 and 5 after 60', () => {
    const fading = rule({ points: 20, halfLife: { days: 30 } });
    const at = (days: number) => pointsAfter(fading, [did('E', MONDAY)], days * DAY);
    expect([at(0), at(10), at(30), at(60)].map((points) => Math.round(points * 10) / 10)).toEqual([20, 15.9, 10, 5]);
  });

  it('points that are valid for 180 days count in full until the last millisecond, and then not at all', () => {
    const valid = rule({ points: 30, validFor: { days: 180 }, limit: { per: 'day' } });
    const at = (later: number) => pointsAfter(valid, [did('E', MONDAY)], later);
    expect([at(0), at(180 * DAY - 1), at(180 * DAY)]).toEqual([30, 30, 0]);
  });

  it("a rule's own half-life goes before its group's", () => {
    const both = {
      groups: [{ id: 'g', halfLife: { days: 30 } }],
      rules: [
        { id: 'slow', on: { event: 'A' }, points: 16, group: 'g', halfLife: { days: 60 } },
        { id: 'fast', on: { event: 'B' }, points: 16, group: 'g' },
      ],
    };
    expect(pointsAfter(both, [did('A', MONDAY), did('B', MONDAY)], 60 * DAY)).toBeCloseTo(8 + 4, 9);
  });
});

describe('groups and the total', () => {
  const browsing = {
    groups: [{ id: 'browsing', atMost: 25, halfLife: { days: 30 } }],
    rules: [
      { id: 'view', on: { event: 'E' }, points: 5, group: 'browsing' },
      { id: 'careers', on: { event: 'Careers' }, points: -40 },
    ],
    total: { atLeast: 0 },
  };
  const eight = Array.from({ length: 8 }, () => did('E', MONDAY));

  it('eight views give 40 of which 25 count; what is over the limit is not lost', () => {
    const at = (days: number) => pointsAfter(browsing, eight, days * DAY);
    expect(at(0)).toBe(25);
    expect(at(20)).toBe(25);
    expect(at(30)).toBeCloseTo(20, 9);
  });

  it('the total never falls below its least', () => {
    expect(pointsAfter(browsing, [...eight, did('Careers', MONDAY)])).toBe(0);
  });
});

describe('lasting engagement', () => {
  const lasting = rule({ points: 10, recurring: { times: 3, of: 'days', within: { days: 30 } } });
  const on = (...days: number[]) => days.map((day) => did('E', MONDAY + day * DAY));

  it('three different days within thirty give the points, once', () => {
    expect(pointsAfter(lasting, on(0, 8, 19))).toBe(10);
    expect(pointsAfter(lasting, on(0, 8, 19, 20, 21))).toBe(10);
    expect(pointsAfter(lasting, on(0, 8, 19, 20, 21, 22))).toBe(20);
  });

  it('the same day three times, or three days in two months, are no lasting engagement', () => {
    expect(pointsAfter(lasting, [did('E', MONDAY), did('E', MONDAY + 1), did('E', MONDAY + 2)])).toBe(0);
    expect(pointsAfter(lasting, on(0, 29, 59))).toBe(0);
  });
});

describe('silence', () => {
  const silent = {
    threshold: 50,
    rules: [
      { id: 'r', on: { event: 'E' }, points: 50 },
      { id: 'silence', silence: { after: { days: 30 }, times: 3 }, points: -10 },
    ],
  };
  const once = [did('E', MONDAY)];

  it('takes ten points off at 30, 60 and 90 days, and then no more', () => {
    const at = (days: number) => pointsAfter(silent, once, days * DAY);
    expect([at(29), at(30), at(60), at(90), at(400)]).toEqual([50, 40, 30, 20, 20]);
  });

  it('a reaction at that very instant is in time; an open is none', () => {
    expect(pointsAfter(silent, [...once, did('Page', MONDAY + 30 * DAY, { kind: 'page' })])).toBe(50);
    const opened = did('Email Opened', MONDAY + 29 * DAY, { kind: 'tend', source: 'tend' });
    expect(pointsAfter(silent, [...once, opened], DAY)).toBe(40);
  });

  it('is in the ledger each time, with the interaction since which there was silence', () => {
    const defined = model(silent);
    const { awards } = foldAll(defined, [...once, did('Page', MONDAY + 70 * DAY, { kind: 'page' })]);
    expect(awards.slice(1)).toEqual(
      [30, 60].map((days) => ({
        interactionId: once[0]?.id,
        rule: 'silence',
        points: -10,
        provisional: false,
        occurredAt: MONDAY + days * DAY,
      })),
    );
  });

  it('is noted when it is due at the very instant of an event that is no reaction', () => {
    const defined = model(silent);
    const opened = did('Email Opened', MONDAY + 30 * DAY, { kind: 'tend', source: 'tend' });
    const { standing } = foldAll(defined, [...once, opened]);
    expect(standingAt(defined, standing, MONDAY + 30 * DAY).standing).toMatchObject({ points: 40, qualified: false });
    expect(nextChange(defined, standing, MONDAY + 30 * DAY)).toBe(null);
  });

  it('is the next change of who qualifies', () => {
    const defined = model(silent);
    const { standing } = foldAll(defined, once);
    expect(standing.qualified).toBe(true);
    expect(nextChange(defined, standing, MONDAY + DAY)).toBe(MONDAY + 30 * DAY);
    expect(nextChange(defined, standing, MONDAY + 30 * DAY)).toBe(null);
  });
});

describe('what is refused, with its path and its mend', () => {
  const profile = {
    criteria: [{ id: 'c', when: { lead: 'position', is: 'owner' }, points: 40 }],
    grades: { A: 40, B: 20, C: 10 },
  };
  const fits = { rules: [{ id: 'r', on: { event: 'E' }, points: 5 }] };

  it.each([
    ['points that expire without a limit', rule({ validFor: { days: 9 } }), 'rules.0.limit', 'beside validFor'],
    ['a threshold that no rule leads to', rule({ limit: { per: 'lead' } }), 'threshold', 'at most 5 points'],
    ['a threshold that everybody reaches', { ...fits, total: { atLeast: 60 } }, 'threshold', 'everybody'],
    ['an unknown field of a rule', rule({ limits: 3 }), 'rules.0.limits', 'not a field'],
    ['points that are no number', rule({ points: 'many' }), 'rules.0.points', 'whole number'],
    ['a rule of no points', rule({ points: 0 }), 'rules.0.points', 'must not be 0'],
    ['a limit of nothing known', rule({ limit: { per: 'month' } }), 'rules.0.limit.per', 'lead, day'],
    ['a group that is not there', rule({ group: 'web' }), 'rules.0.group', 'there is no group "web"'],
    ['overlapping bands', { ...fits, bands: { 1: 20, 2: 40, 3: 10 } }, 'bands.2', 'overlaps'],
    [
      'overlapping grades',
      { ...fits, profile: { ...profile, grades: { A: 40, B: 40, C: 10 } } },
      'profile.grades.B',
      'overlaps',
    ],
    [
      'a grade that nobody can reach',
      { ...fits, profile: { ...profile, grades: { A: 50, B: 20, C: 10 } } },
      'profile.grades.A',
      '40 points',
    ],
    [
      'a rule that can never match',
      rule({ on: { kind: 'identify', event: 'Signed Up' } }),
      'rules.0.on',
      'never match',
    ],
    [
      'contradicting properties',
      rule({ on: { event: 'E', properties: { price: { atLeast: 10, atMost: 5 } } } }),
      'rules.0.on',
      '',
    ],
    [
      'five days within three',
      rule({ recurring: { times: 5, of: 'days', within: { days: 3 } } }),
      'rules.0.recurring.times',
      'at most 4',
    ],
    [
      'behaviour in the profile',
      { ...fits, profile: { ...profile, criteria: [{ id: 'c', when: { event: { event: 'E' } }, points: 40 }] } },
      'profile.criteria.0.when.event',
      'rules',
    ],
    ['a threshold over the limit', { ...fits, total: { atMost: 40 } }, 'threshold', 'at most 40'],
    ['two ways to sales', { ...fits, mql: [], bands: { 1: 30, 2: 20, 3: 10 } }, 'mql', 'keep one'],
    ['no way to sales', { ...fits, threshold: undefined }, 'threshold', 'mql: [] is never'],
    [
      'a cell without a profile',
      { ...fits, threshold: undefined, bands: { 1: 30, 2: 20, 3: 10 }, mql: ['A1'] },
      'mql.0',
      'grade',
    ],
    ['a cell without bands', { ...fits, threshold: undefined, profile, mql: ['A1'] }, 'mql.0', 'band'],
    ['nothing to score', { threshold: 50 }, 'rules', 'at least one rule'],
  ])('%s', (_what, fields, path, mend) => {
    const result = scoringModelSchema.safeParse({
      key: 'm',
      name: 'M',
      timeZone: 'Europe/Berlin',
      threshold: 50,
      ...fields,
    });
    const problems = (result.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}`);
    expect(
      problems.some((problem) => problem.startsWith(path) && problem.includes(mend)),
      problems.join('\n'),
    ).toBe(true);
  });
});

describe('names that every object has', () => {
  it('are names of rules, groups and mails like any other', () => {
    const defined = model({
      groups: [{ id: 'constructor', atMost: 50 }],
      rules: [
        {
          id: 'constructor',
          on: { event: 'E' },
          points: 10,
          group: 'constructor',
          limit: { times: 1, within: { days: 1 } },
        },
        { id: 'mail', on: { event: 'M' }, points: 1, limit: { per: 'message' } },
      ],
    });
    const mail = () => did('M', MONDAY, { properties: { message: 'constructor' } });
    for (let lead = 0; lead < 2; lead += 1) {
      const { standing } = foldAll(defined, [did('E', MONDAY), did('E', MONDAY + HOUR), mail(), mail()]);
      expect(standing.points).toBe(11);
    }
  });
});
