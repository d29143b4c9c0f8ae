import { DAY, type Instant } from '../instant.ts';

/**
 * How many of a sender's readers complained, of those that its mail reached. The large mailbox providers want it below
 * 0.1 % and treat a sender as a spammer from 0.3 % on (Gmail's and Yahoo's sender requirements of 2024).
 */
const WARN_AT = 0.001;
const PAUSE_AT = 0.003;
/** Counted over so long: a week's rhythm of newsletters and weekends is in it once. */
const RATE_WINDOW = 7 * DAY;
/** Of fewer mails a rate says nothing. */
const LEAST_ACCEPTED = 100;
/** One angry reader, or one who mistook the button, does not stop a company's marketing. */
const LEAST_COMPLAINTS_TO_PAUSE = 3;

/** What was counted of one sender since the start of its window. */
export interface ComplaintCounts {
  readonly accepted: number;
  readonly complaints: number;
}

export interface SenderState {
  /** The rate is above the first mark since then. */
  readonly warnedAt: Instant | null;
  /** Marketing of this sender stands still since then, until a person lets it go on. */
  readonly pausedAt: Instant | null;
}

/** The share of accepted mails that were complained about, 0 to 1; null where they are too few to say. */
export function complaintRate({ accepted, complaints }: ComplaintCounts): number | null {
  return accepted < LEAST_ACCEPTED ? null : complaints / accepted;
}

/** The first instant that counts: what was before a person let a paused sender go on was known to them. */
export function windowStart(now: Instant, resumedAt: Instant | null): Instant {
  return Math.max(now - RATE_WINDOW, resumedAt ?? 0);
}

/** What the counts make of a sender. A pause is never lifted by a rate: mail that is not sent can't be complained about. */
export function judgeSender(before: SenderState, counts: ComplaintCounts, now: Instant): SenderState {
  const rate = complaintRate(counts);
  const warned = rate !== null && rate >= WARN_AT;
  const paused = rate !== null && rate >= PAUSE_AT && counts.complaints >= LEAST_COMPLAINTS_TO_PAUSE;
  return {
    warnedAt: warned ? (before.warnedAt ?? now) : null,
    pausedAt: before.pausedAt ?? (paused ? now : null),
  };
}
