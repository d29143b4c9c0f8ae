import { DAY, type Duration, durationMs, type Instant, SECOND } from '../instant.ts';

/** A pause that is over. */
export interface Pause {
  readonly from: Instant;
  readonly to: Instant;
}

/** How long `pause` held whoever was there since `since`, in milliseconds. */
export function heldBy({ from, to }: Pause, since: Instant): number {
  return Math.max(0, to - Math.max(from, since));
}

/**
 * How long `own`, the pause of one enrolment, held it besides the pauses of its whole sequence, which are counted when
 * they end and never overlap each other: no instant counts twice.
 */
export function heldBesides(own: Pause, ofSequence: readonly Pause[], since: Instant): number {
  const from = Math.max(own.from, since);
  let held = heldBy(own, since);
  for (const pause of ofSequence) held -= Math.max(0, Math.min(own.to, pause.to) - Math.max(from, pause.from));
  return Math.max(0, held);
}

const LONGEST_DEFAULT = DAY;

/** Over what time the mails of `held` enrolments come after a pause, in milliseconds; `over` is what somebody asked for. */
export function spreadMs(held: number, over: Duration | null): number {
  return over === null ? Math.min(held * SECOND, LONGEST_DEFAULT) : durationMs(over);
}

/** From when on the mails of the enrolment number `index` (from 0) of `count` may go: evenly, so that no flood comes. */
export function mailsFrom(resumedAt: Instant, overMs: number, index: number, count: number): Instant {
  return count === 0 ? resumedAt : resumedAt + Math.floor((overMs * Math.min(index, count)) / count);
}
