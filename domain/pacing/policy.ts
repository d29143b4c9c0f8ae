import type { Duration } from '../instant.ts';
import { MINUTES_A_DAY, type MinuteSpan, minutesOf, type Weekday } from './time-of-week.ts';

/**
 * How often and when one person is written to, over all sequences and mailings of the installation together. One policy
 * is live at a time. Days, hours, weekends and holidays are those of the lead's own calendar (domain/calendar); the zone,
 * country and region here stand in for leads of whom nothing better is known.
 */
export interface PacingPolicy {
  readonly key: string;
  readonly name: string;
  readonly timeZone: string;
  /** ISO 3166-1, such as DE. Without one, leads of unknown country have no public holidays. */
  readonly country?: string | undefined;
  /** The country's part, as the list of holidays names it: mostly ISO 3166-2 without the country, such as BY. */
  readonly region?: string | undefined;
  readonly caps: readonly FrequencyCap[];
  /** The shortest time between any two mails to one person, whatever their purposes. */
  readonly spacing: Duration | 'none';
  readonly windows: readonly SendWindow[];
  readonly quiet?: ClockSpan | undefined;
  /** Saturday and Sunday. */
  readonly weekends: 'send' | 'wait';
  readonly holidays: 'send' | 'wait';
  readonly throttle: ThrottleRates;
}

/** At most `max` mails on any `days` calendar days of the lead in a row. */
export interface FrequencyCap {
  readonly channel: 'email';
  /** Counts, and holds back, mails of this purpose only. Without one: marketing mails of all purposes together. */
  readonly purpose?: string | undefined;
  readonly max: number;
  readonly days: number;
}

/** When mails may go. A purpose that has windows of its own goes by those only. */
export interface SendWindow extends ClockSpan {
  readonly purpose?: string | undefined;
  /** Without: every day. */
  readonly weekdays?: readonly Weekday[] | undefined;
}

/** `HH:MM` to `HH:MM` by the clock of the lead's zone; the first minute belongs to it, the last does not. */
export interface ClockSpan {
  readonly from: string;
  readonly to: string;
}

/** What mail servers and mailbox providers are spared, over all leads and workers. Mails a minute. */
export interface ThrottleRates {
  readonly perMinute?: number | undefined;
  /** By the domain of the sender's address. */
  readonly perSendingDomain?: Readonly<Record<string, number>> | undefined;
}

/** What holds while no policy is published: nothing is held back. */
export const noPolicy: PacingPolicy = {
  key: 'none',
  name: 'No pacing policy',
  timeZone: 'UTC',
  caps: [],
  spacing: 'none',
  windows: [],
  weekends: 'send',
  holidays: 'send',
  throttle: {},
};

/** The windows that mails of `purpose` go by; none: they may go at any time. */
export function windowsOf({ windows }: PacingPolicy, purpose: string): readonly SendWindow[] {
  const own = windows.filter((window) => window.purpose === purpose);
  return own.length > 0 ? own : windows.filter((window) => window.purpose === undefined);
}

/** The caps that hold back mails of `purpose`. */
export function capsOf({ caps }: PacingPolicy, purpose: string): readonly FrequencyCap[] {
  return caps.filter((cap) => cap.purpose === undefined || cap.purpose === purpose);
}

/** A span of the clock within one day; one that ends before it begins goes on past midnight and is two. */
export function spansOf({ from, to }: ClockSpan): readonly MinuteSpan[] {
  const span = { from: minutesOf(from), to: minutesOf(to) };
  if (span.from < span.to) return [span];
  return [
    { from: 0, to: span.to },
    { from: span.from, to: MINUTES_A_DAY },
  ].filter((part) => part.from < part.to);
}
