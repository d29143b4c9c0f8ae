import type { Instant } from '../../domain/instant.ts';
import { isAutoReply, isListMail } from './auto-reply.ts';
import { readDeliveryReport } from './delivery-report.ts';
import type { ReportedRecipient } from './delivery-status.ts';
import { readFeedbackReport } from './feedback-report.ts';
import type { HeaderFields } from './header-fields.ts';
import { messageIdOf, messageIdsIn } from './message-ids.ts';
import { type ParsedMail, parseInbound, type UnreadableMail } from './parse-inbound.ts';
import { splitQuoted } from './quoted-text.ts';
import { readUnsubscribeAddress, readVerp } from './verp.ts';

/** Which of our mails it is about, and how sure that is. */
export interface AboutMessage {
  /** Our message: from its signed address, else from a Message-ID of our form. Null where neither names one. */
  readonly messageId: string | null;
  /** The message was named by an address that we signed; else by a Message-ID, which anybody may write who has seen it. */
  readonly verp: boolean;
  /** The Message-IDs given for our mail, without brackets: some providers replace ours by their own. */
  readonly originalMessageIds: readonly string[];
}

/** What came back. Addresses and texts in it are personal data: they belong into PostgreSQL and nowhere else. */
export type InboundMail =
  | ({
      readonly kind: 'bounce';
      readonly recipients: readonly ReportedRecipient[];
      /** Delivery is still tried; it has failed for nobody. */
      readonly delayed: boolean;
    } & AboutMessage)
  | ({
      readonly kind: 'complaint';
      /** `abuse`, `fraud`, `other` … (RFC 5965). */
      readonly feedbackType: string;
      /** As the report names it; perhaps redacted. */
      readonly recipient: string | null;
    } & AboutMessage)
  | ({
      readonly kind: 'reply';
      readonly from: string | null;
      readonly subject: string;
      /** What the person wrote. */
      readonly text: string;
      /** What it quotes. */
      readonly quoted: string;
      /** When it was written, as its `Date` has it: a claim. */
      readonly at: Instant | null;
    } & AboutMessage)
  | ({ readonly kind: 'auto-reply'; readonly from: string | null } & AboutMessage)
  | ({ readonly kind: 'unsubscribe'; readonly from: string | null } & AboutMessage)
  | { readonly kind: 'other' }
  | { readonly kind: 'unreadable'; readonly reason: UnreadableMail['reason'] };

export interface InboundInput {
  readonly raw: Uint8Array;
  /** The return path it came with: `''` or `<>` is the null sender of reports; null: not known, as from an IMAP mailbox. */
  readonly envelopeFrom: string | null;
  /** Where it was delivered to; empty: not known. */
  readonly envelopeTo: readonly string[];
  /** Of the signatures in return paths. */
  readonly secret: string;
  /** The pattern of our return paths (`verpAddress`): where only the header tells where a mail went, it is looked for there first. */
  readonly returnPath: string | null;
}

/** Addresses tried for a signature: those a mail was honestly delivered to are fewer. */
const MAX_ADDRESSES = 50;

/**
 * Reads a mail that came back to us: by whom or what it was written, and about which of our mails. Never throws, whatever
 * the mail is; work is bounded by `INBOUND_LIMITS`.
 *
 * Who may be believed is for the caller to decide: only `verp` is proof that the writer had our mail.
 */
export async function readInbound(input: InboundInput): Promise<InboundMail> {
  const mail = await parseInbound(input.raw);
  if (mail.kind === 'unreadable') return mail;
  const deliveredTo = deliveryAddresses(mail, input);
  const nullSender = isNullSender(mail, input.envelopeFrom);
  const about = (originalMessageIds: readonly string[], ...further: readonly (string | null)[]): AboutMessage => {
    const signed = signedMessage(input.secret, [...deliveredTo, ...further]);
    return { messageId: signed ?? messageIdOf(originalMessageIds), verp: signed !== null, originalMessageIds };
  };

  const feedback = readFeedbackReport(mail);
  if (feedback !== null) {
    if (!feedback.isComplaint) return { kind: 'other' };
    const { feedbackType, recipient, originalMailFrom, originalMessageIds, returned } = feedback;
    return {
      kind: 'complaint',
      feedbackType,
      recipient,
      ...about(originalMessageIds, originalMailFrom, ...returnPathsOf(returned)),
    };
  }

  const report = readDeliveryReport(mail, nullSender);
  if (report !== null) {
    const { recipients, delayed, originalMessageIds, returned } = report;
    if (recipients.length === 0) return { kind: 'other' };
    return { kind: 'bounce', recipients, delayed, ...about(originalMessageIds, ...returnPathsOf(returned)) };
  }

  const { from } = mail;
  const answered = messageIdsIn([mail.headers.get('in-reply-to'), mail.headers.get('references')]);
  // The address is in nothing but List-Unsubscribe: who or what writes to it wants no more.
  const unsubscribed = deliveredTo
    .map((address) => readUnsubscribeAddress(input.secret, address))
    .find((id) => id !== null);
  if (unsubscribed != null) {
    return { kind: 'unsubscribe', from, messageId: unsubscribed, verp: true, originalMessageIds: answered };
  }
  if (isListMail(mail)) return { kind: 'other' };
  if (isAutoReply(mail, nullSender)) return { kind: 'auto-reply', from, ...about(answered) };
  const { text, quoted } = splitQuoted(mail.text);
  if (asksToUnsubscribe(mail.subject, text)) return { kind: 'unsubscribe', from, ...about(answered) };
  return { kind: 'reply', from, subject: mail.subject, text, quoted, at: mail.at, ...about(answered) };
}

function isNullSender(mail: ParsedMail, envelopeFrom: string | null): boolean {
  // What delivered the mail to a mailbox has written the return path into it (RFC 5321 §4.4).
  const path = envelopeFrom ?? mail.headers.get('return-path');
  return path !== null && /^\s*(?:<\s*>)?\s*$/.test(path);
}

/** Where the mail went: by its envelope, or as the mailbox and the author have it in its header. */
function deliveryAddresses(mail: ParsedMail, { envelopeTo, returnPath }: InboundInput): readonly string[] {
  const names = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'x-delivered-to', 'to', 'cc'];
  const written = names
    .flatMap((name) => mail.headers.all(name))
    .flatMap((value) => value.split(/[\s,<>;]+/))
    .filter((word) => word.includes('@'));
  const domain = `@${(returnPath ?? '').replace(/^.*@/, '').toLowerCase()}`;
  const isOurs = (address: string) => address.toLowerCase().endsWith(domain);
  // Ours first: a list of a thousand others must not hide it.
  return [...envelopeTo, ...written.filter(isOurs), ...written.filter((word) => !isOurs(word))].slice(0, MAX_ADDRESSES);
}

/** The return paths of a returned mail: ours, where it came from us. */
function returnPathsOf(returned: HeaderFields | null): readonly (string | null)[] {
  return returned === null ? [] : [...returned.all('return-path'), ...returned.all('x-envelope-from')].slice(0, 5);
}

function signedMessage(secret: string, addresses: readonly (string | null)[]): string | null {
  for (const address of addresses) {
    const id = address === null ? null : readVerp(secret, address.replace(/^.*<|>.*$/g, ''));
    if (id !== null) return id;
  }
  return null;
}

const UNSUBSCRIBE =
  /^\W{0,4}(?:(?:re|aw|antw|sv|tr)\s?:\s?)?(?:please |bitte )?(?:unsubscribe(?: me)?|opt[- ]?out|remove me|stop|abmelden|abbestellen|abmeldung|austragen|d[ée]sabonner|d[ée]sinscri\w+|darse de baja|baja|cancellami|disiscriviti|afmelden|uitschrijven)(?: please| bitte)?\W{0,4}$/i;

/** Whether that is all that the person says: as the subject of an otherwise empty or equal mail, or as its one line. */
function asksToUnsubscribe(subject: string, text: string): boolean {
  const said = text.trim();
  if (UNSUBSCRIBE.test(said.slice(0, 200)) && said.length < 80) return true;
  return (
    UNSUBSCRIBE.test(subject) &&
    (said.length < 200 || /unsubscri|abmeld|abbestell|austrag|d[ée]sinscri|baja/i.test(said))
  );
}
