import { type BounceCause, type BounceFacts, causeOf, type DeliveryAction } from '../../domain/sending/bounce-cause.ts';
import { isSpecific, readReplyCode, readStatus, statusText } from '../../domain/sending/smtp-status.ts';
import { cleanAddress } from './clean-text.ts';
import { type HeaderFields, readFields } from './header-fields.ts';

/** What a report says of one recipient. */
export interface ReportedRecipient {
  readonly address: string | null;
  readonly cause: BounceCause;
  /** The server will not take it, however often it is tried. */
  readonly permanent: boolean;
  /** The enhanced status, as `5.1.1`. */
  readonly status: string | null;
  /** Stable code (domain/sending/bounce-cause.ts). */
  readonly why: string;
  /** The server's words: they may hold addresses. At most 1,000 characters. */
  readonly diagnostic: string | null;
}

/** The fields of one recipient in a delivery report, before they are judged. */
export interface RecipientStatus {
  readonly address: string | null;
  readonly action: DeliveryAction | null;
  readonly status: string | null;
  readonly diagnostic: string | null;
}

export interface DeliveryStatus {
  readonly perMessage: HeaderFields;
  /** The first twenty. */
  readonly recipients: readonly RecipientStatus[];
}

/** Tend writes to one person a mail; a report on more than a few is about something else, or made up. */
const MAX_RECIPIENTS = 20;

const ACTIONS: readonly string[] = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] satisfies DeliveryAction[];

/**
 * Reads the body of a `message/delivery-status` (RFC 3464 §2): groups of fields, the first about the mail, each further
 * one about a recipient. Some servers leave the first out, or run it into the second: what has a recipient's fields is one.
 */
export function readDeliveryStatus(text: string): DeliveryStatus {
  let perMessage: HeaderFields | null = null;
  const recipients: RecipientStatus[] = [];
  for (const group of text.split(/\n[ \t]*\n/)) {
    const fields = readFields(group.trimStart());
    if (fields.size === 0) continue;
    perMessage ??= fields;
    const recipient = recipientOf(fields);
    if (recipient !== null) recipients.push(recipient);
    if (recipients.length >= MAX_RECIPIENTS) break;
  }
  return { perMessage: perMessage ?? readFields(''), recipients };
}

function recipientOf(fields: HeaderFields): RecipientStatus | null {
  const named = addressOf(fields.get('original-recipient')) ?? addressOf(fields.get('final-recipient'));
  const given = fields.get('status');
  const action = /^[a-z]+/i.exec(fields.get('action') ?? '')?.[0].toLowerCase() ?? null;
  if (named === null && fields.get('final-recipient') === null && given === null && action === null) return null;
  const status = given === null ? null : readStatus(given);
  return {
    address: named,
    action: action !== null && ACTIONS.includes(action) ? (action as DeliveryAction) : null,
    status: status && statusText(status),
    // `smtp; 550 …` (RFC 3464 §2.3.6); the type is left out by some.
    diagnostic: fields.get('diagnostic-code')?.replace(/^[\w.-]{1,40}[ \t]{0,3};[ \t]{0,9}/, '') ?? null,
  };
}

/** `rfc822; a@b` or `utf-8; ä@b` (RFC 6533); bare with some servers. */
function addressOf(value: string | null): string | null {
  return value === null ? null : cleanAddress(value.replace(/^[\w.-]{1,40}[ \t]{0,3};[ \t]{0,9}/, ''));
}

/** Judges what was said of a recipient. `words` are the report's own, for where its fields say nothing. */
export function judge(recipient: RecipientStatus, words: string): ReportedRecipient {
  const facts = factsOf(recipient);
  const verdict = causeOf(facts);
  const fromWords = verdict.why === 'unexplained' && words.trim() !== '' ? causeOf(wordsFacts(facts, words)) : verdict;
  const diagnostic = recipient.diagnostic ?? words;
  return {
    address: recipient.address,
    ...fromWords,
    status: statusIn(recipient.status, diagnostic),
    diagnostic: diagnostic.replaceAll(/\s+/g, ' ').trim().slice(0, 1_000) || null,
  };
}

function factsOf({ action, status, diagnostic }: RecipientStatus): BounceFacts {
  return { status, code: codeIn(status, diagnostic), diagnostic, action };
}

function wordsFacts(facts: BounceFacts, words: string): BounceFacts {
  return { ...facts, code: facts.code ?? codeIn(facts.status, words), diagnostic: words };
}

/** A status of class 4 is the report's own judgement; a 550 that its words quote is somebody else's. */
function codeIn(status: string | null, text: string | null): number | null {
  return text === null || status?.startsWith('4') === true ? null : readReplyCode(text);
}

/** The status stated, or that of the words where the one stated says nothing (`5.0.0`). */
function statusIn(stated: string | null, words: string): string | null {
  const own = stated === null ? null : readStatus(stated);
  const status = own !== null && isSpecific(own) ? own : (readStatus(words) ?? own);
  return status && statusText(status);
}
