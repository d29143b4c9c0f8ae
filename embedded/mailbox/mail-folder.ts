import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The oldest mails beyond this number are removed, so that long trials and benchmarks can't fill the disk. */
const KEPT_MAILS = 10_000;
const SUFFIX = '.eml';
/** Enough for the lines that `add` puts first. */
const ENVELOPE_BYTES = 8192;

/** A mail as it came by SMTP. */
export interface IncomingMail {
  /** Envelope sender; empty for a bounce. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly source: Buffer;
}

/** What is known of every mail without reading it. */
export interface MailEntry {
  /** Sorts by time of arrival. */
  readonly id: string;
  readonly sender: string;
  /** Envelope recipients, in lower case. */
  readonly recipients: readonly string[];
}

export interface MailFolder {
  add(mail: IncomingMail): Promise<MailEntry>;
  /** All mails, newest first. */
  list(): readonly MailEntry[];
  /** The whole mail; undefined if there is none of that id. */
  read(id: string): Promise<Buffer | undefined>;
  clear(): Promise<void>;
}

/**
 * Keeps each mail as an `.eml` file that any mail program opens. The envelope, which a mail itself does not hold, goes
 * in front as `Return-Path` and `Delivered-To` (RFC 5321 §4.4), as every delivering server does.
 */
export async function openMailFolder(folder: string): Promise<MailFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = (await readdir(folder)).filter((file) => file.endsWith(SUFFIX)).sort();
  const entries: MailEntry[] = [];
  for (const file of files) entries.push(await readEntry(folder, file.slice(0, -SUFFIX.length)));
  const pathOf = (id: string): string => join(folder, `${id}${SUFFIX}`);
  let count = 0;

  return {
    async add({ sender, recipients, source }) {
      count += 1;
      const instant = new Date().toISOString().replaceAll(/[-:.]/g, '');
      const id = `${instant}-${String(count % 1e6).padStart(6, '0')}-${randomBytes(3).toString('hex')}`;
      const envelope = [`Return-Path: <${sender}>`, ...recipients.map((recipient) => `Delivered-To: ${recipient}`)];
      const draft = join(folder, `${id}.draft`);
      await writeFile(draft, [Buffer.from(`${envelope.join('\r\n')}\r\n`), source], { mode: 0o600 });
      await rename(draft, pathOf(id));
      const entry: MailEntry = { id, sender, recipients: recipients.map((each) => each.toLowerCase()) };
      entries.push(entry);
      while (entries.length > KEPT_MAILS) await rm(pathOf(entries.shift()?.id ?? ''), { force: true });
      return entry;
    },
    list: () => entries.toReversed(),
    async read(id) {
      // Only known ids, so that no made-up one leads out of the folder.
      if (!entries.some((entry) => entry.id === id)) return undefined;
      return readFile(pathOf(id)).catch(() => undefined);
    },
    async clear() {
      const gone = entries.splice(0);
      for (const { id } of gone) await rm(pathOf(id), { force: true });
    },
  };
}

async function readEntry(folder: string, id: string): Promise<MailEntry> {
  const handle = await open(join(folder, `${id}${SUFFIX}`));
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(ENVELOPE_BYTES), 0, ENVELOPE_BYTES, 0);
    const head = buffer.toString('utf8', 0, bytesRead);
    const recipients = [...head.matchAll(/^Delivered-To: (.*?)\r?$/gim)].map((match) => (match[1] ?? '').toLowerCase());
    return { id, sender: /^Return-Path: <(.*?)>/im.exec(head)?.[1] ?? '', recipients };
  } finally {
    await handle.close();
  }
}
