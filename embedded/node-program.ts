import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildSpec } from './child.ts';
import { poll } from './poll.ts';

export interface NodeProgram {
  readonly name: string;
  /** Compiled file, from the root of the compiled tree: `worker/main.js`. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  /** An address that answers 200 once the program is ready; without it, the program announces itself. */
  readonly readyUrl?: string;
}

/** The folder into which the sources are compiled, from where this very file runs. */
const compiledRoot = fileURLToPath(new URL('..', import.meta.url));

/** How to run one of Tend's own programs. They end by themselves when their supervisor vanishes. */
export function nodeProgramSpec({ name, file, env, readyUrl }: NodeProgram): ChildSpec {
  return {
    name,
    stopSignal: 'SIGTERM',
    readyWithinMs: 60_000,
    launch: async () => ({
      command: process.execPath,
      args: ['--enable-source-maps', join(compiledRoot, file)],
      env,
      third: 'ipc',
    }),
    ready: readyUrl === undefined ? 'announced' : (signal) => poll(() => assertAnswers(readyUrl), 50, signal),
  };
}

async function assertAnswers(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
}
