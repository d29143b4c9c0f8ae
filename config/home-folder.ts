import { randomBytes } from 'node:crypto';
import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SettingsError } from './settings.ts';

/**
 * Makes sure that the home folder exists and can be written.
 *
 * Mode 700: only this user may enter. PostgreSQL, which runs as a user of its own when Tend is started by root, is
 * handed its data folder already open (`embedded/postgres-data.ts`) and needs no way through this one.
 *
 * @throws SettingsError with one clear line if the folder can't be made or written
 */
export async function ensureHome(home: string): Promise<void> {
  try {
    await mkdir(dirname(home), { recursive: true });
    await mkdir(home, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const probe = join(home, `.write-probe-${randomBytes(6).toString('hex')}`);
    await (await open(probe, 'w', 0o600)).close();
    await unlink(probe);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SettingsError([
      `TEND_HOME: the folder ${home} can't be written (${code ?? message}); ` +
        'give it to the user who starts Tend, or set TEND_HOME to a folder of yours',
    ]);
  }
}

/** A folder inside the home that only this user may enter. */
export async function privateFolder(home: string, name: string): Promise<string> {
  const folder = join(home, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}
