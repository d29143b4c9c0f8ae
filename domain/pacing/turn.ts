import type { Instant } from '../instant.ts';

/** A mail that wants one of the places that a person's pace leaves free. */
export interface Candidate {
  readonly id: string;
  /** 0 to 100; the higher goes first. */
  readonly priority: number;
  readonly dueAt: Instant;
  /** At this instant it is dropped. */
  readonly deadlineAt: Instant | null;
  /** Of the content; the higher is the more mature. */
  readonly maturity: number;
}

/** What a mail gains on those that fall due later, for each mail that went to the person in its stead. */
const PRIORITY_A_MAIL = 10;

/**
 * The order in which `candidates` get the free places, the first of which is the one in question and the next
 * `slotAfter`. `sent` are the person's mails of all purposes.
 *
 * 1. Who could not take the next place any more (its deadline is not after it) goes ahead of those who can wait,
 *    whatever their priority.
 * 2. Then the higher priority, to which each mail adds 10 that the person got since the candidate fell due.
 * 3. Then the earlier deadline, the maturer content, who fell due first, and the id: the order is total.
 *
 * What that guarantees: once the person got `⌊(100 − priority) / 10⌋ + 1` mails (at most eleven) since the candidate fell due,
 * nobody who falls due later ever goes ahead of it, unless that one can't wait and the candidate can. So a candidate that waits that long is dropped
 * only if its very last place goes to one that waited about as long and could not wait either; no stream of newcomers,
 * however high in priority and however many, starves it.
 */
export function inTurn<C extends Candidate>(
  candidates: readonly C[],
  sent: readonly Instant[],
  slotAfter: Instant,
): C[] {
  return candidates
    .map((candidate) => ({
      candidate,
      urgent: candidate.deadlineAt !== null && candidate.deadlineAt <= slotAfter,
      priority: candidate.priority + PRIORITY_A_MAIL * sent.filter((at) => at >= candidate.dueAt).length,
    }))
    .sort(
      (a, b) =>
        Number(b.urgent) - Number(a.urgent) ||
        b.priority - a.priority ||
        compareDeadlines(a.candidate.deadlineAt, b.candidate.deadlineAt) ||
        b.candidate.maturity - a.candidate.maturity ||
        a.candidate.dueAt - b.candidate.dueAt ||
        (a.candidate.id < b.candidate.id ? -1 : 1),
    )
    .map(({ candidate }) => candidate);
}

/** None is the latest. */
function compareDeadlines(a: Instant | null, b: Instant | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a - b;
}
