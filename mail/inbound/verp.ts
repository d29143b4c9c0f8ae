import { createHmac, timingSafeEqual } from 'node:crypto';
import { parse, stringify } from 'uuid';
import { TendError } from '../../domain/errors.ts';

/**
 * Variable envelope return paths: the address to which a report about one mail comes back names that mail, signed, so
 * that nobody can make Tend believe that another person's mail bounced. Its local part is
 *
 *     b-<base32 of 16 bytes of message id and 8 bytes of MAC>      b: bounces, u: unsubscribe by mail
 *
 * in lower case and read in any, for relays fold the case of local parts. It holds no personal data.
 */
export type ReturnKind = 'b' | 'u';

const ID_BYTES = 16;
/** 64 bits: whoever guesses must send a mail a guess. Longer would not fit beside what a pattern adds. */
const MAC_BYTES = 8;
/** 24 bytes in base32, without padding. */
const TOKEN_LENGTH = 39;
/** RFC 5321 §4.5.3.1.1, in octets. */
const MAX_LOCAL_PART = 64;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A token, after the beginning of the local part or a separator of a pattern, of subaddressing or of BATV (`prvs=…=`). */
const TOKEN = /(?:^|[^a-z0-9])([bu])-([a-z2-7]{39})(?![a-z0-9])/i;

/**
 * The return path of one mail. `pattern` is a domain (`bounces.example.com`) or an address with a `*` in its local part
 * (`bounce+*@example.com`), for mailboxes with subaddressing.
 *
 * Throws `invalid-request`, where the pattern is neither or its local part would become too long (see `patternProblem`).
 */
export function verpAddress(secret: string, messageId: string, pattern: string): string {
  return returnAddress(secret, 'b', messageId, pattern);
}

/** The address for `List-Unsubscribe: <mailto:…>` (RFC 2369 §3.2) of one mail; `pattern` as for `verpAddress`. */
export function unsubscribeAddress(secret: string, messageId: string, pattern: string): string {
  return returnAddress(secret, 'u', messageId, pattern);
}

/** The id of the message whose return path `address` is; null where it is none, or forged. */
export function readVerp(secret: string, address: string): string | null {
  return readReturnAddress(secret, 'b', address);
}

/** The id of the message whose address for unsubscribing `address` is; null where it is none, or forged. */
export function readUnsubscribeAddress(secret: string, address: string): string | null {
  return readReturnAddress(secret, 'u', address);
}

/** What is wrong with a pattern of `verpAddress`, and what would be right; null where nothing is. For checks of settings. */
export function patternProblem(pattern: string): string | null {
  const { local, domain } = partsOf(pattern);
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain) || domain.length > 253)
    return 'must be a domain such as bounces.example.com, or an address with a * such as bounce+*@example.com';
  if (local.split('*').length !== 2) return 'must have one * before its @, where the name of the mail goes';
  if (!/^[\w.+=*-]+$/.test(local) || /[a-z0-9]\*|\*[a-z0-9]/i.test(local))
    return 'must have a separator such as + or - beside its *, and only letters, digits and . _ + = - before its @';
  if (local.length - 1 + 2 + TOKEN_LENGTH > MAX_LOCAL_PART)
    return `must have at most ${MAX_LOCAL_PART - 2 - TOKEN_LENGTH} characters beside the * before its @ (RFC 5321 4.5.3.1.1)`;
  return null;
}

function returnAddress(secret: string, kind: ReturnKind, messageId: string, pattern: string): string {
  const problem = patternProblem(pattern);
  if (problem !== null) throw new TendError('invalid-request', `The return path ${problem}.`);
  const { local, domain } = partsOf(pattern);
  const id = parse(messageId);
  const token = encode(Buffer.concat([id, mac(secret, kind, id)]));
  return `${local.replace('*', `${kind}-${token}`)}@${domain}`;
}

function readReturnAddress(secret: string, kind: ReturnKind, address: string): string | null {
  const at = address.lastIndexOf('@');
  // Relays may put a tag of their own before it (BATV, SRS), so it may be longer than what was sent.
  if (at < 0 || at > 320) return null;
  const found = TOKEN.exec(address.slice(0, at));
  if (found?.[1]?.toLowerCase() !== kind) return null;
  const bytes = decode(found[2] ?? '');
  if (bytes === null) return null;
  const id = bytes.subarray(0, ID_BYTES);
  return timingSafeEqual(mac(secret, kind, id), bytes.subarray(ID_BYTES)) ? stringify(id) : null;
}

function partsOf(pattern: string): { readonly local: string; readonly domain: string } {
  const at = pattern.lastIndexOf('@');
  return at < 0 ? { local: '*', domain: pattern } : { local: pattern.slice(0, at), domain: pattern.slice(at + 1) };
}

function mac(secret: string, kind: ReturnKind, id: Uint8Array): Buffer {
  // The label keeps these MACs apart from the links' under the same secret, the kind one address from another.
  return createHmac('sha256', secret).update('tend-verp\0').update(kind).update(id).digest().subarray(0, MAC_BYTES);
}

/** Base32 (RFC 4648 §6) in lower case, without padding. */
function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >>> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** Null where the last bits are not those that `encode` writes: a token has one spelling but for its case. */
function decode(text: string): Buffer | null {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of text.toLowerCase()) {
    held = (held << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 255);
    }
    held &= (1 << bits) - 1;
  }
  return held === 0 ? Buffer.from(bytes) : null;
}
