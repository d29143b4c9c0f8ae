import { createHmac, randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureHome } from './home-folder.ts';
import { type Settings, SettingsError } from './settings.ts';

/** The secrets of an installation. None has a default; all are made at first start or preset by environment. */
export interface Secrets {
  /** Password of the embedded PostgreSQL. */
  readonly postgresPassword: string;
  /** Key of the signatures in mail links. */
  readonly signingSecret: string;
  /** Key of the hashes by which suppressed and erased addresses are known. */
  readonly hashKey: string;
  /** First write key, `wk_…`. */
  readonly writeKey: string;
  /** First secret key, `sk_…`. */
  readonly secretKey: string;
}

const stored = z.object({
  postgresPassword: z.string().min(16),
  signingSecret: z.string().min(16),
  /** Not in files from before there were hashes. */
  hashKey: z.string().min(16).optional(),
  writeKey: z.string().min(16),
  secretKey: z.string().min(16),
});

/** Where the secrets of a home folder are kept. */
export const secretsFile = (home: string): string => join(home, 'secrets.json');

/**
 * The secrets of this home folder, made at first use (mode 600). Secrets preset in the settings win and are not
 * stored, so that who manages them elsewhere finds no copy here.
 *
 * @throws SettingsError if the folder can't be written or the file is damaged: making new secrets then would lock
 *   this installation out of its own database
 */
export async function loadSecrets(
  home: string,
  presets: Partial<Pick<Settings, 'signingSecret' | 'hashKey' | 'writeKey' | 'secretKey'>> = {},
): Promise<Secrets> {
  const secrets = (await readSecrets(home)) ?? (await createSecrets(home));
  return {
    postgresPassword: secrets.postgresPassword,
    signingSecret: presets.signingSecret ?? secrets.signingSecret,
    hashKey: presets.hashKey ?? secrets.hashKey,
    writeKey: presets.writeKey ?? secrets.writeKey,
    secretKey: presets.secretKey ?? secrets.secretKey,
  };
}

async function readSecrets(home: string): Promise<Secrets | undefined> {
  const file = secretsFile(home);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SettingsError([`${file} can't be read (${code ?? message}); give it to the user who starts Tend`]);
  }
  // A backup that was copied back may have come with wider rights.
  await chmod(file, 0o600).catch(() => {});
  const parsed = stored.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new SettingsError([
      `${file} is damaged; restore it from a backup, or delete the whole folder ${home} to start afresh`,
    ]);
  }
  // Worked out, not made anew: of two processes that read such a file at once, both come to the same key.
  const hashKey = parsed.data.hashKey ?? keyOf(parsed.data.signingSecret);
  const secrets = { ...parsed.data, hashKey };
  if (parsed.data.hashKey === undefined) await replaceSecrets(file, secrets);
  return secrets;
}

const keyOf = (signingSecret: string): string =>
  createHmac('sha256', signingSecret).update('tend-hash-key').digest('hex');

async function replaceSecrets(file: string, secrets: Secrets): Promise<void> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch {
    // Read only: then it is worked out each time.
    await rm(draft, { force: true });
  }
}

async function createSecrets(home: string): Promise<Secrets> {
  await ensureHome(home);
  const secrets: Secrets = {
    postgresPassword: randomBytes(24).toString('hex'),
    signingSecret: randomBytes(32).toString('hex'),
    hashKey: randomBytes(32).toString('hex'),
    writeKey: newKey('write'),
    secretKey: newKey('secret'),
  };
  const file = secretsFile(home);
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    await handle.writeFile(`${JSON.stringify(secrets, null, 2)}\n`);
    await handle.sync();
    await handle.close();
    // `link` fails where a rename would overwrite: of two processes starting at once, the second takes the first's.
    await link(draft, file);
    return secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readSecrets(home)) ?? secrets;
  } finally {
    await rm(draft, { force: true });
  }
}

/** A new API key, 192 random bits, its kind legible in the prefix. */
export function newKey(kind: 'write' | 'secret'): string {
  return `${kind === 'write' ? 'wk' : 'sk'}_${randomBytes(24).toString('base64url')}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
