import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The last tag that `go install` accepts: later ones have a `replace` line. Holds server 1.29.1 and the web page. */
export const TEMPORAL_CLI_VERSION = '1.5.1';

const PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`;

/**
 * Builds the Temporal server with Go and puts it into the folder. About three minutes on two cores, once a machine.
 *
 * Every builder works in a folder of its own and renames at the end: two starts at once build twice, but neither
 * finds the other's half-written file.
 *
 * @throws Error with the end of Go's output
 */
export async function buildTemporal(go: string, folder: string, progress: (text: string) => void): Promise<void> {
  await mkdir(folder, { recursive: true });
  const workshop = await mkdtemp(join(folder, 'build-'));
  const started = performance.now();
  const tell = (): void => {
    const seconds = Math.round((performance.now() - started) / 1000);
    progress(`building the Temporal server with Go, once: ${seconds} s (about 3 minutes on 2 cores)`);
  };
  tell();
  const timer = setInterval(tell, 1000);
  try {
    await goInstall(go, workshop);
    await rename(join(workshop, 'temporal'), join(folder, 'temporal'));
  } finally {
    clearInterval(timer);
    await rm(workshop, { recursive: true, force: true });
  }
}

function goInstall(go: string, target: string): Promise<void> {
  // GOBIN is refused while GOOS or GOARCH ask for another system than this one.
  const { GOOS: _system, GOARCH: _architecture, ...env } = process.env;
  const running = spawn(go, ['install', PACKAGE], {
    env: { ...env, GOBIN: target },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  running.stderr.setEncoding('utf8');
  running.stderr.on('data', (text: string) => {
    output = (output + text).slice(-2000);
  });
  // Whoever stops the start must not leave the compiler at work.
  const end = (): void => void running.kill('SIGTERM');
  process.once('exit', end);
  return new Promise<void>((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code) => {
      if (code === 0) return resolve();
      reject(
        new Error(
          `"go install ${PACKAGE}" failed; set TEND_TEMPORAL_BINARY to a temporal program or TEMPORAL_ADDRESS to a ` +
            `server that runs, or mend this and start again:\n${output.trim().split('\n').slice(-8).join('\n')}`,
        ),
      );
    });
  }).finally(() => process.off('exit', end));
}
