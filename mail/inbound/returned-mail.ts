import { type HeaderFields, readFields } from './header-fields.ts';
import type { ParsedMail } from './parse-inbound.ts';

/** What a report says, and the header of the mail that it is about. */
export interface SplitReport {
  /** The words of the report, without the mail returned below them. */
  readonly words: string;
  /** The header of the returned mail; null where none came back. */
  readonly returned: HeaderFields | null;
}

/** Enough for the header of a mail that has come a long way. */
const MAX_HEADER = 64 * 1024;

const RETURNED_TYPES = new Set([
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/rfc822-headers',
  'message/global-headers',
  'message/partial',
]);

/** The lines by which servers begin the copy of a mail within the text of their report. */
const COPY_BEGINS =
  /^(?:[ \t>]{0,8}[-=_*]{2,}[ \t]{0,4}(?:below (?:this|the next) line|this is a copy|the (?:header|body|full)|(?:your |the )?original (?:message|mail|header)|returned (?:message|mail)|unsent message|copy of|message (?:header|content)|headers? of|included is a copy|begin message|start of returned|forwarded message|nachricht)|original message headers?:|[ \t]{0,4}(?:the )?(?:original )?message headers?(?: follow)?:|urspr.{1,2}ngliche nachrichtenkopfzeilen:|(?:received: (?:from|by|\()|return-path: ?<|dkim-signature: ?v=1|message-id: ?<)).{0,500}$/im;

/** Splits a report into its words and the mail that it returns, which is a part of its own or stands below the words. */
export function splitReport(mail: ParsedMail): SplitReport {
  const part = mail.parts.find(({ type }) => RETURNED_TYPES.has(type));
  const begins = COPY_BEGINS.exec(mail.text);
  const words = begins === null ? mail.text : mail.text.slice(0, begins.index);
  // Domino and others return a mail as a text attachment.
  const attached = part ?? mail.parts.find(({ type }) => type === 'text/plain');
  if (attached !== undefined) {
    const returned = readFields(attached.text(MAX_HEADER));
    if (returned.size > 0) return { words, returned };
  }
  if (begins === null) return { words, returned: null };
  const isHeader = /^[\w-]+: ?/.test(begins[0]) && !/headers?(?: follow)?:$|kopfzeilen:$/i.test(begins[0].trim());
  const from = begins.index + (isHeader ? 0 : begins[0].length);
  // Exchange and sendmail indent the copy, or quote it.
  const copy = mail.text.slice(from, from + MAX_HEADER).replaceAll(/^(?:> ?| {1,8}(?=[A-Z][\w-]*: ))/gm, '');
  const returned = readFields(copy.trimStart());
  return { words, returned: returned.size > 0 ? returned : null };
}
