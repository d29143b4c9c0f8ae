import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { EMAIL_LINK_CLICKED, EMAIL_OPENED, type Interaction } from '../../domain/interaction/interaction.ts';
import { foldAll } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { reconcileLedger } from '../../domain/scoring/reconcile-ledger.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);

const stationery = scoringModelSchema.parse({
  key: 'stationery',
  name: 'Stationery shop',
  timeZone: 'Europe/Berlin',
  threshold: 50,
  rules: [
    { id: 'sign-up', on: { event: 'Newsletter Subscribed' }, points: 3, limit: { per: 'lead' } },
    { id: 'open', on: { kind: 'tend', event: EMAIL_OPENED }, points: 5, limit: { per: 'message' } },
    { id: 'click', on: { kind: 'tend', event: EMAIL_LINK_CLICKED }, points: 5, limit: { per: 'message' } },
    {
      id: 'birthday',
      on: { kind: 'identify', properties: { 'trait.birthday': true } },
      points: 10,
      limit: { per: 'lead' },
    },
    { id: 'browse', on: { kind: 'page', event: 'Product' }, points: 5, limit: { per: 'day' } },
    { id: 'branch', on: { event: 'Branch Searched' }, points: 20, limit: { per: 'lead' } },
    { id: 'jobs', on: { kind: 'page', event: 'Jobs' }, points: -15 },
  ],
});

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
const opened = (at: number, message = 'n1') =>
  did(EMAIL_OPENED, at, { kind: 'tend', source: 'tend', properties: { message } });
const clicked = (at: number, message = 'n1') =>
  did(EMAIL_LINK_CLICKED, at, { kind: 'tend', source: 'tend', properties: { message } });
const page = (name: string, at: number) => did(name, at, { kind: 'page' });
const birthday = (at: number) => did('Identified', at, { kind: 'identify', properties: { 'trait.birthday': true } });

const tanja = [
  did('Newsletter Subscribed', MONDAY),
  opened(MONDAY + DAY),
  clicked(MONDAY + DAY + MINUTE),
  birthday(MONDAY + DAY + HOUR),
  page('Product', MONDAY + 2 * DAY),
  page('Product', MONDAY + 3 * DAY),
  did('Branch Searched', MONDAY + 3 * DAY + HOUR),
];

describe('the stationery shop', () => {
  it('Tanja reaches 53 points: 3 + 5 + 5 + 10 + 5 + 5 + 20', () => {
    const { standing, awards } = foldAll(stationery, tanja);
    expect(awards.map(({ rule, points }) => [rule, points])).toEqual([
      ['sign-up', 3],
      ['open', 5],
      ['click', 5],
      ['birthday', 10],
      ['browse', 5],
      ['browse', 5],
      ['branch', 20],
    ]);
    expect(standing).toMatchObject({
      points: 53,
      firmPoints: 53,
      qualified: true,
      qualifiedSince: MONDAY + 3 * DAY + HOUR,
    });
  });

  it('counts a browsing day once, and a third day again', () => {
    const points = (...visits: number[]) =>
      foldAll(
        stationery,
        visits.map((at) => page('Product', at)),
      ).standing.points;
    expect(points(MONDAY, MONDAY + HOUR)).toBe(5);
    expect(points(MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)).toBe(15);
  });

  it("ends a day at the model's midnight, not at midnight UTC", () => {
    const late = Date.UTC(2026, 5, 1, 21, 30); // 23:30 in Berlin
    const points = foldAll(stationery, [page('Product', late), page('Product', late + HOUR)]).standing.points;
    expect(points).toBe(10);
  });

  it('takes points off for viewing job advertisements, and back below the threshold', () => {
    const { standing } = foldAll(stationery, [...tanja, page('Jobs', MONDAY + 4 * DAY)]);
    expect(standing).toMatchObject({ points: 38, qualified: false, qualifiedSince: null });
  });

  it('counts one open per mail', () => {
    expect(foldAll(stationery, [opened(MONDAY), opened(MONDAY + 1), opened(MONDAY + 2, 'n2')]).standing.points).toBe(
      10,
    );
  });
});

describe('provisional points', () => {
  const eager = scoringModelSchema.parse({ ...stationery, threshold: 10 });

  it('opens and clicks alone make nobody ready for sales', () => {
    const { standing } = foldAll(eager, [opened(MONDAY), clicked(MONDAY + 1)]);
    expect(standing).toMatchObject({ points: 10, firmPoints: 0, qualified: false });
  });

  it('a later human signal confirms them', () => {
    const { standing } = foldAll(eager, [opened(MONDAY), clicked(MONDAY + 1), page('About us', MONDAY + HOUR)]);
    expect(standing).toMatchObject({ points: 10, firmPoints: 10, qualified: true, qualifiedSince: MONDAY + HOUR });
  });
});

describe('reconciling a ledger', () => {
  const award = { interactionId: 1, rule: 'browse', points: 5, provisional: false, occurredAt: MONDAY };

  it('keeps equal rows, supersedes those that no longer hold, adds new ones', () => {
    const inForce = [
      { id: 10, interactionId: 1, rule: 'browse', points: 5, provisional: false, occurredAt: MONDAY },
      { id: 11, interactionId: 2, rule: 'browse', points: 5, provisional: false, occurredAt: MONDAY },
    ];
    expect(reconcileLedger(inForce, [award, { ...award, interactionId: 3 }])).toEqual({
      superseded: [11],
      added: [{ ...award, interactionId: 3 }],
    });
  });
});

describe('a malformed model', () => {
  it.each([
    [{ threshold: 0 }, 'threshold'],
    [{ timeZone: 'Middle Earth' }, 'timeZone'],
    [{ rules: [{ id: 'a', on: {}, points: 1 }] }, 'rules.0.on'],
    [{ rules: [{ id: 'a', on: { event: 'E' }, points: 'many' }] }, 'rules.0.points'],
    [
      {
        rules: [
          { id: 'a', on: { event: 'E' }, points: 1 },
          { id: 'a', on: { event: 'F' }, points: 1 },
        ],
      },
      'rules.1.id',
    ],
    [{ colour: 'red' }, ''],
  ])('%j is refused with the path', (change, path) => {
    const result = scoringModelSchema.safeParse({ ...stationery, ...change });
    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
