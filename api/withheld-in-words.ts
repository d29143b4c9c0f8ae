import type { WithheldReason } from '../domain/sending/gate.ts';
import type { MessageState } from '../domain/sending/message.ts';
import { sequenceInWords } from './sequence-in-words.ts';

/** What a mail's codes say, with its instants in words. */
export interface MailInWords {
  /** `The mail "offer"`. */
  readonly what: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly nextAttempt: string | null;
  readonly deadline: string | null;
}

/** A mail's state in a sentence. */
export function mailInWords({ what, state, reason, detail, nextAttempt, deadline }: MailInWords): string {
  const because = reason === null ? '' : `: ${reasonInWords(reason, detail)}`;
  const next = nextAttempt === null ? '' : `; next attempt ${nextAttempt}`;
  const last = deadline === null ? '' : `; dropped if not sent by ${deadline}`;
  switch (state) {
    case 'due':
      return `${what} is being sent.`;
    case 'claimed':
      return `${what} is on its way to the mail server.`;
    case 'delayed':
    case 'deferred':
      return `${what} is withheld${because}${next}${last}.`;
    case 'dropped':
    case 'superseded':
      return `${what} was not sent${because}.`;
    case 'refused':
      return `${what} was refused${because}.`;
    case 'unknown':
      return `Whether ${what.charAt(0).toLowerCase()}${what.slice(1)} arrived is not known${because}. It counts as sent.`;
    case 'accepted':
      return `${what} was sent.`;
  }
}

/** Why a mail was withheld or did not arrive, as the end of a sentence; a code that is not known here as it is. */
export function reasonInWords(reason: string, detail: string | null): string {
  if (!isKnown(reason)) return detail === null ? reason : `${reason} (${detail})`;
  const words = WORDS[reason];
  if (detail === null) return words;
  switch (reason) {
    case 'another-first':
      return `the mail of ${sequenceInWords(detail)} comes first`;
    case 'spacing':
      return `${words} (at least ${detail} between two)`;
    case 'frequency-promise':
    case 'own-limit':
      return `${words} (at most ${detail})`;
    case 'enrolment-ended':
    case 'left-the-stage':
      return words;
    default:
      return `${words} (${detail})`;
  }
}

function isKnown(reason: string): reason is keyof typeof WORDS {
  return Object.hasOwn(WORDS, reason);
}

/** What the gate says: a code without words does not compile. */
const WITHHELD: Readonly<Record<WithheldReason, string>> = {
  'sales-has-the-lead': 'sales has the lead',
  paused: 'all marketing is paused',
  'sequence-paused': 'its sequence is paused',
  'after-a-pause': 'its sequence was paused, and the mails held back come one after the other',
  'another-first': 'another mail with the same content comes first',
  throttle: 'the mail server is to be spared',
  cap: 'the cap on mails is reached',
  spacing: 'the last mail was a short while ago',
  window: 'it is not the time for mails',
  'quiet-hours': 'these are quiet hours',
  weekend: 'it is the weekend',
  holiday: 'it is a public holiday',
  'already-received': 'this person was sent the same content before',
  'no-address': 'no mail address is known',
  'no-consent': 'there is no consent for this purpose',
  'consent-for-another-address': 'the consent is for another address',
  'consent-withdrawn': 'the consent was withdrawn',
  suppressed: 'the address is on the suppression list',
  'consent-stale': 'the consent is too old, and was not confirmed anew',
  'paused-by-the-person': 'the person asked for a pause',
  'own-limit': 'the person asked not to be written to more often',
  'receiver-refuses': "the person's mail provider refuses mail from us for now",
  'sender-paused': 'this sender is paused: too many people complained',
  'frequency-promise': 'the consent promised not to write more often',
  'deadline-passed': 'its deadline has passed',
  'left-the-stage': 'the lead is in another stage now',
  'enrolment-ended': 'its sequence has ended for this lead',
  'template-missing': 'its template is not published',
  'render-failed': 'the template asks for something that is not known of this lead',
};

const WORDS = {
  ...WITHHELD,
  'no-result': 'the attempt ended without an answer',
  'no-smtp-answer': 'the mail server took the content and gave no answer',
  'smtp-deferred': 'the mail server asked to try again later',
  'smtp-unreachable': 'the mail server could not be reached',
  'smtp-refused': 'the mail server says that there is no such mailbox',
  'mailbox-full': 'the mailbox is full',
  'sender-refused': "the person's mail server refuses mail from this sender",
  'content-refused': "the person's mail server refuses this mail for what is in it",
  'gave-up': 'the mail server put it off for five days',
  'sender-missing': 'its sender is not published',
  'server-not-configured': 'the mail server that its sender names is not among TEND_SMTP_SERVERS',
  'dkim-key-missing': 'the key that its sender signs with is not there (tend dkim create)',
  'dkim-key-unusable': 'nothing can be signed with the key that its sender names',
  'send-again': 'nobody knows whether it left, and its sender has it sent again',
  'counted-as-sent': 'nobody knows whether it left, and its sender counts it as sent',
  'proved-by-bounce': 'it has left: a report on it came back',
  'proved-by-open': 'it has left: it was opened',
  'proved-by-click': 'it has left: a link in it was followed',
  'proved-by-provider': 'it has left: the provider says so',
  'proved-by-reply': 'it has left: it was answered',
  'database-unreachable': 'the database could not be reached',
  'lease-ended': 'the attempt came too late, and another is made',
  'settled-by-hand': 'somebody found out that it was sent',
  'settled-not-sent': 'somebody found out that it had not left',
  'not-in-allow-list': 'the address is not in TEND_MAIL_ONLY_TO',
  'no-longer-offered': 'the lead is no longer offered to this representative',
  reassigned: 'the lead was offered to another representative',
  accepted: 'the lead was accepted before',
  closed: 'the handoff was closed before',
  merged: 'the lead was merged with another',
  'mailing-cancelled': 'its mailing was cancelled',
  'another-version': 'the lead was taken over to another version of the sequence',
  'skipped-by-hand': 'somebody took the lead past this step',
  'nobody-to-tell': 'this colleague is not there any more',
  'test-lead': 'nobody in the company is told of a test lead',
} as const satisfies Readonly<Record<string, string>>;
