import type { BounceReason } from './bounce-reason.ts';
import { type EnhancedStatus, isSpecific } from './smtp-status.ts';

/** `subject.detail` of statuses that say enough by themselves, in the meaning of RFC 3463, RFC 5248 and Exchange's list. */
const STATUSES: Readonly<Record<string, BounceReason>> = {
  '1.0': { cause: 'mailbox', why: 'mailbox-unavailable' },
  '1.1': { cause: 'mailbox', why: 'no-such-mailbox' },
  '1.2': { cause: 'mailbox', why: 'no-such-domain' },
  '1.3': { cause: 'mailbox', why: 'address-malformed' },
  '1.4': { cause: 'mailbox', why: 'no-such-mailbox' },
  '1.6': { cause: 'mailbox', why: 'mailbox-moved' },
  // RFC 7505 §5.1: null MX. Exchange uses it for a recipient that was not found.
  '1.10': { cause: 'mailbox', why: 'no-such-mailbox' },
  '2.0': { cause: 'mailbox', why: 'mailbox-unavailable' },
  '2.1': { cause: 'mailbox', why: 'mailbox-disabled' },
  '2.2': { cause: 'full', why: 'mailbox-full' },
  '2.3': { cause: 'content', why: 'message-too-large' },
  '2.4': { cause: 'transient', why: 'list-expansion' },
  '3.0': { cause: 'transient', why: 'server-trouble' },
  '3.1': { cause: 'transient', why: 'server-full' },
  '3.2': { cause: 'transient', why: 'server-busy' },
  '3.3': { cause: 'content', why: 'feature-unsupported' },
  '3.4': { cause: 'content', why: 'message-too-large' },
  '3.5': { cause: 'transient', why: 'server-trouble' },
  '4.310': { cause: 'mailbox', why: 'no-such-domain' },
  '5.3': { cause: 'policy', why: 'rate-limited' },
  '6.7': { cause: 'content', why: 'feature-unsupported' },
  '7.2': { cause: 'mailbox', why: 'recipient-restricted' },
  '7.8': { cause: 'policy', why: 'sign-in' },
  '7.9': { cause: 'policy', why: 'sign-in' },
  '7.11': { cause: 'policy', why: 'sign-in' },
  '7.13': { cause: 'policy', why: 'sign-in' },
  '7.12': { cause: 'mailbox', why: 'recipient-restricted' },
  // RFC 7293 §14: whoever has the address now is not who gave it.
  '7.17': { cause: 'mailbox', why: 'owner-changed' },
  '7.18': { cause: 'mailbox', why: 'owner-changed' },
  '7.20': { cause: 'policy', why: 'unauthenticated' },
  '7.21': { cause: 'policy', why: 'unauthenticated' },
  '7.22': { cause: 'policy', why: 'unauthenticated' },
  '7.23': { cause: 'policy', why: 'unauthenticated' },
  '7.24': { cause: 'policy', why: 'unauthenticated' },
  '7.25': { cause: 'policy', why: 'reverse-dns' },
  '7.26': { cause: 'policy', why: 'unauthenticated' },
  '7.27': { cause: 'policy', why: 'sender-refused' },
  '7.28': { cause: 'policy', why: 'rate-limited' },
  '7.29': { cause: 'policy', why: 'unauthenticated' },
  '7.30': { cause: 'policy', why: 'unauthenticated' },
  '7.32': { cause: 'policy', why: 'unauthenticated' },
  // Exchange Online, to whoever hands mails in: not signed in; not as this From.
  '7.57': { cause: 'policy', why: 'sign-in' },
  '7.60': { cause: 'policy', why: 'sender-refused' },
  '7.509': { cause: 'policy', why: 'unauthenticated' },
  '7.515': { cause: 'policy', why: 'unauthenticated' },
};

/** Statuses that are about the sender, whatever the words beside them: `501 5.1.7 Invalid address` is not about the recipient's. */
const ABOUT_THE_SENDER: Readonly<Record<string, BounceReason>> = {
  '1.7': { cause: 'policy', why: 'sender-refused' },
  '1.8': { cause: 'policy', why: 'sender-refused' },
  // Exchange Online: our own limit of recipients a day.
  '1.90': { cause: 'policy', why: 'rate-limited' },
};

/** What a status says that no words can gainsay; null: it is none of these. */
export function byOwnStatus(status: EnhancedStatus | null): BounceReason | null {
  return status === null ? null : (ABOUT_THE_SENDER[`${status.subject}.${status.detail}`] ?? null);
}

/** What an enhanced status says by itself; null where that is nothing. `failed`: the server called it permanent. */
export function byStatus(status: EnhancedStatus | null, failed: boolean): BounceReason | null {
  if (status === null || !isSpecific(status)) return null;
  const { subject, detail } = status;
  const known = STATUSES[`${subject}.${detail}`];
  if (known) return known;
  switch (subject) {
    case 1:
      return { cause: 'mailbox', why: 'mailbox-unavailable' };
    case 2:
      // Exchange: the recipient gets more mail than its limit allows.
      if (detail >= 120 && detail <= 122) return { cause: 'transient', why: 'recipient-busy' };
      return { cause: 'mailbox', why: 'mailbox-unavailable' };
    case 3:
      return { cause: 'transient', why: 'server-trouble' };
    case 4:
      // X.4.4, "unable to route": Postfix gives it as permanent for a domain that does not exist.
      if (detail === 4 && failed) return { cause: 'mailbox', why: 'no-such-domain' };
      if (detail === 6) return { cause: 'transient', why: 'routing-loop' };
      if (detail === 7 || detail === 300) return { cause: 'transient', why: 'expired' };
      return { cause: 'transient', why: 'unreachable' };
    case 5:
      // X.5.0 stands beside many a code: 550 5.5.0 is a mailbox of Outlook.com, 554 5.5.0 a refusal. The code says more.
      return detail === 0 ? null : { cause: 'policy', why: 'protocol-error' };
    case 6:
      return { cause: 'content', why: 'malformed-message' };
    case 7:
      return byPolicyDetail(detail);
    default:
      return null;
  }
}

/** Microsoft's own details of X.7.Z, by its published list of non-delivery codes. */
function byPolicyDetail(detail: number): BounceReason {
  if (detail >= 120 && detail <= 139) return { cause: 'mailbox', why: 'recipient-restricted' };
  if (detail >= 606 && detail <= 649) return { cause: 'policy', why: 'blocklisted' };
  if (detail >= 700 && detail <= 750) return { cause: 'policy', why: 'rate-limited' };
  return { cause: 'policy', why: 'policy' };
}

/** What a bare reply code says (RFC 5321 §4.2.3, RFC 7504, RFC 4954 §6). */
export function byCode(code: number | null): BounceReason | null {
  switch (code) {
    case null:
      return null;
    case 421:
      return { cause: 'transient', why: 'server-busy' };
    case 452:
      return { cause: 'transient', why: 'server-full' };
    case 521:
    case 556:
      return { cause: 'mailbox', why: 'domain-takes-no-mail' };
    case 530:
    case 534:
    case 535:
    case 538:
      return { cause: 'policy', why: 'sign-in' };
    case 550:
    case 553:
      return { cause: 'mailbox', why: 'mailbox-unavailable' };
    case 551:
      return { cause: 'mailbox', why: 'mailbox-moved' };
    case 552:
      return { cause: 'full', why: 'mailbox-full' };
    case 554:
    case 541:
    case 571:
      return { cause: 'policy', why: 'policy' };
    default:
      if (code < 500) return { cause: 'transient', why: 'temporary' };
      return code < 506 || code === 555 ? { cause: 'policy', why: 'protocol-error' } : null;
  }
}
