import { bareAddress } from '../domain/sender/sender.ts';
import { readUnsubscribeAddress, readVerp } from '../mail/inbound/verp.ts';
import type { Queryable } from './database.ts';
import { loadSenders } from './load-sender.ts';

export interface ReturnAddressOptions {
  /** Of the signatures in return paths. */
  readonly signingSecret: string;
  /** Setting TEND_MAIL_FROM. */
  readonly mailFrom: string;
}

/**
 * Whether mail to `address` is for us: the signed return path or unsubscribe address of one of our mails, whichever domain it
 * was made for; the address that a live sender writes from or is answered at; and `postmaster` of the domains of return paths,
 * which every server that takes mail must have (RFC 5321 §4.5.1). Nothing else is taken: what is refused here is refused to the
 * server that hands it in, and nobody gets a bounce of a bounce.
 */
export async function isReturnAddress(
  queryable: Queryable,
  address: string,
  { signingSecret, mailFrom }: ReturnAddressOptions,
): Promise<boolean> {
  if (readVerp(signingSecret, address) !== null || readUnsubscribeAddress(signingSecret, address) !== null) return true;
  const lower = address.toLowerCase();
  const senders = await loadSenders(queryable, mailFrom);
  return senders.some(({ from, replyTo, returnPath }) => {
    const answered = [from, ...(replyTo === undefined ? [] : [replyTo])].map((mailbox) =>
      bareAddress(mailbox).toLowerCase(),
    );
    const postmaster = returnPath === undefined ? null : `postmaster@${returnPath.replace(/^.*@/, '').toLowerCase()}`;
    return answered.includes(lower) || lower === postmaster;
  });
}
