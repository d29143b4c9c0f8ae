import { DAY, HOUR, type Instant, MINUTE } from '../instant.ts';

/**
 * A receiving domain that refuses for our reputation or its policy says nothing about its people: nothing is sent there
 * for a while, then one mail tries, and only where that one is taken does the rest follow (a circuit breaker).
 */
export interface Breaker {
  /** Ids of the mails it refused, of late, each counted once; empty: it takes what we send. */
  readonly refused: readonly string[];
  readonly refusedSince: Instant | null;
  /** Null: closed, and mail goes there. */
  readonly openedAt: Instant | null;
  /** Nothing is sent there before. */
  readonly retryAt: Instant | null;
  /** Which pause it is, counted without a day of peace between: they grow. */
  readonly openedTimes: number;
  readonly closedAt: Instant | null;
  readonly evidence: Evidence | null;
  /** The mail that tries whether it takes mail again. */
  readonly probe: string | null;
  readonly probeAcceptedAt: Instant | null;
}

/**
 * `reply`: its server told us so while we delivered. `report`: a message that came back later, so our mail goes by a relay,
 * whose taking a mail says nothing about the receiving domain.
 */
export type Evidence = 'reply' | 'report';

export const closedBreaker: Breaker = {
  refused: [],
  refusedSince: null,
  openedAt: null,
  retryAt: null,
  openedTimes: 0,
  closedAt: null,
  evidence: null,
  probe: null,
  probeAcceptedAt: null,
};

/** So many mails refused, within the window, none taken between, open it: one may be about its own content. */
export const REFUSALS_TO_OPEN = 3;
const WINDOW = HOUR;
/** Mailbox providers lift temporary blocks after minutes to a day; knocking more often prolongs them. */
const PAUSES: readonly number[] = [15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR];
/** So long is the mail that tries given for its result; then another one tries. */
const PROBE_PATIENCE = 15 * MINUTE;
/** Whoever refuses again within so long has not changed its mind. */
const PEACE = DAY;

export interface Refusal {
  /** Null: not known; it counts as one of its own. */
  readonly messageId: string | null;
  readonly evidence: Evidence;
  readonly now: Instant;
}

/** After a mail was refused for policy or reputation. */
export function afterRefusal(breaker: Breaker, { messageId, evidence, now }: Refusal): Breaker {
  if (breaker.openedAt !== null) {
    // What was under way when it opened is refused too, and reports come hours late: only the one that tries tells anything new.
    const tried = messageId === null ? breaker.probe !== null && evidence === 'reply' : messageId === breaker.probe;
    return tried ? open(breaker, breaker.openedTimes + 1, evidence, now) : breaker;
  }
  const fresh = breaker.refusedSince === null || now - breaker.refusedSince > WINDOW;
  const earlier = fresh ? [] : breaker.refused;
  if (messageId !== null && earlier.includes(messageId)) return breaker;
  const refused = [...earlier, messageId ?? `unnamed-${earlier.length + 1}`];
  const counted = { ...breaker, refused, refusedSince: fresh ? now : breaker.refusedSince, evidence };
  if (refused.length < REFUSALS_TO_OPEN) return counted;
  const again = breaker.closedAt !== null && now - breaker.closedAt < PEACE;
  return open(counted, again ? breaker.openedTimes + 1 : 1, evidence, now);
}

function open(breaker: Breaker, openedTimes: number, evidence: Evidence, now: Instant): Breaker {
  const pause = PAUSES[Math.min(openedTimes, PAUSES.length) - 1] ?? HOUR;
  return {
    ...breaker,
    openedAt: breaker.openedAt ?? now,
    retryAt: now + pause,
    openedTimes,
    evidence,
    probe: null,
    probeAcceptedAt: null,
  };
}

/** After a mail was taken: by the server that we spoke with (`reply`), or into the mailbox, as its provider reports (`report`). */
export function afterAcceptance(breaker: Breaker, { messageId, evidence, now }: Refusal): Breaker {
  // A relay takes everything: where refusals come back as reports, that it took a mail is no news.
  const proves = evidence === 'report' || breaker.evidence === 'reply';
  if (breaker.openedAt === null) return proves ? { ...breaker, refused: [], refusedSince: null } : breaker;
  if (proves) return close(breaker, now);
  const tried = breaker.probe !== null && (messageId === null || messageId === breaker.probe);
  return tried && breaker.probeAcceptedAt === null
    ? { ...breaker, probeAcceptedAt: now, retryAt: now + PROBE_PATIENCE }
    : breaker;
}

function close(breaker: Breaker, now: Instant): Breaker {
  const { openedTimes } = breaker;
  return { ...closedBreaker, openedTimes, closedAt: now };
}

/** What a mail to the domain may do at `now`: go, go as the one that tries, or wait. */
export type Passage =
  | { readonly kind: 'free'; readonly breaker: Breaker }
  | { readonly kind: 'probe'; readonly breaker: Breaker }
  | { readonly kind: 'wait'; readonly until: Instant };

/** Asked inside the claim's transaction, which holds the domain's row: of many mails that are due at once, one tries. */
export function pass(breaker: Breaker, messageId: string, now: Instant): Passage {
  const settled = afterTime(breaker, now);
  if (settled.openedAt === null) return { kind: 'free', breaker: settled };
  if (settled.retryAt !== null && settled.retryAt > now) return { kind: 'wait', until: settled.retryAt };
  const probe = { probe: messageId, probeAcceptedAt: null, retryAt: now + PROBE_PATIENCE };
  return { kind: 'probe', breaker: { ...settled, ...probe } };
}

/** What time alone changes: the mail that tried was taken by the relay, and no report of a refusal has come since. */
export function afterTime(breaker: Breaker, now: Instant): Breaker {
  const { openedAt, probeAcceptedAt, retryAt } = breaker;
  return openedAt !== null && probeAcceptedAt !== null && retryAt !== null && retryAt <= now
    ? close(breaker, now)
    : breaker;
}
