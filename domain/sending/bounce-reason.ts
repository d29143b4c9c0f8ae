/**
 * Why a mail came back.
 *
 * - `mailbox`: this address takes no mail from us, now or later: unknown, closed, or of a domain without mail;
 * - `full`: the mailbox has no room today;
 * - `policy`: the receiver refuses this sender: reputation, block list, authentication, too much mail. It says nothing of
 *   the person;
 * - `content`: this one mail was refused: too large, malformed, thought harmful. It says nothing of the person nor of others;
 * - `transient`: it may well pass another time, or nobody says why.
 */
export type BounceCause = 'mailbox' | 'full' | 'policy' | 'content' | 'transient';

/** A cause, and what in particular. */
export interface BounceReason {
  readonly cause: BounceCause;
  /**
   * A stable code without personal data: fit for rows, logs and metrics. `mailbox-unavailable` is a refusal without a
   * stated reason, weaker than `no-such-mailbox`; `unexplained` says nothing at all.
   */
  readonly why: string;
}
