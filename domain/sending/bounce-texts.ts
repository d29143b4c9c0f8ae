import { anyOf, type BounceTextRule } from './bounce-text-rule.ts';
import { recipientFailureTexts } from './recipient-failure-texts.ts';
import { senderRefusalTexts } from './sender-refusal-texts.ts';

/**
 * The order matters. What refuses the sender comes before what refuses the address, for such answers often say "mailbox
 * unavailable" too (and a sender's own address may be what is "unknown"); what is narrower comes before what is wider.
 * Collected from the published replies of Gmail, Outlook.com and Exchange, Yahoo and AOL, iCloud, GMX and WEB.DE, T-Online,
 * Orange, Mail.ru, Yandex, Proofpoint, Mimecast, Barracuda, IronPort, Postfix, Exim, Sendmail, qmail, Dovecot and Domino.
 */
export const bounceTextRules: readonly BounceTextRule[] = [
  // The recipient gets more mail than it may; nothing to do with us. Gmail says it as 450 4.2.1 and as 550 5.2.1.
  {
    cause: 'transient',
    why: 'recipient-busy',
    says: anyOf('receiving mail (?:at a rate|too quickly)', 'RESOLVER\\.ADR\\.RecipientLimit', 'receive limit from'),
  },
  {
    cause: 'transient',
    why: 'greylisted',
    only: 'passing',
    says: anyOf('gr[ea]y[- ]?list', 'sender/recipient triple', 'internal resources are temporarily unavailable'),
  },
  // A group or person that takes mail from certain senders only: "SenderNotAuthenticated…" is not about SPF or DKIM.
  {
    cause: 'mailbox',
    why: 'recipient-restricted',
    says: anyOf(
      'RESOLVER\\.RST\\.|SenderNotAuthenticated',
      'only (?:accepts?|accepting) (?:mail|messages?|e-?mail) from',
      'not (?:authorized|allowed|permitted) to (?:send|post)(?: mail| messages?| e-?mail)? to (?:this|the) (?:recipient|list|group|mailbox|address)',
      'delivery to (?:this|the) (?:recipient|address|group) is restricted',
      'recipient preferences|blocked by the recipient|recipient .{0,20}refuses? to (?:accept|receive)|members-only list|closed mailing list|not subscribed to this group',
    ),
  },
  {
    cause: 'mailbox',
    why: 'suppressed-by-provider',
    says: anyOf('suppression list|has suppressed|history of bouncing|bounced address|previously bounced|drop ?list'),
  },
  ...senderRefusalTexts,
  ...recipientFailureTexts,
  {
    cause: 'policy',
    why: 'policy',
    says: anyOf(
      'polic(?:y|ies)\\b|administrative prohibition|prohibited by administrator|access (?:has been )?(?:denied|rejected)|not accepted from|transaction failed reject|refused by (?:local|site)|local restrictions|permanently (?:blocked|rejected)|banned|blocked|go away|not authorized|organizational settings|requires confirmation|protocol violation',
    ),
  },
];
