import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Whose signature a mail carries (RFC 6376): the domain that vouches for it, and which of its keys. */
export interface DkimIdentity {
  readonly domain: string;
  readonly selector: string;
}

/**
 * What the signature covers, where it is there: who wrote to whom and what about, how the body is to be read, and how to end
 * it. RFC 8058 §4 wants both List-Unsubscribe headers covered, nodemailer's own list leaves the second out; Gmail heeds a
 * Feedback-ID that is covered only.
 */
export const SIGNED_HEADERS: readonly string[] = [
  'From',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'Cc',
  'In-Reply-To',
  'References',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'List-Id',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Auto-Submitted',
  'Feedback-ID',
];

/** Receivers must take no key below this (RFC 8301 §3.2). */
const SHORTEST_BITS = 1_024;
/** What RFC 8301 §3.2 recommends; the answer with a longer one may not fit a DNS packet. */
const NEW_KEY_BITS = 2_048;

export type DkimKey =
  | { readonly kind: 'key'; readonly pem: string }
  | { readonly kind: 'missing' }
  /** It is there, and nothing can be signed with it. */
  | { readonly kind: 'unusable'; readonly problem: string };

/** The private keys of this installation. */
export interface DkimKeys {
  find(identity: DkimIdentity): Promise<DkimKey>;
}

/** Where the key of an identity is kept below `folder`. */
export function dkimKeyFile(folder: string, { domain, selector }: DkimIdentity): string {
  return join(folder, `${domain}.${selector}.pem`);
}

/** The keys kept in `folder`. A key that is found is kept in memory; one that is put there later is found at the next mail. */
export function dkimKeysIn(folder: string): DkimKeys {
  const known = new Map<string, DkimKey>();
  return {
    async find(identity) {
      const file = dkimKeyFile(folder, identity);
      const before = known.get(file);
      if (before !== undefined) return before;
      const found = await readKey(file);
      if (found.kind === 'key') known.set(file, found);
      return found;
    },
  };
}

/** For what never signs. */
export const noDkimKeys: DkimKeys = { find: () => Promise.resolve({ kind: 'missing' }) };

async function readKey(file: string): Promise<DkimKey> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unusable', problem: `can't be read (${code}): give the file to the user who runs the worker` };
  }
  const problem = keyProblem(pem);
  return problem === null ? { kind: 'key', pem } : { kind: 'unusable', problem };
}

/** Why a private key can't sign; null: it can. Nodemailer would leave out the signature without a word. */
export function keyProblem(pem: string): string | null {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return 'is no private key in PEM: make one with "tend dkim create"';
  }
  if (key.asymmetricKeyType !== 'rsa')
    return `is of the kind ${key.asymmetricKeyType}: Tend signs with RSA, which every receiver can check; make one with "tend dkim create"`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < SHORTEST_BITS
    ? `has ${bits} bits, and receivers take none below ${SHORTEST_BITS} (RFC 8301): make one with "tend dkim create"`
    : null;
}

/** The public half, as it stands in the `p=` of the record. */
export function publicKeyOf(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'der' }).toString('base64');
}

/** The TXT record by which receivers check the signatures. */
export interface DkimRecord {
  readonly name: string;
  readonly value: string;
}

export function dkimRecordFor({ domain, selector }: DkimIdentity, privatePem: string): DkimRecord {
  return { name: `${selector}._domainkey.${domain}`, value: `v=DKIM1; k=rsa; p=${publicKeyOf(privatePem)}` };
}

/**
 * Makes a key for `identity` (RSA, 2048 bits; the file is its owner's alone to read) and returns its record.
 *
 * Throws where there is one already: who replaces a key by itself breaks the signatures of all mails that are on their way.
 */
export async function createDkimKey(
  folder: string,
  identity: DkimIdentity,
): Promise<{ readonly file: string; readonly record: DkimRecord }> {
  const file = dkimKeyFile(folder, identity);
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: NEW_KEY_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, pem, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${file} is there already: take another selector for a new key, and let the old one run out`);
  }
  await chmod(file, 0o600);
  return { file, record: dkimRecordFor(identity, pem) };
}

/** The selectors of the keys for `domain` that are kept in `folder`, ascending; none where there is no such folder. */
export async function selectorsOf(folder: string, domain: string): Promise<readonly string[]> {
  const files = await readdir(folder).catch(() => []);
  return files
    .filter((file) => file.startsWith(`${domain}.`) && file.endsWith('.pem'))
    .map((file) => file.slice(domain.length + 1, -'.pem'.length))
    .filter((selector) => selector !== '')
    .sort();
}
