import type { FieldProblem } from '../../domain/errors.ts';
import type { Instant } from '../../domain/instant.ts';

/** Nothing that a website saw is older: an earlier date is a clock that was never set. */
const EARLIEST = Date.UTC(2000, 0, 1);

/** When an event happened, and the sender's own words where that differs. */
export interface Occurrence {
  readonly occurredAt: Instant;
  readonly claimedAt: string | null;
}

/**
 * When an event happened by our clock: Segment's rule, `timestamp + (receivedAt − sentAt)`, takes the sender's wrong
 * clock out. What would lie in the future is set to `receivedAt`, or it would stay the lead's newest event for ever.
 */
export function occurrenceOf(
  timestamp: unknown,
  sentAt: Instant | null,
  receivedAt: Instant,
  path: string,
  problems: FieldProblem[],
): Occurrence {
  if (timestamp === undefined || timestamp === null) return { occurredAt: receivedAt, claimedAt: null };
  const claimed = parseInstant(timestamp);
  if (claimed === null || typeof timestamp !== 'string') {
    problems.push({ path, problem: 'must be an ISO 8601 instant, such as 2026-11-21T10:00:00Z' });
    return { occurredAt: receivedAt, claimedAt: null };
  }
  const corrected = sentAt === null ? claimed : claimed + (receivedAt - sentAt);
  const occurredAt = Math.min(corrected, receivedAt);
  if (claimed < EARLIEST || occurredAt < EARLIEST) {
    problems.push({ path, problem: 'lies before the year 2000: the sender has no right clock' });
    return { occurredAt: receivedAt, claimedAt: null };
  }
  return { occurredAt, claimedAt: occurredAt === claimed ? null : timestamp };
}

/** Reads `sentAt`; null when it is not given. */
export function parseSentAt(sentAt: unknown, path: string, problems: FieldProblem[]): Instant | null {
  if (sentAt === undefined || sentAt === null) return null;
  const instant = parseInstant(sentAt);
  if (instant === null) problems.push({ path, problem: 'must be an ISO 8601 instant, such as 2026-11-21T10:00:00Z' });
  return instant;
}

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Without a zone it is UTC, wherever this server stands. */
function parseInstant(value: unknown): Instant | null {
  if (typeof value !== 'string') return null;
  const match = ISO.exec(value);
  if (match === null) return null;
  const zoned = match[1] === undefined && value.length > 10 ? `${value}Z` : value;
  const instant = Date.parse(zoned.replace(' ', 'T'));
  return Number.isNaN(instant) ? null : instant;
}
