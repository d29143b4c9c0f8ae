import { DAY, type Instant, MINUTE } from '../instant.ts';

/** A sign-up of the same address that nobody has confirmed. */
export interface OpenOptIn {
  readonly requestedAt: Instant;
  /** Its link works still, and it asks for the same, in the same words. */
  readonly same: boolean;
}

/** Who presses the button twice, or reloads the page, gets one mail. */
export const SAME_AGAIN_MS = 10 * MINUTE;
/** Anybody can type in anybody's address: whoever does so again and again must not fill that mailbox. */
export const MOST_A_DAY = 4;

/**
 * When a sign-up that nobody confirms is deleted: when it has run out, and not within the day that it is counted for, or who
 * fills a mailbox with them could begin anew as soon as one is over.
 */
export function deletedAt({ requestedAt, expiresAt }: { requestedAt: Instant; expiresAt: Instant }): Instant {
  return Math.max(expiresAt, requestedAt + DAY);
}

/**
 * Whether a sign-up gets a mail that asks to confirm: `false` where the same was asked for a moment ago, or mails enough
 * have gone to the address within a day. The links of those that have not run out still work.
 */
export function asksAgain(open: readonly OpenOptIn[], now: Instant): boolean {
  const ofToday = open.filter(({ requestedAt }) => requestedAt > now - DAY);
  if (ofToday.length >= MOST_A_DAY) return false;
  return !ofToday.some(({ same, requestedAt }) => same && requestedAt > now - SAME_AGAIN_MS);
}
