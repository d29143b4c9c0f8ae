import { DAY, type Instant } from '../instant.ts';
import type { ReplayedLead } from './replay.ts';

export const WEEKS = 12;
const WEEK = 7 * DAY;
const MOST_SAMPLES = 20;

/**
 * What publishing a version would change, found so far. `before` is under the version that was live when the replay was
 * asked for, `after` under the one replayed. Plain data: it is kept as JSON between two batches of leads, and stays
 * small however many there are.
 */
export interface ReplayReport {
  /** The replay looks at the leads as of this instant. */
  readonly until: Instant;
  /** The first thing on record that anybody did. */
  since: Instant | null;
  /** Leads seen; customers and disqualified ones are scored by nobody and do not count. */
  leads: number;
  /** Leads whose place is another. */
  changed: number;
  /** How many move from where to where; those that stay are on the diagonal. */
  readonly places: { [from: string]: { [to: string]: number } };
  readonly qualified: { before: number; after: number };
  newlyQualified: number;
  noLongerQualified: number;
  /** How often somebody came to qualify in each of the last weeks, the oldest first. */
  readonly weeks: { readonly before: number[]; readonly after: number[] };
  readonly samples: ChangedLead[];
  /** Leads whose history could not be folded. */
  failed: number;
}

export interface ChangedLead {
  readonly lead: string;
  readonly from: string;
  readonly to: string;
  readonly qualifiedBefore: boolean;
  readonly qualifiedAfter: boolean;
}

export function emptyReport(until: Instant): ReplayReport {
  const weeks = () => Array.from({ length: WEEKS }, () => 0);
  return {
    until,
    since: null,
    leads: 0,
    changed: 0,
    places: {},
    qualified: { before: 0, after: 0 },
    newlyQualified: 0,
    noLongerQualified: 0,
    weeks: { before: weeks(), after: weeks() },
    samples: [],
    failed: 0,
  };
}

export interface LeadReplayed {
  readonly lead: string;
  /** False for customers and disqualified leads. */
  readonly scored: boolean;
  /** Qualifications after this instant are nobody's business: the lead was a customer by then. Null: none at all. */
  readonly countsUntil: Instant | null;
  readonly firstSeen: Instant | null;
  /** Null where no version was live. */
  readonly before: ReplayedLead | null;
  readonly after: ReplayedLead;
}

/** Adds one lead to `report`, in place. */
export function addToReport(report: ReplayReport, replayed: LeadReplayed): void {
  const { before, after, countsUntil, firstSeen } = replayed;
  if (firstSeen !== null && (report.since === null || firstSeen < report.since)) report.since = firstSeen;
  if (countsUntil !== null) {
    if (before !== null) addWeeks(report, report.weeks.before, before.qualifications, countsUntil);
    addWeeks(report, report.weeks.after, after.qualifications, countsUntil);
  }
  if (!replayed.scored) return;
  report.leads += 1;
  const [from, to] = [placeOf(before), placeOf(after)];
  report.places[from] ??= {};
  const row = report.places[from];
  row[to] = (row[to] ?? 0) + 1;
  const wasQualified = before?.qualified ?? false;
  if (wasQualified) report.qualified.before += 1;
  if (after.qualified) report.qualified.after += 1;
  if (after.qualified && !wasQualified) report.newlyQualified += 1;
  if (!after.qualified && wasQualified) report.noLongerQualified += 1;
  if (before === null) return;
  if (from !== to) report.changed += 1;
  if (from === to && wasQualified === after.qualified) return;
  addSample(report.samples, {
    lead: replayed.lead,
    from,
    to,
    qualifiedBefore: wasQualified,
    qualifiedAfter: after.qualified,
  });
}

/** The cell; under a model without grades and bands, whether the lead is ready for sales. */
function placeOf(replayed: ReplayedLead | null): string {
  if (replayed === null) return 'not scored';
  return replayed.cell ?? (replayed.qualified ? 'ready' : 'not ready');
}

function addWeeks(report: ReplayReport, weeks: number[], instants: readonly Instant[], countsUntil: Instant): void {
  for (const instant of instants) {
    const index = WEEKS - 1 - Math.floor((report.until - instant) / WEEK);
    if (instant <= countsUntil && index >= 0 && index < WEEKS) weeks[index] = (weeks[index] ?? 0) + 1;
  }
}

/** Those who become ready for sales, or are no longer, say more than those who only change their cell. */
function addSample(samples: ChangedLead[], sample: ChangedLead): void {
  if (samples.length < MOST_SAMPLES) {
    samples.push(sample);
    return;
  }
  if (!turns(sample)) return;
  const index = samples.findIndex((kept) => !turns(kept));
  if (index !== -1) samples[index] = sample;
}

function turns({ qualifiedBefore, qualifiedAfter }: ChangedLead): boolean {
  return qualifiedBefore !== qualifiedAfter;
}

/** New MQLs a week, on average over the weeks of which something is on record, twelve at most. */
export function mqlsPerWeek(report: ReplayReport): { readonly before: number; readonly after: number } {
  const seen = report.since === null ? 1 : (report.until - report.since) / WEEK;
  const weeks = Math.min(WEEKS, Math.max(1, seen));
  const average = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0) / weeks;
  return { before: average(report.weeks.before), after: average(report.weeks.after) };
}
