import { describe, expect, it } from 'vitest';
import { DAY, HOUR } from '../../domain/instant.ts';
import type { Interaction } from '../../domain/interaction/interaction.ts';
import { scoringModelSchema } from '../../domain/scoring/model.ts';
import { noProfile } from '../../domain/scoring/profile-view.ts';
import { type ReplayedLead, replayLead } from '../../domain/scoring/replay.ts';
import { replayInWords } from '../../domain/scoring/replay-in-words.ts';
import { addToReport, emptyReport, type LeadReplayed, mqlsPerWeek } from '../../domain/scoring/replay-report.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);
const NOW = MONDAY + 84 * DAY;

function did(name: string, occurredAt: number): Interaction {
  return { id: occurredAt, source: 'web', messageId: `${occurredAt}`, kind: 'track', name, properties: {}, occurredAt };
}
const fading = scoringModelSchema.parse({
  key: 'fading',
  name: 'Fading',
  timeZone: 'Europe/Berlin',
  bands: { 1: 40, 2: 20, 3: 10 },
  mql: [1],
  rules: [{ id: 'demo', on: { event: 'Demo' }, points: 60, halfLife: { days: 10 } }],
});

describe('replaying a lead', () => {
  it('finds each time it came to qualify, between which only time passed', () => {
    const history = [did('Demo', MONDAY), did('Demo', MONDAY + 30 * DAY)];
    expect(replayLead(fading, history, noProfile, NOW)).toEqual({
      cell: '4',
      qualified: false,
      qualifications: [MONDAY, MONDAY + 30 * DAY],
    });
    expect(replayLead(fading, history, noProfile, MONDAY + 30 * DAY + HOUR)).toMatchObject({
      cell: '1',
      qualified: true,
    });
  });

  it('finds one that came and went between two events, by time alone', () => {
    const model = scoringModelSchema.parse({
      ...fading,
      rules: [
        { id: 'demo', on: { event: 'Demo' }, points: 60, validFor: { days: 10 }, limit: { per: 'day' } },
        { id: 'complaint', on: { event: 'Complaint' }, points: -50, validFor: { days: 5 }, limit: { per: 'day' } },
        { id: 'page', on: { event: 'Page' }, points: 1 },
      ],
    });
    const history = [did('Complaint', MONDAY), did('Demo', MONDAY + DAY), did('Page', MONDAY + 40 * DAY)];
    expect(replayLead(model, history, noProfile, NOW).qualifications).toEqual([MONDAY + 5 * DAY]);
  });
});

describe('the report of a replay', () => {
  const replayed = (cell: string | null, qualified: boolean, qualifications: number[] = []): ReplayedLead => ({
    cell,
    qualified,
    qualifications,
  });
  const lead = (before: ReplayedLead | null, after: ReplayedLead, more: Partial<LeadReplayed> = {}): LeadReplayed => ({
    lead: 'one',
    scored: true,
    countsUntil: NOW,
    firstSeen: MONDAY,
    before,
    after,
    ...more,
  });

  it('counts who moves from where to where, and who becomes ready for sales', () => {
    const report = emptyReport(NOW);
    addToReport(report, lead(replayed('B2', false), replayed('A1', true)));
    addToReport(report, lead(replayed('B2', false), replayed('B2', false)));
    addToReport(report, lead(replayed('A1', true), replayed('A2', false)));
    expect(report).toMatchObject({
      leads: 3,
      changed: 2,
      places: { B2: { A1: 1, B2: 1 }, A1: { A2: 1 } },
      qualified: { before: 1, after: 1 },
      newlyQualified: 1,
      noLongerQualified: 1,
    });
    expect(report.samples).toHaveLength(2);
  });

  it('shows who becomes ready for sales, even after many who only change their cell', () => {
    const report = emptyReport(NOW);
    for (let index = 0; index < 50; index += 1) addToReport(report, lead(replayed('C3', false), replayed('C2', false)));
    addToReport(report, lead(replayed('C3', false), replayed('A1', true)));
    expect(report.samples).toHaveLength(20);
    expect(report.samples.filter(({ qualifiedAfter }) => qualifiedAfter)).toHaveLength(1);
  });

  it('averages MQLs over the weeks on record, twelve at most', () => {
    const report = emptyReport(NOW);
    const inLastWeeks = [NOW - DAY, NOW - 8 * DAY, NOW - 83 * DAY, NOW - 85 * DAY];
    addToReport(report, lead(replayed('1', true, []), replayed('1', true, inLastWeeks)));
    expect(report.weeks.after).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(mqlsPerWeek(report)).toEqual({ before: 0, after: 0.25 });
    const young = emptyReport(NOW);
    addToReport(young, lead(replayed('1', true, []), replayed('1', true, [NOW - DAY]), { firstSeen: NOW - 10 * DAY }));
    expect(mqlsPerWeek(young)).toEqual({ before: 0, after: 0.7 });
  });

  it('counts a customer as an MQL of the time before, and as nothing else', () => {
    const report = emptyReport(NOW);
    const customer = { scored: false, countsUntil: NOW - 10 * DAY };
    const qualifications = [NOW - 20 * DAY, NOW - 2 * DAY];
    addToReport(report, lead(replayed('4', false, qualifications), replayed('1', true, qualifications), customer));
    expect(report).toMatchObject({ leads: 0, changed: 0, newlyQualified: 0, places: {} });
    expect(report.weeks.before.reduce((sum, count) => sum + count)).toBe(1);
    addToReport(
      report,
      lead(replayed('4', false, []), replayed('1', true, [NOW - DAY]), { ...customer, countsUntil: null }),
    );
    expect(report.weeks.after.reduce((sum, count) => sum + count)).toBe(1);
  });

  it('says it in the words of the decision', () => {
    const report = {
      ...emptyReport(NOW),
      since: NOW - 84 * DAY,
      leads: 9312,
      changed: 412,
      newlyQualified: 120,
      noLongerQualified: 14,
      places: { A1: { A2: 412, A1: 8900 } },
      weeks: { before: [252, ...Array(11).fill(0)], after: [444, ...Array(11).fill(0)] },
    };
    expect(replayInWords(report, 25)).toBe(
      '412 of 9,312 leads change cell; 120 become ready for sales and 14 no longer are; 37 new MQLs a week (now 21); sales capacity 25 a week',
    );
    expect(replayInWords({ ...report, places: { 'not scored': { A1: 9312 } } }, null)).toBe(
      'no version is live to compare with; 0 of 9,312 leads are ready for sales; 37 new MQLs a week',
    );
  });
});
