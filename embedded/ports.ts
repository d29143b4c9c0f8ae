import { createServer } from 'node:net';
import { ownPorts, readSettings, type Settings, SettingsError } from '../config/settings.ts';
import { portHolder } from './port-holder.ts';

/**
 * Makes sure that every port this installation is going to open is free.
 *
 * @throws SettingsError with one line for each that is not: port, holder if it can be found, variable to change
 */
export async function assertPortsFree(settings: Settings): Promise<void> {
  const problems = await Promise.all(
    ownPorts(settings).map(async ({ key, env, port }) => {
      const host = key === 'postgresPort' ? '127.0.0.1' : settings.host;
      const code = await tryPort(host, port);
      return code === undefined ? undefined : explain(code, env, host, port);
    }),
  );
  const found = [...new Set(problems.filter((problem) => problem !== undefined))];
  if (found.length > 0) throw new SettingsError(found);
}

/**
 * Picks a free port for every port set to 0, so that all processes can be told of it.
 *
 * @returns the settings as if those ports had been set
 */
export async function choosePorts(settings: Settings, env: NodeJS.ProcessEnv): Promise<Settings> {
  const chosen: Record<string, string> = {};
  const taken = new Set(ownPorts(settings).map(({ port }) => port));
  for (const { env: name, port } of ownPorts(settings)) {
    if (port !== 0) continue;
    let free = await freePort(settings.host);
    while (taken.has(free)) free = await freePort(settings.host);
    taken.add(free);
    chosen[name] = String(free);
  }
  return readSettings({ ...env, ...chosen });
}

/** A port that nobody uses right now. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The error code of listening there; undefined if it works. */
function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function explain(code: string, env: string, host: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE': {
      const holder = portHolder(port);
      return `port ${port} is taken${holder ? ` by ${holder}` : ''}: stop that, or set ${env} to another port`;
    }
    case 'EACCES':
      return `port ${port} may only be opened by root: set ${env} to a port from 1024 up`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `TEND_HOST ${host} is no address of this machine: unset it, or set it to one (0.0.0.0 for all)`;
    default:
      return `port ${port} can't be opened on ${host} (${code}): set ${env} to another port`;
  }
}
