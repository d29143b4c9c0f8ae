import { describe, expect, it } from 'vitest';
import { nothingKnown } from '../../domain/attributes/history.ts';
import { DAY, HOUR } from '../../domain/instant.ts';
import { EMAIL_LINK_CLICKED, type Interaction, SCORE_ADJUSTED } from '../../domain/interaction/interaction.ts';
import { explain } from '../../domain/scoring/explain.ts';
import { foldAll, standingAt } from '../../domain/scoring/fold.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { nextChange } from '../../domain/scoring/next-change.ts';
import { noProfile } from '../../domain/scoring/profile-view.ts';
import { replayLead } from '../../domain/scoring/replay.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);

const model = scoringModelSchema.parse({
  key: 'pens',
  name: 'Pens',
  timeZone: 'Europe/Berlin',
  threshold: 50,
  groups: [{ id: 'web', atMost: 20 }],
  rules: [
    { id: 'view', on: { kind: 'page', event: 'Product' }, points: 20, group: 'web' },
    { id: 'call', on: { event: 'Call Asked For' }, points: 60 },
    { id: 'click', on: { kind: 'tend', event: EMAIL_LINK_CLICKED }, points: 40 },
    { id: 'any', on: { kind: 'tend' }, points: 7 },
    { id: 'silence', silence: { after: { days: 30 } }, points: -10 },
  ],
});

let count = 0;
function happened(name: string, occurredAt: number, more: Partial<Interaction>): Interaction {
  count += 1;
  const [source, messageId] = ['web', `m${count}`];
  return { id: count, source, messageId, kind: 'track', name, properties: {}, occurredAt, ...more };
}
const viewed = (at: number) => happened('Product', at, { kind: 'page' });
const clicked = (at: number) => happened(EMAIL_LINK_CLICKED, at, { kind: 'tend', source: 'tend' });
const adjusted = (at: number, points: number, more: { model?: string; endsAt?: string } = {}) =>
  happened(SCORE_ADJUSTED, at, {
    kind: 'tend',
    source: 'tend',
    properties: { model: 'pens', points, reason: 'Met at the fair', by: 'crm', ...more },
  });

describe('points by hand', () => {
  it('come beside what rules give, whatever the limit of a group, and make a lead ready for sales', () => {
    const { standing, awards } = foldAll(model, [viewed(MONDAY), viewed(MONDAY + 1), adjusted(MONDAY + HOUR, 30)]);
    expect(awards.at(-1)).toMatchObject({ rule: 'by-hand', points: 30, provisional: false });
    expect(standing).toMatchObject({ points: 50, firmPoints: 50, qualified: true, qualifiedSince: MONDAY + HOUR });
  });

  it('are of one model only, and no rule gives anything for them', () => {
    const { standing, awards } = foldAll(model, [viewed(MONDAY), adjusted(MONDAY + 1, 99, { model: 'ink' })]);
    expect([standing.points, awards.length, standing.interactions]).toEqual([20, 1, 2]);
  });

  it('confirm no click and end no silence: the lead did nothing', () => {
    const month = MONDAY + 30 * DAY;
    const { standing } = foldAll(model, [viewed(MONDAY), clicked(MONDAY + 1), adjusted(MONDAY + DAY, 5)]);
    expect(standing).toMatchObject({ points: 72, firmPoints: 25 });
    expect(standingAt(model, standing, month).standing.firmPoints).toBe(15);
  });

  it('begin no silence either', () => {
    const { standing } = foldAll(model, [adjusted(MONDAY, 5)]);
    expect(standingAt(model, standing, MONDAY + 365 * DAY).standing.points).toBe(5);
  });

  it('end at the millisecond said, also under a model in which nothing else changes with time', () => {
    const steady = scoringModelSchema.parse({ ...model, rules: model.rules.filter(({ id }) => id === 'call') });
    const endsAt = MONDAY + 7 * DAY;
    const { standing } = foldAll(steady, [adjusted(MONDAY, 50, { endsAt: new Date(endsAt).toISOString() })]);
    expect(nextChange(steady, standing, MONDAY)).toBe(endsAt);
    expect(standingAt(steady, standing, endsAt - 1).standing).toMatchObject({ points: 50, qualified: true });
    expect(standingAt(steady, standing, endsAt).standing).toMatchObject({ points: 0, qualified: false });
    const late = happened('Call Asked For', endsAt + DAY, {});
    expect(foldAll(steady, [late], { from: standing }).standing.qualifiedSince).toBe(endsAt + DAY);
  });

  it('are in a replay, and in the explanation with reason and author', () => {
    const history = [viewed(MONDAY), adjusted(MONDAY + HOUR, 30)];
    expect(replayLead(model, history, noProfile, MONDAY + DAY).qualifications).toEqual([MONDAY + HOUR]);
    const { awards, total } = explain(model, history, nothingKnown, MONDAY + DAY);
    expect(awards[1]).toMatchObject({
      rule: 'by-hand',
      ruleName: 'By hand: Met at the fair',
      byHand: { reason: 'Met at the fair', by: 'crm' },
      points: 30,
      worth: 30,
      expiresAt: null,
      provisional: false,
    });
    expect(total.counted).toBe(50);
  });
});

describe('a model', () => {
  const problems = (rule: object) =>
    scoringModelSchema
      .safeParse({ ...model, rules: [...model.rules, rule] })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('has no rule of its own called by-hand', () => {
    expect(problems({ id: 'by-hand', on: { event: 'E' }, points: 1 })).toEqual([
      'rules.5.id: "by-hand" stands for the points that people give by hand: take another id',
    ]);
  });

  it('has no rule on the adjustment itself', () => {
    expect(problems({ id: 'more', on: { event: SCORE_ADJUSTED }, points: 1 })?.[0]).toMatch(/^rules\.5\.on: /);
    expect(
      problems({ id: 'quiet', silence: { after: { days: 1 }, on: [{ event: SCORE_ADJUSTED }] }, points: -1 })?.[0],
    ).toMatch(/^rules\.5\.silence\.on\.0: /);
  });
});
