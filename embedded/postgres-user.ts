import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user PostgreSQL has to run as: undefined for this process's own user, and when that is root, which PostgreSQL
 * refuses, the owner of the data folder, or for a new one the system user `postgres`, made if it does not exist.
 *
 * @throws Error with one clear line if there is none and none can be made
 */
export async function postgresUser(dataFolder: string): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const data = await stat(dataFolder).catch(() => undefined);
  if (data && data.uid !== 0) return { uid: data.uid, gid: data.gid };
  const present = await lookUp();
  if (present) return present;
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    'postgres',
  ]).catch(
    () => {}, // another start may have made it just now; the look-up decides
  );
  const made = await lookUp();
  if (made) return made;
  throw new Error(
    'PostgreSQL does not run as root, and a user "postgres" could not be made; ' +
      'start Tend as another user, create a system user "postgres", or set DATABASE_URL',
  );
}

async function lookUp(): Promise<SystemUser | undefined> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])));
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    return undefined;
  }
}
