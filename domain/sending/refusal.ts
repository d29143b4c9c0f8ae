import { DAY, HOUR, type Instant } from '../instant.ts';
import { nextAttempt } from './backoff.ts';
import type { BounceCause } from './bounce-cause.ts';
import type { ReplyClass } from './smtp-reply.ts';

/** At which point of the conversation a server said no: to the sender, to the recipient, or to the mail itself. */
export type RefusedAt = 'sender' | 'recipient' | 'content';

/** Why a mail that a server said no to is tried again, or is not. Stable codes. */
export type AnswerReason = 'smtp-deferred' | 'mailbox-full' | 'sender-refused' | 'content-refused' | 'smtp-refused';

/** What a server's no makes of a mail. */
export interface Refusal {
  readonly state: 'deferred' | 'refused';
  /** `smtp-unreachable`: it is no word on this mail at all, but on our being let in. */
  readonly reason: AnswerReason | 'smtp-unreachable';
  /** What it tells of the address or the sender; null: nothing. */
  readonly cause: BounceCause | null;
  /** RFC 3463, where one was given. */
  readonly status: string | null;
  /** A code without personal data. */
  readonly why: string;
}

/**
 * Of our own server, which lets us not in, takes nothing for others from us, or has closed our account: no word on whom it is
 * for, nor of the domain that it is for, whose breaker would outlast what is mended with our provider.
 */
const OF_OUR_SERVER: readonly string[] = ['sign-in', 'relay-denied', 'sender-account'];

/**
 * What becomes of a mail after a server's no, which `classified` has read. A no to the sender is none to the person,
 * whatever its words; nor is a bare one to the content, after the recipient was taken.
 */
export function refusalOf(classified: ReplyClass, at: RefusedAt): Refusal {
  const { why, status } = classified;
  if (OF_OUR_SERVER.includes(why)) return { state: 'deferred', reason: 'smtp-unreachable', cause: null, status, why };
  const { kind, cause } = heardAt(classified, at);
  switch (kind) {
    case 'retry-later':
      return { state: 'deferred', reason: cause === 'full' ? 'mailbox-full' : 'smtp-deferred', cause, status, why };
    case 'this-sender-problem':
      return {
        state: 'deferred',
        reason: cause === 'content' ? 'content-refused' : 'sender-refused',
        cause,
        status,
        why,
      };
    case 'this-address-never':
      return { state: 'refused', reason: 'smtp-refused', cause, status, why };
  }
}

function heardAt(classified: ReplyClass, at: RefusedAt): Pick<ReplyClass, 'kind' | 'cause'> {
  if (classified.kind !== 'this-address-never' || at === 'recipient') return classified;
  if (at === 'sender') return { kind: 'this-sender-problem', cause: 'policy' };
  // `550` with no further word: a filter's more often than a mailbox's, which would have been refused before.
  return classified.why === 'mailbox-unavailable' ? { kind: 'this-sender-problem', cause: 'content' } : classified;
}

/** After so long of being put off a mail is given up (RFC 5321 §4.5.4.1: at least 4–5 days). */
export const GIVE_UP_MS = 5 * DAY;

/** Less than ten attempts within that time, and something else held it back: it is tried on. */
const FEWEST_ATTEMPTS = 10;

/** The deferrals that count towards giving up: a server's word on this mail. An outage of our own, or a template that is missing, is no word. */
export const wordsOnTheMail: readonly string[] = [
  'smtp-deferred',
  'mailbox-full',
  'sender-refused',
  'content-refused',
] satisfies AnswerReason[];

/** Who was refused for its reputation or content hears the same in a minute, and is thought worse of for asking. */
const SENDER_PAUSE_MS = HOUR;

/**
 * When a deferred mail is tried again, after its `attempts`-th attempt; null: it is given up. `firstDeferredAt` is when a
 * server first put it off.
 */
export function nextAfterDeferral(
  { reason, attempts, firstDeferredAt }: { reason: string; attempts: number; firstDeferredAt: Instant | null },
  now: Instant,
): Instant | null {
  if (!wordsOnTheMail.includes(reason)) return nextAttempt(attempts, now);
  const long = firstDeferredAt !== null && now - firstDeferredAt >= GIVE_UP_MS;
  if (long && attempts >= FEWEST_ATTEMPTS) return null;
  const next = nextAttempt(attempts, now);
  const ours = reason === 'sender-refused' || reason === 'content-refused';
  return ours ? Math.max(next, now + SENDER_PAUSE_MS) : next;
}
