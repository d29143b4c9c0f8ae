import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse, stringify } from 'uuid';

/** What a link in a mail may do. A token for one purpose is worthless for another. */
export type TokenPurpose =
  | 'open'
  | 'click'
  | 'unsubscribe'
  | 'answer'
  | 'confirm'
  | 'preferences'
  | 'renew'
  | 'trap'
  | 'view';

/**
 * A click's token holds its target, so that nobody can make Tend redirect elsewhere; an answer's the attribute asked for,
 * so that nobody can answer what was not asked.
 */
export type TokenContent =
  | { readonly purpose: 'open'; readonly messageId: string }
  | { readonly purpose: 'unsubscribe'; readonly messageId: string }
  /** Of the mail that asks to confirm a sign-up. */
  | { readonly purpose: 'confirm'; readonly messageId: string }
  /** The person's preferences, from any mail. */
  | { readonly purpose: 'preferences'; readonly messageId: string }
  /** Of the mail that asks whether a consent still holds. */
  | { readonly purpose: 'renew'; readonly messageId: string }
  /** A link that no person sees: who follows it is a machine. */
  | { readonly purpose: 'trap'; readonly messageId: string }
  /** The mail as a page. */
  | { readonly purpose: 'view'; readonly messageId: string }
  | { readonly purpose: 'click'; readonly messageId: string; readonly url: string }
  | { readonly purpose: 'answer'; readonly messageId: string; readonly attribute: string };

const VERSION = 1;
const PURPOSE_CODES: Readonly<Record<TokenPurpose, number>> = {
  open: 1,
  click: 2,
  unsubscribe: 3,
  answer: 4,
  confirm: 5,
  preferences: 6,
  renew: 7,
  trap: 8,
  view: 9,
};
const HEADER_BYTES = 2;
const ID_BYTES = 16;
/** HMAC-SHA256 cut to its left half, as RFC 2104 §5 allows: 128 bits, and shorter links. */
const MAC_BYTES = 16;

/**
 * Signs a token: `version, purpose, message id, [target URL or attribute], MAC` in base64url. It holds no personal data: who a
 * message went to is read from the database.
 *
 * Throws `TypeError` for a click that leads anywhere but to an http(s) address: `javascript:` and its like are never signed.
 */
export function signToken(secret: string, content: TokenContent): string {
  if (content.purpose === 'click' && !isWebAddress(content.url))
    throw new TypeError('A tracked link must lead to an http or https address.');
  const body = Buffer.concat([
    Buffer.from([VERSION, PURPOSE_CODES[content.purpose]]),
    parse(content.messageId),
    Buffer.from(restOf(content), 'utf8'),
  ]);
  return Buffer.concat([body, mac(secret, body)]).toString('base64url');
}

/** Reads a token made for `purpose`, or returns null: forged, damaged, of another purpose or secret. */
export function readToken<P extends TokenPurpose>(
  secret: string,
  purpose: P,
  token: string,
): Extract<TokenContent, { purpose: P }> | null;
export function readToken(secret: string, purpose: TokenPurpose, token: string): TokenContent | null {
  const bytes = Buffer.from(token, 'base64url');
  // Node skips characters that are not base64url; a token has exactly one spelling.
  if (bytes.toString('base64url') !== token) return null;
  if (bytes.length < HEADER_BYTES + ID_BYTES + MAC_BYTES) return null;
  const body = bytes.subarray(0, bytes.length - MAC_BYTES);
  if (!timingSafeEqual(mac(secret, body), bytes.subarray(body.length))) return null;
  if (body[0] !== VERSION || body[1] !== PURPOSE_CODES[purpose]) return null;
  const messageId = stringify(body.subarray(HEADER_BYTES, HEADER_BYTES + ID_BYTES));
  const rest = body.subarray(HEADER_BYTES + ID_BYTES).toString('utf8');
  if (purpose === 'click') return { purpose, messageId, url: rest };
  if (purpose === 'answer') return { purpose, messageId, attribute: rest };
  return { purpose, messageId };
}

/** True for an absolute address of the web. */
export function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

/** What a token holds beside its message. */
function restOf(content: TokenContent): string {
  if (content.purpose === 'click') return content.url;
  return content.purpose === 'answer' ? content.attribute : '';
}

function mac(secret: string, body: Uint8Array): Buffer {
  // The label keeps these MACs apart from whatever else the same secret may sign.
  return createHmac('sha256', secret).update('tend-link\0').update(body).digest().subarray(0, MAC_BYTES);
}
