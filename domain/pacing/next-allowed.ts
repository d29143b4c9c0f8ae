import type { Calendar } from '../calendar/calendar.ts';
import { holidayOn } from '../calendar/holidays.ts';
import { localDay, minuteOfDay, startOfDay, weekdayOf } from '../calendar/local-time.ts';
import type { FrequencyPromise } from '../consent/consent.ts';
import { DAY, durationMs, type Instant } from '../instant.ts';
import { capInWords, clockInWords, durationInWords, windowsInWords } from './in-words.ts';
import { nextOpen, type OpeningHours } from './open-hours.ts';
import { capsOf, type FrequencyCap, type PacingPolicy, spansOf, windowsOf } from './policy.ts';
import { promiseAllowsAt } from './promise.ts';
import { complement, minutesOf, WHOLE_DAY, weekdays } from './time-of-week.ts';

/** A mail to this person that was claimed, accepted, or may have left (unknown). */
export interface SentMail {
  readonly at: Instant;
  readonly purpose: string;
}

/** Everything that the pace of one mail depends on. */
export interface PaceFacts {
  readonly policy: PacingPolicy;
  /** Of the mail in question. */
  readonly purpose: string;
  /** What the consent of that purpose promised. */
  readonly promise: FrequencyPromise | null;
  /** What the person set for all purposes together. Default: nothing. */
  readonly ownLimit?: FrequencyPromise | null;
  /** Of all purposes, ascending. */
  readonly sent: readonly SentMail[];
  /** The lead's. */
  readonly calendar: Calendar;
}

/** The rules, in the order in which they are named. */
export const paceReasons = [
  'frequency-promise',
  'own-limit',
  'cap',
  'spacing',
  'window',
  'quiet-hours',
  'weekend',
  'holiday',
] as const;
export type PaceReason = (typeof paceReasons)[number];

/** `at` is now, and the rest null, when the mail may go now. */
export interface PaceAnswer {
  readonly at: Instant;
  readonly reason: PaceReason | null;
  /** What the rule says, in words: `3 in 7 days`, `20:00 to 08:00`, the holiday's name. */
  readonly detail: string | null;
}

/**
 * The earliest instant from `now` on at which every rule lets the mail go, if nothing else is sent meanwhile.
 *
 * Which rule is named when several hold it back one after another: of the rules that refuse, always the one that
 * reaches furthest moves the instant on (among equals the first of `paceReasons`), until none refuses; the longest such
 * move names the answer (among equals the first). A cap until Tuesday that ends in a quiet night is named, not the night.
 */
export function nextAllowed(facts: PaceFacts, now: Instant): PaceAnswer {
  let at = now;
  let longest: { readonly refusal: Refusal; readonly ms: number } | null = null;
  for (let moves = 0; moves < MOST_MOVES; moves += 1) {
    const furthest = furthestRefusal(facts, at);
    if (furthest === null) {
      return { at, reason: longest?.refusal.reason ?? null, detail: longest?.refusal.detail ?? null };
    }
    const ms = furthest.until - at;
    if (longest === null || ms > longest.ms) longest = { refusal: furthest, ms };
    at = furthest.until;
  }
  throw new Error(`the policy "${facts.policy.key}" lets no mail of ${facts.purpose} go after ${now}`);
}

/** Far more than a policy that was accepted can need: each move passes a closed stretch of one of the rules. */
const MOST_MOVES = 1_000;

/** A rule that does not let the mail go, and the earliest instant at which this rule alone would. */
interface Refusal {
  readonly reason: PaceReason;
  readonly until: Instant;
  readonly detail: string | null;
}

function furthestRefusal(facts: PaceFacts, at: Instant): Refusal | null {
  let furthest: Refusal | null = null;
  for (const rule of rules) {
    for (const refusal of rule(facts, at)) {
      if (refusal.until > at && (furthest === null || refusal.until > furthest.until)) furthest = refusal;
    }
  }
  return furthest;
}

type Rule = (facts: PaceFacts, at: Instant) => readonly Refusal[];

/** In the order of `paceReasons`. */
const rules: readonly Rule[] = [
  promiseRule,
  ownLimitRule,
  capRule,
  spacingRule,
  windowRule,
  quietRule,
  weekendRule,
  holidayRule,
];

function promiseRule({ promise, purpose, sent }: PaceFacts, at: Instant): Refusal[] {
  if (promise === null) return [];
  const own = sent.filter((mail) => mail.purpose === purpose).map((mail) => mail.at);
  return [{ reason: 'frequency-promise', until: promiseAllowsAt(promise, own, at), detail: capInWords(promise) }];
}

function ownLimitRule({ ownLimit = null, sent }: PaceFacts, at: Instant): Refusal[] {
  if (ownLimit === null) return [];
  const until = promiseAllowsAt(
    ownLimit,
    sent.map((mail) => mail.at),
    at,
  );
  return [{ reason: 'own-limit', until, detail: capInWords(ownLimit) }];
}

function capRule({ policy, purpose, sent, calendar }: PaceFacts, at: Instant): Refusal[] {
  return capsOf(policy, purpose).flatMap((cap): Refusal[] => {
    const counted = countedBy(cap, sent);
    const last = counted[counted.length - cap.max];
    if (last === undefined) return [];
    const firstFree = localDay(last.at, calendar.zone) + cap.days;
    if (localDay(at, calendar.zone) >= firstFree) return [];
    return [{ reason: 'cap', until: startOfDay(firstFree, calendar.zone), detail: capInWords(cap) }];
  });
}

function spacingRule({ policy, sent }: PaceFacts, at: Instant): Refusal[] {
  const last = sent[sent.length - 1];
  if (policy.spacing === 'none' || last === undefined) return [];
  const until = last.at + durationMs(policy.spacing);
  return until > at ? [{ reason: 'spacing', until, detail: durationInWords(policy.spacing) }] : [];
}

function windowRule({ policy, purpose, calendar }: PaceFacts, at: Instant): Refusal[] {
  const windows = windowsOf(policy, purpose);
  if (windows.length === 0) return [];
  const hours: OpeningHours = (day) =>
    windows
      .filter((window) => window.weekdays === undefined || window.weekdays.includes(weekdayNamed(day)))
      .flatMap(spansOf);
  const until = nextOpen(hours, calendar.zone, at);
  return until > at ? [{ reason: 'window', until, detail: windowsInWords(windows) }] : [];
}

function quietRule({ policy: { quiet }, calendar }: PaceFacts, at: Instant): Refusal[] {
  if (quiet === undefined) return [];
  const loud = complement(spansOf(quiet));
  const until = nextOpen(() => loud, calendar.zone, at);
  return until > at ? [{ reason: 'quiet-hours', until, detail: clockInWords(quiet) }] : [];
}

function weekendRule({ policy, calendar }: PaceFacts, at: Instant): Refusal[] {
  if (policy.weekends === 'send' || !isWeekend(localDay(at, calendar.zone))) return [];
  const until = nextOpen((day) => (isWeekend(day) ? [] : [WHOLE_DAY]), calendar.zone, at);
  return [{ reason: 'weekend', until, detail: null }];
}

function holidayRule({ policy, calendar }: PaceFacts, at: Instant): Refusal[] {
  if (policy.holidays === 'send') return [];
  const name = holidayOn(localDay(at, calendar.zone), calendar);
  if (name === null) return [];
  const until = nextOpen((day) => (holidayOn(day, calendar) === null ? [WHOLE_DAY] : []), calendar.zone, at);
  return [{ reason: 'holiday', until, detail: name }];
}

/**
 * Whether every rule lets the mail go at `instant`: the rules as they read, one by one, without looking ahead.
 * `nextAllowed` is held against this by property tests.
 */
export function isAllowed(facts: PaceFacts, instant: Instant): boolean {
  const { policy, purpose, promise, ownLimit = null, sent, calendar } = facts;
  const day = localDay(instant, calendar.zone);
  const minute = minuteOfDay(instant, calendar.zone);
  const keepsPromise =
    promise === null ||
    sent.filter((mail) => mail.purpose === purpose && mail.at + promise.days * DAY > instant).length < promise.max;
  const keepsOwnLimit =
    ownLimit === null || sent.filter((mail) => mail.at + ownLimit.days * DAY > instant).length < ownLimit.max;
  const keepsCaps = capsOf(policy, purpose).every(
    (cap) => countedBy(cap, sent).filter(({ at }) => localDay(at, calendar.zone) > day - cap.days).length < cap.max,
  );
  const { spacing, quiet } = policy;
  const keepsSpacing = spacing === 'none' || sent.every(({ at }) => at + durationMs(spacing) <= instant);
  const within = ({ from, to }: { from: number; to: number }) => from <= minute && minute < to;
  const windows = windowsOf(policy, purpose);
  const inWindow =
    windows.length === 0 ||
    windows.some(
      (window) =>
        (window.weekdays === undefined || window.weekdays.includes(weekdayNamed(day))) &&
        within({ from: minutesOf(window.from), to: minutesOf(window.to) }),
    );
  const isQuiet = quiet !== undefined && spansOf(quiet).some(within);
  const waitsForWeekend = policy.weekends === 'wait' && isWeekend(day);
  const waitsForHoliday = policy.holidays === 'wait' && holidayOn(day, calendar) !== null;
  return (
    keepsPromise &&
    keepsOwnLimit &&
    keepsCaps &&
    keepsSpacing &&
    inWindow &&
    !isQuiet &&
    !waitsForWeekend &&
    !waitsForHoliday
  );
}

function countedBy({ purpose }: FrequencyCap, sent: readonly SentMail[]): readonly SentMail[] {
  return purpose === undefined ? sent : sent.filter((mail) => mail.purpose === purpose);
}

function weekdayNamed(day: number) {
  return weekdays[weekdayOf(day) - 1] as (typeof weekdays)[number];
}

function isWeekend(day: number): boolean {
  return weekdayOf(day) >= 6;
}
