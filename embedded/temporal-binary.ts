import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Settings } from '../config/settings.ts';
import { buildTemporal, TEMPORAL_CLI_VERSION } from './build-temporal.ts';

const run = promisify(execFile);

/**
 * The `temporal` program that serves as embedded server, from the first of these that works:
 * `TEND_TEMPORAL_BINARY`, `temporal` on PATH, the cache folder, a build with Go into the cache folder.
 *
 * The SDK could download one too, but only as a step of starting a server of its own choice and flags
 * (`@temporalio/testing`), not as a program to keep; so it is left out here.
 *
 * @param progress hears what takes long
 * @throws Error with one clear line saying how to get one
 */
export async function findTemporalBinary(
  settings: Pick<Settings, 'temporalBinary' | 'cacheDir'>,
  progress: (text: string) => void = () => {},
): Promise<string> {
  if (settings.temporalBinary !== undefined) {
    const failure = await failureOf(settings.temporalBinary);
    if (failure === undefined) return settings.temporalBinary;
    throw new Error(`TEND_TEMPORAL_BINARY ${settings.temporalBinary} does not run (${failure}); mend or unset it`);
  }
  const onPath = await findOnPath('temporal');
  if (onPath !== undefined && (await failureOf(onPath)) === undefined) return onPath;

  const folder = join(settings.cacheDir, 'temporal', TEMPORAL_CLI_VERSION);
  const cached = join(folder, 'temporal');
  if ((await failureOf(cached)) === undefined) return cached;

  const go = await findOnPath('go');
  if (go === undefined) {
    throw new Error(
      'There is no Temporal server here and no Go to build one: install Go (https://go.dev/dl) or the temporal CLI ' +
        '(https://docs.temporal.io/cli) and start again, or set TEMPORAL_ADDRESS to a server that runs',
    );
  }
  await buildTemporal(go, folder, progress);
  const failure = await failureOf(cached);
  if (failure === undefined) return cached;
  throw new Error(
    `The Temporal server built in ${folder} does not run (${failure}); delete that folder and start again`,
  );
}

/** The first executable file of that name on PATH. */
export async function findOnPath(name: string, path = process.env.PATH ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** Why `--version` does not work; undefined if it does. A damaged download or build shows here, not as a hang later. */
async function failureOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 20_000 });
    return /temporal version/i.test(stdout) ? undefined : 'it is not the temporal CLI';
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}
