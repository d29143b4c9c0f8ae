import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../config/package-root.ts';
import { type Child, type ChildSpec, spawnChild } from '../../embedded/child.ts';
import { logFileOf } from '../../embedded/log-file.ts';
import { processIdentity } from '../../embedded/process-identity.ts';
import { diaryLines } from './sleeper.ts';
import { temporaryHome } from './temporary-home.ts';

/** A process can only run what was compiled; `npm test` builds first. */
const compiled = join(packageRoot, 'dist', 'config', 'exit-with-parent.js');
const script = fileURLToPath(new URL('./child-of-parent.mjs', import.meta.url));
const argumentsFor = (diary: string, behaviour = ''): string[] => [
  script,
  pathToFileURL(compiled).href,
  diary,
  behaviour,
];

describe.skipIf(!existsSync(compiled))('a child of the supervisor', () => {
  async function start(behaviour = ''): Promise<{ child: Child; diary: string }> {
    const home = temporaryHome();
    const diary = join(home, 'diary');
    const spec: ChildSpec = {
      name: 'child',
      stopSignal: 'SIGTERM',
      ready: 'announced',
      readyWithinMs: 20_000,
      launch: async () => ({
        command: process.execPath,
        args: argumentsFor(diary, behaviour),
        env: { PATH: process.env.PATH },
        third: 'ipc',
      }),
    };
    const child = await spawnChild(spec, logFileOf(home, 'child'));
    onTestFinished(() => child.kill());
    await child.ready;
    return { child, diary };
  }

  test('announces itself and stops in order when asked', async () => {
    const { child, diary } = await start();
    await child.stop();
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(diaryLines(diary)).toEqual([`started ${child.pid}`, `stopped ${child.pid}`]);
  });

  test('stops once, however often it is asked', async () => {
    const { child, diary } = await start();
    for (let times = 0; times < 3; times += 1) process.kill(child.pid, 'SIGTERM');
    await child.exited;
    expect(diaryLines(diary)).toHaveLength(2);
  });

  test('whose stop fails ends with code 1', async () => {
    const { child } = await start('fails');
    await child.stop();
    expect((await child.exited).code).toBe(1);
  });

  test('stops in order when its supervisor is killed', async () => {
    const diary = join(temporaryHome(), 'diary');
    const supervisor = `
      import { spawn } from 'node:child_process';
      spawn(process.execPath, ${JSON.stringify(argumentsFor(diary))}, { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', supervisor], { stdio: 'ignore' });
    onTestFinished(() => void parent.kill('SIGKILL'));
    // The file is there before its first line is.
    await expect.poll(() => diaryLines(diary)[0], { timeout: 20_000 }).toMatch(/^started \d+$/);
    const pid = Number(diaryLines(diary)[0]?.split(' ')[1]);
    onTestFinished(() => {
      if (processIdentity(pid) !== undefined) process.kill(pid, 'SIGKILL');
    });

    parent.kill('SIGKILL');
    await expect.poll(() => diaryLines(diary), { timeout: 10_000 }).toEqual([`started ${pid}`, `stopped ${pid}`]);
    await expect.poll(() => processIdentity(pid), { timeout: 10_000 }).toBeUndefined();
  });
});
