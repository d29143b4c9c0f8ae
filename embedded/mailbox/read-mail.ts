import PostalMime, { type Address, type Email } from 'postal-mime';
import type { MailEntry, MailFolder } from './mail-folder.ts';

/** Headers that the JSON list shows beside the usual ones: those by which a nurturing mail is judged. */
const LISTED_HEADERS = ['list-unsubscribe', 'list-unsubscribe-post', 'list-id', 'reply-to', 'auto-submitted'];

/** A line of the list, and of `GET /api/messages`. */
export interface MailSummary {
  readonly id: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Time of arrival, ISO 8601. */
  readonly date: string;
  readonly messageId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the text. */
  readonly preview: string;
}

/** A whole mail, as `GET /api/messages/:id` gives it. */
export interface MailDetails extends MailSummary {
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string | undefined;
  readonly text: string | undefined;
  /** Addresses that the mail links to, in order, each once. */
  readonly links: readonly string[];
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly bytes: number }[];
  /** Envelope sender, where bounces go. */
  readonly sender: string;
  readonly source: string;
}

/** Reads mails of a folder; summaries are kept, since the page asks for them every few seconds. */
export function createMailReader(folder: MailFolder) {
  const summaries = new Map<string, MailSummary>();

  async function details(entry: MailEntry): Promise<MailDetails | undefined> {
    const source = await folder.read(entry.id);
    return source && describe(entry, source, await PostalMime.parse(source));
  }

  async function summary(entry: MailEntry): Promise<MailSummary | undefined> {
    const known = summaries.get(entry.id);
    if (known) return known;
    const mail = await details(entry);
    if (!mail) return undefined;
    const { id, from, to, subject, date, messageId, preview } = mail;
    const headers = Object.fromEntries(Object.entries(mail.headers).filter(([key]) => LISTED_HEADERS.includes(key)));
    const made: MailSummary = { id, from, to, subject, date, messageId, headers, preview };
    summaries.set(id, made);
    return made;
  }

  return { details, summary };
}

export type MailReader = ReturnType<typeof createMailReader>;

function describe(entry: MailEntry, source: Buffer, mail: Email): MailDetails {
  return {
    id: entry.id,
    from: mail.from ? addressText(mail.from) : entry.sender,
    to: mail.to?.length ? mail.to.map(addressText) : entry.recipients,
    subject: mail.subject ?? '',
    date: arrival(entry.id),
    messageId: mail.messageId,
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    preview: (mail.text ?? '').replaceAll(/\s+/g, ' ').trim().slice(0, 140),
    html: mail.html,
    text: mail.text,
    links: linksOf(mail),
    attachments: mail.attachments.map(({ filename, mimeType, content }) => ({
      name: filename ?? '(no name)',
      type: mimeType,
      bytes: typeof content === 'string' ? content.length : content.byteLength,
    })),
    sender: entry.sender,
    source: source.toString('utf8'),
  };
}

function addressText(address: Address): string {
  if (address.address === undefined) return address.name;
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

/** The id begins with the time of arrival: 20261121T215640123Z-… */
function arrival(id: string): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z');
}

function linksOf(mail: Email): readonly string[] {
  const inHtml = [...(mail.html ?? '').matchAll(/<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)]
    .map((match) => (match[1] ?? match[2] ?? '').trim())
    .map((link) => link.replaceAll(/&(amp|#38|#x26);/gi, '&').replaceAll(/&(quot|#34);/gi, '"'));
  const inText =
    mail.html === undefined ? [...(mail.text ?? '').matchAll(/https?:\/\/[^\s<>"')\]]+/g)].map(String) : [];
  return [...new Set([...inHtml, ...inText])].filter((link) => /^(https?|mailto):/i.test(link));
}
