import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Launch, runToEnd } from './child.ts';
import { logFileOf } from './log-file.ts';
import { marksOf } from './marked-processes.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { SystemUser } from './postgres-user.ts';

/** Name of the superuser of the embedded server; the application's role and database have the same name. */
export const POSTGRES_ROLE = 'tend';

/** Where the embedded server of a home folder keeps its data. */
export const postgresFolder = (home: string): string => join(home, 'postgres');

/**
 * How a program is told its data folder.
 *
 * Started by root, PostgreSQL runs as another user, who may be unable to pass through the folders above the data
 * (/root, or a fresh `mktemp -d`). So that user gets the folder handed over open, as descriptor 3, and reaches it by
 * way of /proc whatever the rights of its parents.
 */
export function dataFolderFor(
  dataFolder: string,
  user: SystemUser | undefined,
): Pick<Launch, 'third' | 'user'> & { readonly argument: string } {
  if (user === undefined) return { argument: dataFolder };
  if (platform() !== 'linux') {
    throw new Error('The embedded PostgreSQL does not run as root on this system; start Tend as another user');
  }
  return { argument: '/proc/self/fd/3', user, third: { folder: dataFolder } };
}

/**
 * Makes the data folder if it does not exist.
 *
 * It is made under another name and then renamed, so that an interrupted first start leaves no half-made database.
 *
 * @throws ChildFailed with the end of initdb's output
 */
export async function ensurePostgresData(
  home: string,
  password: string,
  binaries: PostgresBinaries,
  user: SystemUser | undefined,
): Promise<void> {
  const dataFolder = postgresFolder(home);
  if (existsSync(join(dataFolder, 'PG_VERSION'))) return;
  const draft = `${dataFolder}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  if (user) await chown(draft, user.uid, user.gid);
  // initdb reads the password from a file only; this folder is entered by its owner alone.
  const passwordFolder = await mkdtemp(join(tmpdir(), 'tend-initdb-'));
  try {
    const passwordFile = join(passwordFolder, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (user) await Promise.all([passwordFolder, passwordFile].map((path) => chown(path, user.uid, user.gid)));
    const { argument, ...asUser } = dataFolderFor(draft, user);
    await runToEnd(
      'initdb',
      {
        command: binaries.initdb,
        args: [
          `--pgdata=${argument}`,
          `--username=${POSTGRES_ROLE}`,
          '--auth=scram-sha-256',
          `--pwfile=${passwordFile}`,
          '--encoding=UTF8',
          // PostgreSQL's own collation: an update of the system's C library can't make indexes wrong.
          '--locale-provider=builtin',
          '--builtin-locale=C.UTF-8',
          '--locale=C',
        ],
        env: { ...postgresEnvironment(), ...marksOf(home) },
        cwd: '/',
        ...asUser,
      },
      logFileOf(home, 'postgres'),
    );
    await rename(draft, dataFolder);
  } finally {
    await rm(passwordFolder, { recursive: true, force: true });
  }
}

/** Without the PG* variables of the person who starts Tend, which would redirect or misconfigure the server. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' };
}
