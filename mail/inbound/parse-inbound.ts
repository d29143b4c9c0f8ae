import { convert } from 'html-to-text';
import PostalMime, { type Attachment, addressParser, decodeWords, type Email, type Header } from 'postal-mime';
import { cleanAddress, cleanText } from './clean-text.ts';
import { fieldsOf, type HeaderFields } from './header-fields.ts';

/** What is looked at of one mail, at most. Bounds work and memory, whatever is sent to us. */
export const INBOUND_LIMITS = {
  /** Of the raw mail: the rest is not read. Reports and texts come first; what follows is attachments. */
  bytes: 1024 * 1024,
  /** The parser's time goes by lines: megabytes of very short ones are slow. */
  lines: 10_000,
  /** Signs of `=`: each ends a chunk of base64, and a million chunks take seconds. Quoted-printable text has fewer. */
  equals: 40_000,
  /** Of all header fields, the parts' included. Past it the mail is unreadable. */
  headerBytes: 128 * 1024,
  /** Multiparts within multiparts. Past it the mail is unreadable. */
  depth: 20,
  /** Lines that may begin a part. Past it the mail is unreadable. */
  parts: 2_000,
  /** Characters of text kept. */
  text: 200_000,
} as const;

/** A part that is no text to be read: a report, a returned mail, an attachment. */
export interface InboundPart {
  /** The media type in lower case, as `message/delivery-status`. */
  readonly type: string;
  /** At most `limit` characters, read as UTF-8. */
  text(limit: number): string;
}

export interface ParsedMail {
  readonly kind: 'parsed';
  readonly headers: HeaderFields;
  /** The author's address. */
  readonly from: string | null;
  /** The author's name, decoded. */
  readonly fromName: string;
  /** Decoded. */
  readonly subject: string;
  /** `Date`, epoch milliseconds; null where it has none that can be read. */
  readonly at: number | null;
  /** The text to be read: the plain one, else what the HTML one says. */
  readonly text: string;
  readonly parts: readonly InboundPart[];
  /** More came than was looked at. */
  readonly cut: boolean;
  /** What was looked at, in bytes and lines. */
  readonly looked: { readonly bytes: number; readonly lines: number };
}

export interface UnreadableMail {
  readonly kind: 'unreadable';
  /** Stable code. */
  readonly reason: 'empty' | 'header-too-large' | 'nested-too-deep' | 'too-many-parts' | 'broken';
}

/** Takes a mail apart, within `INBOUND_LIMITS`. Never throws: what cannot be read is `unreadable`, with the reason. */
export async function parseInbound(raw: Uint8Array): Promise<ParsedMail | UnreadableMail> {
  const { end, lines, dashes } = measure(raw);
  if (end === 0) return { kind: 'unreadable', reason: 'empty' };
  if (dashes > INBOUND_LIMITS.parts) return { kind: 'unreadable', reason: 'too-many-parts' };
  const bytes = raw.subarray(0, end);
  try {
    const mail = await new PartReader({
      // What is returned in a report is evidence, not text; nor is it worth parsing mails within mails.
      forceRfc822Attachments: true,
      maxRfc822NestingDepth: 0,
      maxNestingDepth: INBOUND_LIMITS.depth,
      maxHeadersSize: INBOUND_LIMITS.headerBytes,
    }).parse(bytes);
    const headers = fieldsOf(mail.headers.map(({ key, value }) => [key, value] as const));
    // A "multipart" without the boundary that it names has no parts: it is read as the text that it is.
    const bare = mail.text === undefined && mail.html === undefined && mail.attachments.length === 0;
    const text = bare ? bodyOf(bytes) : (mail.text ?? textOfHtml(mail.html ?? ''));
    const author = firstMailbox(headers.get('from'));
    const at = Date.parse(headers.get('date')?.slice(0, 200) ?? '');
    return {
      kind: 'parsed',
      headers,
      from: author.address,
      fromName: author.name,
      subject: cleanText(decodeWords((headers.get('subject') ?? '').slice(0, 4_000)), 1_000).trim(),
      at: Number.isFinite(at) ? at : null,
      text: cleanText(text, INBOUND_LIMITS.text),
      parts: mail.attachments.map(({ mimeType, content }) => partOf(mimeType, content)),
      cut: end < raw.length,
      looked: { bytes: end, lines },
    };
  } catch (error) {
    return { kind: 'unreadable', reason: reasonOf(error) };
  }
}

/** What postal-mime keeps while it reads a mail: texts by part or alternative, then by type. */
interface ReaderInternals {
  readonly root: { readonly headers: Header[] };
  readonly textMap: ReadonlyMap<
    unknown,
    { readonly [type in 'plain' | 'html']?: readonly { readonly value: string }[] }
  >;
  readonly attachments: Attachment[];
}

/**
 * postal-mime goes on to do what nobody here needs, in time that a sender chooses: it turns each HTML part of a mail that
 * also has a plain one into text by patterns (140,000 times `<a href="` took seven minutes), and takes every address
 * header apart. So it is stopped once it has taken the mail apart, and the texts are taken as they stand: of an alternative
 * the plain one, else the HTML one. The two methods are its own (the version is pinned); the check says so if they go.
 */
class PartReader extends PostalMime {
  renderTextContent(): void {}

  buildMessage(): Email {
    const { root, textMap, attachments } = this as unknown as ReaderInternals;
    const texts = [...textMap.values()];
    const joined = (type: 'plain' | 'html') => {
      const own = texts.filter(({ plain }) => type === 'plain' || plain === undefined);
      const text = own.flatMap((entry) => (entry[type] ?? []).map(({ value }) => value)).join('\n');
      return text.trim() === '' ? undefined : text;
    };
    return { headers: root.headers, headerLines: [], text: joined('plain'), html: joined('html'), attachments };
  }
}
for (const method of ['renderTextContent', 'buildMessage']) {
  if (!(method in PostalMime.prototype)) throw new Error(`postal-mime has no ${method} any more: see PartReader.`);
}

/** How much of `raw` is looked at: as much as is within the limits. */
function measure(raw: Uint8Array): { readonly end: number; readonly lines: number; readonly dashes: number } {
  const limit = Math.min(raw.length, INBOUND_LIMITS.bytes);
  let lines = 0;
  let dashes = 0;
  let equals = 0;
  let end = 0;
  while (end < limit && lines < INBOUND_LIMITS.lines && equals < INBOUND_LIMITS.equals) {
    if (raw[end] === DASH && raw[end + 1] === DASH) dashes += 1;
    lines += 1;
    for (let inLine = true; inLine && end < limit && equals < INBOUND_LIMITS.equals; end += 1) {
      if (raw[end] === EQUALS) equals += 1;
      inLine = raw[end] !== NEWLINE;
    }
  }
  return { end, lines, dashes };
}

const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const DASH = 0x2d;

/** postal-mime gives its refusals no code. */
function reasonOf(error: unknown): UnreadableMail['reason'] {
  const text = error instanceof Error ? error.message : '';
  if (/header size/i.test(text)) return 'header-too-large';
  if (/nesting depth/i.test(text)) return 'nested-too-deep';
  return 'broken';
}

function partOf(type: string, content: ArrayBuffer | Uint8Array | string): InboundPart {
  return {
    type: type.toLowerCase(),
    text: (limit) =>
      typeof content === 'string'
        ? cleanText(content, limit)
        : // Four bytes are the longest character.
          cleanText(new TextDecoder().decode(new Uint8Array(content).subarray(0, limit * 4)), limit),
  };
}

/** The characters after the first empty line. */
function bodyOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  const gap = /\r?\n\r?\n/.exec(text);
  return gap === null ? '' : text.slice(gap.index + gap[0].length);
}

/** What a page says, without markup and pictures. Within limits of its own, for markup may nest as deep as it likes. */
function textOfHtml(html: string): string {
  return convert(html.slice(0, INBOUND_LIMITS.text), {
    wordwrap: false,
    limits: { maxDepth: 50, maxChildNodes: 5_000, maxBaseElements: 1 },
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
    ],
  });
}

/** The first mailbox of an address header, its name decoded. */
export function firstMailbox(value: string | null): { readonly address: string | null; readonly name: string } {
  for (const entry of addressParser((value ?? '').slice(0, 2_000))) {
    const mailbox = entry.address === undefined ? entry.group?.[0] : entry;
    if (mailbox?.address) return { address: cleanAddress(mailbox.address), name: cleanText(mailbox.name ?? '', 200) };
  }
  return { address: null, name: '' };
}
