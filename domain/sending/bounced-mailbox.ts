import { DAY, type Instant } from '../instant.ts';

/** A mail to one address that came back, for one cause. */
export interface EarlierBounce {
  readonly messageId: string;
  readonly at: Instant;
}

/**
 * Whether an address is to be written off for a report that it does not exist. Where the report is proven to be about our
 * mail (its return path is signed, or the provider itself says so), at once: to go on would cost the sender's reputation.
 * One that only names a Message-ID may have been written by anybody who saw the mail: then two mails must have come back, a
 * day apart.
 */
export function mailboxIsGone(
  { messageId, at, proven }: EarlierBounce & { readonly proven: boolean },
  earlier: readonly EarlierBounce[],
): boolean {
  return proven || earlier.some((other) => other.messageId !== messageId && Math.abs(at - other.at) >= DAY);
}

/** So many mails in a row must have found the mailbox full … */
const FULL_TIMES = 3;
/** … over so long. People come back from long holidays; an abandoned mailbox stays full, and becomes a spam trap. */
const FULL_FOR = 30 * DAY;

/**
 * Whether a mailbox that was full each time is given up. `earlier`: those since a mail was last delivered there, in any
 * order, this one among them or not.
 */
export function mailboxIsAbandoned(bounce: EarlierBounce, earlier: readonly EarlierBounce[]): boolean {
  const byMessage = new Map([...earlier, bounce].map(({ messageId, at }) => [messageId, at]));
  const instants = [...byMessage.values()];
  return byMessage.size >= FULL_TIMES && Math.max(...instants) - Math.min(...instants) >= FULL_FOR;
}
