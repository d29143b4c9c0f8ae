import { DAY, type Instant, MINUTE } from '../instant.ts';

/** A sign-up of the same address that nobody has confirmed. */
export interface OpenOptIn {
  readonly requestedAt: Instant;
  /** It asks for the same, in the same words. */
  readonly same: boolean;
}

/** Who presses the button twice, or reloads the page, gets one mail. */
export const SAME_AGAIN_MS = 10 * MINUTE;
/** Anybody can type in anybody's address: whoever does so again and again must not fill that mailbox. */
export const MOST_A_DAY = 4;

/**
 * Whether a sign-up gets a mail that asks to confirm: `false` where the same was asked for a moment ago, or mails enough
 * have gone to the address within a day. The links of those still work.
 */
export function asksAgain(open: readonly OpenOptIn[], now: Instant): boolean {
  const ofToday = open.filter(({ requestedAt }) => requestedAt > now - DAY);
  if (ofToday.length >= MOST_A_DAY) return false;
  return !ofToday.some(({ same, requestedAt }) => same && requestedAt > now - SAME_AGAIN_MS);
}
