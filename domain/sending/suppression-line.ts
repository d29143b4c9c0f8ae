import { normaliseEmail } from '../identity/normalise.ts';
import type { Instant } from '../instant.ts';
import { type SuppressionReason, suppressionReasons } from './suppression.ts';

/** What one line of a list of suppressed addresses names. */
export interface SuppressionLine {
  readonly subject: { readonly address: string } | { readonly hash: string };
  readonly reason: SuppressionReason;
  /** When it was written off; null: now. */
  readonly at: Instant | null;
}

export type ReadLine = SuppressionLine | { readonly problem: string } | 'empty';

/**
 * How a hash is written in an export: `tend:<which key>:<hash>`. The keyed hash of another key says nothing here, and is
 * told by the name of its key.
 */
export const hashName = (keyName: string, hash: string): string => `tend:${keyName}:${hash}`;

const OWN_HASH = /^tend:([\w-]{8}):([\w-]{43})$/;
/** MD5, SHA-1, SHA-256, SHA-512 in hexadecimal, with or without a name before it. */
const FOREIGN_HASH =
  /^(?:(?:md5|sha-?1|sha-?256|sha-?512)[:=].*|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i;

export interface ListReader {
  /** Reads the next line of a list. Problems never quote the line, which may be an address. */
  read(line: string): ReadLine;
}

/**
 * Reads lists of addresses or of an export's hashes: JSON lines (`{"address": …}` or `{"hash": …}`, with `reason` and `at` if
 * wanted), or CSV with commas, semicolons or tabs. Without a header a line's first column is the address or hash; a header
 * names the columns `address` (or `email`), `hash`, `reason`, `at`; others are passed over. `keyName` is this installation's.
 */
export function listReader(keyName: string): ListReader {
  let columns: readonly string[] | null = null;
  let first = true;
  return {
    read(text) {
      const line = first ? withoutMark(text) : text.trim();
      if (line === '') return 'empty';
      if (line.startsWith('{') || line.startsWith('"{')) {
        first = false;
        return fromJson(line, keyName);
      }
      const cells = cellsOf(line);
      if (first) {
        first = false;
        columns = headerOf(cells);
        if (columns !== null) return 'empty';
      }
      const named = (name: string) => cells[(columns ?? ['subject']).indexOf(name)];
      return fromFields(
        { subject: named('subject') ?? named('address') ?? named('hash'), reason: named('reason'), at: named('at') },
        keyName,
      );
    },
  };
}

const HEADERS = new Set(['address', 'email', 'hash']);

/** The columns' names, or null: the line is none of names. */
function headerOf(cells: readonly string[]): readonly string[] | null {
  const names = cells.map((cell) => cell.toLowerCase());
  return names.some((name) => HEADERS.has(name)) ? names.map((name) => (name === 'email' ? 'address' : name)) : null;
}

/** Whether a list's first line names its columns: whoever sends a list in parts puts it before each of them. */
export function isHeader(line: string): boolean {
  return headerOf(cellsOf(withoutMark(line))) !== null;
}

/** Spreadsheets begin a file with a byte order mark. */
const withoutMark = (line: string): string => line.replace(/^\uFEFF/, '').trim();

/** One line of CSV (RFC 4180); line breaks within quotes have no meaning in an address. */
function cellsOf(line: string): string[] {
  const separator = [',', ';', '\t'].find((each) => line.includes(each)) ?? ',';
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < line.length; i += 1) {
    const character = line[i] as string;
    if (character === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (character === '"') quoted = !quoted;
    else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else cell += character;
  }
  return [...cells, cell.trim()];
}

function fromJson(line: string, keyName: string): ReadLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: 'is no valid JSON: a line is one object such as {"address": "tanja@example.com"}' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'is no JSON object: a line is one object such as {"address": "tanja@example.com"}' };
  const { address, email, hash, reason, at } = value as Record<string, unknown>;
  return fromFields({ subject: address ?? email ?? hash, reason, at }, keyName);
}

function fromFields(
  { subject, reason, at }: { readonly subject: unknown; readonly reason: unknown; readonly at: unknown },
  keyName: string,
): ReadLine {
  if (typeof subject !== 'string' || subject === '') return { problem: 'names no address and no hash' };
  const known = readReason(reason);
  if (known === null) return { problem: `has a reason that is none of ${suppressionReasons.join(', ')}` };
  const instant = readInstant(at);
  if (Number.isNaN(instant)) return { problem: 'has an instant ("at") that is none: write 2026-11-21T10:00:00Z' };
  const rest = { reason: known, at: instant };
  const own = OWN_HASH.exec(subject);
  if (own !== null) {
    if (own[1] !== keyName)
      return { problem: "is a hash made with another installation's key (TEND_HASH_KEY): it can't be used here" };
    return { subject: { hash: own[2] as string }, ...rest };
  }
  if (FOREIGN_HASH.test(subject))
    return {
      problem:
        "is another system's plain hash, which can't be used: addresses are kept as hashes with a key of this installation's own; give the address itself",
    };
  const address = normaliseEmail(subject);
  return address === null ? { problem: 'is no mail address' } : { subject: { address }, ...rest };
}

function readReason(reason: unknown): SuppressionReason | null {
  if (reason === undefined || reason === null || reason === '') return 'imported';
  return suppressionReasons.find((each) => each === reason) ?? null;
}

function readInstant(at: unknown): Instant | null {
  if (at === undefined || at === null || at === '') return null;
  return typeof at === 'string' && /^\d{4}-\d\d-\d\d/.test(at) ? Date.parse(at) : Number.NaN;
}
