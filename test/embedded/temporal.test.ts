import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../../config/settings.ts';
import { freePort } from '../../embedded/ports.ts';
import { startTemporal, type TemporalOptions } from '../../embedded/temporal.ts';
import { findTemporalBinary } from '../../embedded/temporal-binary.ts';
import { temporaryHome } from './temporary-home.ts';

async function start(options: Omit<TemporalOptions, 'binary' | 'port'>) {
  const binary = await findTemporalBinary(readSettings());
  const server = await startTemporal({ ...options, binary, port: await freePort() });
  onTestFinished(() => server.stop());
  return server;
}

async function client(address: string, namespace: string): Promise<Client> {
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  return new Client({ connection, namespace });
}

test('the server keeps its workflows over SIGKILL', async () => {
  const home = temporaryHome();
  const first = await start({ home, namespace: 'stationery' });
  const { workflow } = await client(first.address, first.namespace);
  await workflow.start('anything', { taskQueue: 'none', workflowId: 'lead-1' });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;

  const second = await start({ home, namespace: 'stationery' });
  const again = await client(second.address, second.namespace);
  expect((await again.workflow.getHandle('lead-1').describe()).status.name).toBe('RUNNING');
});

test('an ephemeral server leaves no data', async () => {
  const home = temporaryHome();
  const server = await start({ home, ephemeral: true });
  await server.stop();
  expect(existsSync(join(home, 'temporal'))).toBe(false);
});

/** PATH as long as the test runs. */
function setPath(path: string): void {
  const before = process.env.PATH;
  process.env.PATH = path;
  onTestFinished(() => {
    process.env.PATH = before;
  });
}

function program(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

test('a program named by TEND_TEMPORAL_BINARY that does not run is refused by that name', async () => {
  const binary = program(temporaryHome(), 'temporal', 'echo something else');
  await expect(findTemporalBinary({ temporalBinary: binary, cacheDir: '/nowhere' })).rejects.toThrow(
    /^TEND_TEMPORAL_BINARY .* does not run \(it is not the temporal CLI\); mend or unset it$/,
  );
});

test('without server and without Go, one line says what to do', async () => {
  setPath(temporaryHome());
  await expect(findTemporalBinary({ temporalBinary: undefined, cacheDir: temporaryHome() })).rejects.toThrow(
    /^There is no Temporal server here and no Go to build one: install Go .* or set TEMPORAL_ADDRESS/,
  );
});

test('Go builds it once, into the cache; a failed build leaves nothing and says why', async () => {
  const [folder, cacheDir] = [temporaryHome(), temporaryHome()];
  setPath(`${folder}:/usr/bin:/bin`);

  program(folder, 'go', 'echo "no network" >&2; exit 1');
  await expect(findTemporalBinary({ temporalBinary: undefined, cacheDir })).rejects.toThrow(
    /^"go install github\.com\/temporalio\/cli\S+" failed; [\s\S]*no network$/,
  );

  program(
    folder,
    'go',
    'printf \'#!/bin/sh\\necho temporal version 1.5.1\\n\' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"',
  );
  const told: string[] = [];
  const cached = join(cacheDir, 'temporal', '1.5.1', 'temporal');
  expect(await findTemporalBinary({ temporalBinary: undefined, cacheDir }, (text) => told.push(text))).toBe(cached);
  expect(told[0]).toMatch(/building the Temporal server with Go, once: 0 s/);

  program(folder, 'go', 'exit 1');
  expect(await findTemporalBinary({ temporalBinary: undefined, cacheDir })).toBe(cached);
});
