/** RFC 5321 §4.5.3.1: 64 octets before the `@`, 255 after it, 254 for the whole in a path. */
const LONGEST_EMAIL = 254;
const LONGEST_LOCAL_PART = 64;

/** The longest user id or anonymous id that is kept. */
export const LONGEST_ID = 255;

/**
 * A mail address as identities keep it: trimmed, in lower case, an international domain in its ASCII form. Null when
 * `value` is no address. The part before the `@` is put in lower case too: by RFC 5321 it may matter, in practice no
 * provider lets it.
 */
export function normaliseEmail(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const text = value.trim().normalize('NFC').toLowerCase();
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  if (at < 1 || local.length > LONGEST_LOCAL_PART || !/^[^\s"(),:;<>@[\\\]\p{Cc}]+$/u.test(local)) return null;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return null;
  const domain = normaliseDomain(text.slice(at + 1));
  if (domain === null) return null;
  const email = `${local}@${domain}`;
  return email.length > LONGEST_EMAIL ? null : email;
}

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** Two labels at least, or one that this machine knows: trials write to `tanja@localhost`. */
const DOMAIN = new RegExp(`^(?:(?:${LABEL}\\.)+[a-z][a-z0-9-]*[a-z0-9]|localhost)$`);

/** A domain in lower case as a mail address may have it, an international one in its ASCII form. Null when it is none. */
export function normaliseDomain(text: string): string | null {
  if (DOMAIN.test(text)) return text;
  // Only what may be an international name goes through the URL parser, which is lenient with much else.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(text) || !URL.canParse(`http://${text}`)) return null;
  const domain = new URL(`http://${text}`).hostname;
  return DOMAIN.test(domain) ? domain : null;
}

/** A user id or anonymous id: a string or whole number, trimmed. Null when there is none; too long ones are none. */
export function normaliseId(value: unknown): string | null {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string') return null;
  const trimmed = text.trim();
  return trimmed === '' || trimmed.length > LONGEST_ID ? null : trimmed;
}
