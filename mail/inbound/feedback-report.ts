import { cleanAddress } from './clean-text.ts';
import { type HeaderFields, readFields } from './header-fields.ts';
import { messageIdsIn } from './message-ids.ts';
import { firstMailbox, type ParsedMail } from './parse-inbound.ts';
import { splitReport } from './returned-mail.ts';

export interface FeedbackReport {
  /** `Feedback-Type` in lower case: abuse, fraud, other, opt-out … (RFC 5965 §7.3). */
  readonly feedbackType: string;
  /** A person complained. Reports by machines, and that a mail is *not* spam, are none. */
  readonly isComplaint: boolean;
  /** Whom the mail went to, as the report names it: it may be redacted (RFC 6590), in any way. */
  readonly recipient: string | null;
  /** The return path of the mail, as the report gives it: it holds our token. */
  readonly originalMailFrom: string | null;
  readonly originalMessageIds: readonly string[];
  readonly returned: HeaderFields | null;
}

const MAX_FIELDS = 20_000;

/**
 * What no person has complained by: a correction, a failed check of the sender (RFC 6591) or an infected mail. Unknown
 * types are complaints: RFC 5965 §7.3 has them read as "other".
 */
const NO_COMPLAINTS = new Set(['not-spam', 'auth-failure', 'virus', 'dmarc', 'unsolicited-bounce']);

/** Reads a complaint: RFC 5965, or what Outlook.com's older programme forwards. Null where the mail is none. */
export function readFeedbackReport(mail: ParsedMail): FeedbackReport | null {
  const part = mail.parts.find(({ type }) => type === 'message/feedback-report');
  if (part === undefined) return isForwardedComplaint(mail) ? fromForwarded(mail) : null;
  const fields = readFields(part.text(MAX_FIELDS).trimStart());
  const { returned } = splitReport(mail);
  const feedbackType = (/^[\w-]{1,40}/.exec(fields.get('feedback-type') ?? '')?.[0] ?? 'other').toLowerCase();
  const mailFrom = fields.get('original-mail-from') ?? returned?.get('return-path') ?? null;
  return {
    feedbackType,
    isComplaint: !NO_COMPLAINTS.has(feedbackType),
    recipient: recipientOf(fields, returned),
    originalMailFrom: mailFrom === null ? null : cleanAddress(mailFrom),
    originalMessageIds: messageIdsIn([
      returned?.get('message-id') ?? null,
      // Some give it as a field of their own.
      fields.get('original-message-id') ?? fields.get('message-id'),
      mail.headers.get('in-reply-to'),
    ]),
    returned,
  };
}

function recipientOf(fields: HeaderFields, returned: HeaderFields | null): string | null {
  const named =
    fields.get('original-rcpt-to') ??
    fields.get('removal-recipient') ??
    fields.get('original-recipient') ??
    returned?.get('x-hmxmroriginalrecipient') ??
    null;
  return named === null
    ? firstMailbox(returned?.get('to') ?? null).address
    : cleanAddress(named.replace(/^rfc822;\s*/i, ''));
}

/** Microsoft's Junk Mail Reporting, before it took up RFC 5965: the mail as an attachment, from a staff address. */
const isForwardedComplaint = (mail: ParsedMail): boolean =>
  /^(?:staff@hotmail\.com|[\w.-]+@(?:[\w-]+\.)*(?:hotmail|outlook|microsoft)\.com)$/i.test(mail.from ?? '') &&
  /^complaint about message from/i.test(mail.subject);

function fromForwarded(mail: ParsedMail): FeedbackReport | null {
  const { returned } = splitReport(mail);
  if (returned === null) return null;
  return {
    feedbackType: 'abuse',
    isComplaint: true,
    recipient: recipientOf(readFields(''), returned),
    originalMailFrom: cleanAddress(returned.get('return-path') ?? ''),
    originalMessageIds: messageIdsIn([returned.get('message-id')]),
    returned,
  };
}
