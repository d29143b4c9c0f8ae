import { createPublicKey } from 'node:crypto';
import { readTags } from './tags.ts';

/** A key record (RFC 6376 §3.6.1), read. */
export interface DkimKeyRecord {
  /** Base64, without blanks; empty: the key was revoked. */
  readonly key: string;
  /** `rsa` or `ed25519`. */
  readonly kind: string;
  /** Receivers are told to heed nothing yet. */
  readonly testing: boolean;
  /** What keeps it from checking our signatures, which are of mail, by SHA-256; null: nothing. */
  readonly unfit: string | null;
  /** Of an RSA key; null: it can't be read. */
  readonly bits: number | null;
}

/** Reads a record. Throws an Error that says what is wrong with it. */
export function parseDkimRecord(text: string): DkimKeyRecord {
  const tags = readTags(text);
  const version = tags.get('v');
  if (version !== undefined && version !== 'DKIM1') throw new Error(`says v=${version}, and DKIM1 is the only one`);
  const key = tags.get('p')?.replaceAll(/\s/g, '');
  if (key === undefined) throw new Error('has no p=, the public key');
  const kind = tags.get('k') ?? 'rsa';
  return {
    key,
    kind,
    testing: (tags.get('t') ?? '').split(':').some((flag) => flag.trim() === 'y'),
    unfit: unfitness(listOf(tags.get('h')), listOf(tags.get('s'))),
    bits: kind === 'rsa' && key !== '' ? bitsOf(key) : null,
  };
}

const listOf = (value: string | undefined): readonly string[] | null =>
  value === undefined ? null : value.split(':').map((entry) => entry.trim().toLowerCase());

/** RFC 6376 §3.6.1: `h` are the hashes that it may be used with, `s` the services; without them, all. */
function unfitness(hashes: readonly string[] | null, services: readonly string[] | null): string | null {
  if (hashes !== null && !hashes.includes('sha256'))
    return `allows h=${hashes.join(':')} alone, and ours are of sha256`;
  if (services !== null && !services.includes('*') && !services.includes('email'))
    return `is for s=${services.join(':')} alone, and not for email`;
  return null;
}

function bitsOf(key: string): number | null {
  try {
    const der = Buffer.from(key, 'base64');
    return createPublicKey({ key: der, format: 'der', type: 'spki' }).asymmetricKeyDetails?.modulusLength ?? null;
  } catch {
    return null;
  }
}
