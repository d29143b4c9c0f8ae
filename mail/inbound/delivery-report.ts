import { judge, type ReportedRecipient, readDeliveryStatus } from './delivery-status.ts';
import type { HeaderFields } from './header-fields.ts';
import { messageIdsIn } from './message-ids.ts';
import type { ParsedMail } from './parse-inbound.ts';
import { failedRecipients, isPlainReport, readPlainReport, saysDelayed } from './plain-report.ts';
import { splitReport } from './returned-mail.ts';

export interface DeliveryReport {
  /** Those that the mail did not reach, or not yet. Empty for a report of success. */
  readonly recipients: readonly ReportedRecipient[];
  /** Delivery is still tried; it has failed for nobody. */
  readonly delayed: boolean;
  /** Message-IDs that the report gives for the mail that it is about, the surest first. */
  readonly originalMessageIds: readonly string[];
  /** The header of the returned mail. */
  readonly returned: HeaderFields | null;
}

/** Enough for some dozens of recipients. */
const MAX_STATUS = 100_000;

/**
 * Reads a report on delivery: RFC 3464 (RFC 6533 with addresses in UTF-8), or prose. Null where the mail is none.
 * `nullSender`: it came with the empty return path, as reports do (RFC 5321 §4.5.5).
 */
export function readDeliveryReport(mail: ParsedMail, nullSender: boolean): DeliveryReport | null {
  const { words, returned } = splitReport(mail);
  const part = mail.parts.find(({ type }) => /^message\/(?:global-)?delivery-status$/.test(type));
  // Amazon WorkMail and others write the fields into the text.
  const begins = part === undefined ? words.search(/^(?:reporting-mta|final-recipient|action):/im) : -1;
  const status = part?.text(MAX_STATUS) ?? (begins < 0 ? undefined : words.slice(begins, begins + MAX_STATUS));
  if (status !== undefined) {
    const { perMessage, recipients } = readDeliveryStatus(status);
    if (part !== undefined || (recipients.length > 0 && isPlainReport(mail, words, nullSender))) {
      return fromFields(mail, { words, returned, perMessage, recipients });
    }
  }
  if (!isPlainReport(mail, words, nullSender)) return null;
  return {
    recipients: readPlainReport(mail, words),
    delayed: saysDelayed(mail, words),
    originalMessageIds: idsOf(mail, returned, null),
    returned,
  };
}

function fromFields(
  mail: ParsedMail,
  read: ReturnType<typeof readDeliveryStatus> & { readonly words: string; readonly returned: HeaderFields | null },
): DeliveryReport {
  const { words, returned, perMessage, recipients } = read;
  const failed = recipients.filter(({ action }) => action === null || action === 'failed' || action === 'delayed');
  const originalMessageIds = idsOf(mail, returned, perMessage);
  // A report of success, which nobody asked for.
  if (recipients.length > 0 && failed.length === 0)
    return { recipients: [], delayed: false, originalMessageIds, returned };
  // The fields are there but name nobody, or were cut off: what can be had from the words.
  if (failed.length === 0) {
    return {
      recipients: readPlainReport(mail, words),
      delayed: saysDelayed(mail, words),
      originalMessageIds,
      returned,
    };
  }
  const [only] = failedRecipients(mail);
  return {
    recipients: failed.map((recipient) =>
      judge({ ...recipient, address: recipient.address ?? (failed.length === 1 ? (only ?? null) : null) }, words),
    ),
    delayed: failed.every(({ action }) => action === 'delayed'),
    originalMessageIds,
    returned,
  };
}

/** The returned mail's own id first; `In-Reply-To` is what Gmail and Exchange set. */
function idsOf(mail: ParsedMail, returned: HeaderFields | null, perMessage: HeaderFields | null): readonly string[] {
  return messageIdsIn([
    returned?.get('message-id') ?? null,
    perMessage?.get('x-original-message-id') ?? null,
    mail.headers.get('in-reply-to'),
    mail.headers.get('references'),
  ]);
}
