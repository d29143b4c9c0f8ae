import { DAY, HOUR, type Instant } from '../instant.ts';
import { ALL_PURPOSES, type FrequencyPromise } from './consent.ts';
import { TRACKING } from './policy.ts';
import type { PreferenceChange, Preferences } from './preferences.ts';

/** How all that a person can set stands. */
export interface PreferencesNow extends Preferences {
  /** By purpose: whether mail of it may be sent as far as the person's consent goes. */
  readonly purposes: ReadonlyMap<string, boolean>;
  /** Whether opens and clicks may be recorded. */
  readonly tracking: boolean;
  /** The person ended everything, and granted nothing since. */
  readonly endedAll: boolean;
}

/** For how many weeks a person may ask for silence. */
export const PAUSE_WEEKS = [2, 4, 8, 12] as const;
export type PauseWeeks = (typeof PAUSE_WEEKS)[number];

/** `weeks` of 7 times 24 hours from `now` on. */
export function pauseOf(weeks: PauseWeeks, now: Instant): Instant {
  return now + weeks * 7 * DAY;
}

/** What a person wants to have otherwise. What is not named stays as it is. */
export interface PreferenceWishes {
  readonly purposes?: ReadonlyMap<string, boolean> | undefined;
  readonly tracking?: boolean | undefined;
  /** Null: as often as was promised. */
  readonly limit?: FrequencyPromise | null | undefined;
  /** Until when there is to be no marketing; null ends the pause. */
  readonly pausedUntil?: Instant | null | undefined;
  /** The same, counted from now on. */
  readonly pauseWeeks?: PauseWeeks | undefined;
  readonly locale?: string | undefined;
  /** No marketing of any kind any more. */
  readonly everythingOff?: boolean | undefined;
}

/** One entry of the consent record that a wish makes. */
export type PreferenceEntry =
  | { readonly action: 'granted' | 'withdrawn'; readonly purpose: string }
  | { readonly action: 'changed'; readonly change: PreferenceChange };

/** Who wants silence for longer than this ends the mails instead. */
export const LONGEST_PAUSE_MS = 10 * 366 * DAY;

/** A second press of the button is no second pause: its end would differ by as much as lies between the two. */
const SAME_PAUSE_MS = HOUR;

/**
 * What `wishes` change about what holds now, an entry each: what ends first, then what is granted, then the rest. What
 * is so already makes no entry: the record is to show what a person did, not how often they pressed a button.
 */
export function preferenceChanges(before: PreferencesNow, wishes: PreferenceWishes, now: Instant): PreferenceEntry[] {
  const { purposes = new Map<string, boolean>(), tracking, limit, pauseWeeks, locale } = wishes;
  if (wishes.everythingOff === true) return before.endedAll ? [] : [{ action: 'withdrawn', purpose: ALL_PURPOSES }];
  const turned = [...purposes].filter(([purpose, on]) => on !== (before.purposes.get(purpose) ?? false));
  if (tracking !== undefined && tracking !== before.tracking) turned.push([TRACKING, tracking]);
  const entries: PreferenceEntry[] = [
    ...turned.filter(([, on]) => !on).map(([purpose]) => ({ action: 'withdrawn', purpose }) as const),
    ...turned.filter(([, on]) => on).map(([purpose]) => ({ action: 'granted', purpose }) as const),
  ];
  if (limit !== undefined && !sameLimit(limit, before.limit)) entries.push({ action: 'changed', change: { limit } });
  const until = pauseWeeks === undefined ? wishes.pausedUntil : pauseOf(pauseWeeks, now);
  if (until !== undefined && !samePause(until, before.pausedUntil, now)) {
    const pausedUntil = until === null ? null : new Date(until).toISOString();
    entries.push({ action: 'changed', change: { pausedUntil } });
  }
  if (locale !== undefined && locale !== before.locale) entries.push({ action: 'changed', change: { locale } });
  return entries;
}

/**
 * True where `entry` asks for more mail than there would be without it: a consent, the end of a pause, a limit taken back
 * or widened. Who only reads an address that the person has given up may do the opposite.
 */
export function beginsMail(entry: PreferenceEntry, before: Preferences, now: Instant): boolean {
  if (entry.action !== 'changed') return entry.action === 'granted';
  const { pausedUntil, limit } = entry.change;
  const until = before.pausedUntil ?? now;
  if (pausedUntil !== undefined && until > now && (pausedUntil === null || Date.parse(pausedUntil) < until))
    return true;
  return limit !== undefined && before.limit !== null && (limit === null || !isWithin(limit, before.limit));
}

/** True where whoever keeps `limit` keeps `other` too. */
function isWithin(limit: FrequencyPromise, other: FrequencyPromise): boolean {
  return limit.max <= other.max && limit.days >= other.days;
}

/** True where the two promise the same. */
export function sameLimit(one: FrequencyPromise | null, other: FrequencyPromise | null): boolean {
  return one?.max === other?.max && one?.days === other?.days;
}

/** A pause that is over is none. */
function samePause(wanted: Instant | null, present: Instant | null, now: Instant): boolean {
  const inForce = present !== null && present > now ? present : null;
  return wanted === null || inForce === null ? wanted === inForce : Math.abs(wanted - inForce) < SAME_PAUSE_MS;
}

/**
 * What a person may choose as "at most one a week" and "at most one a month". A month is 31 days, so that no calendar
 * month ever sees two.
 */
export const OWN_LIMITS = { weekly: { max: 1, days: 7 }, monthly: { max: 1, days: 31 } } as const;
