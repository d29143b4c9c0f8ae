import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { spawnChild } from '../../embedded/child.ts';
import { logFileOf } from '../../embedded/log-file.ts';
import { marksOf } from '../../embedded/marked-processes.ts';
import { AlreadyRunning, becomeSupervisor, resignAsSupervisor } from '../../embedded/only-one.ts';
import { stopOrphans } from '../../embedded/orphans.ts';
import { processIdentity, stillRuns } from '../../embedded/process-identity.ts';
import {
  describeProcess,
  type ProcessRecord,
  readChildRecords,
  SUPERVISOR,
  writeRecord,
} from '../../embedded/process-record.ts';
import { diaryLines, sleeperSpec } from './sleeper.ts';
import { temporaryHome } from './temporary-home.ts';

/** A process that has nothing to do with Tend. */
async function stranger(): Promise<{ process: ChildProcess; pid: number }> {
  const started = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void started.kill('SIGKILL'));
  await new Promise((resolve) => started.once('spawn', resolve));
  return { process: started, pid: started.pid ?? 0 };
}

function recordOf(pid: number, name: string, changes: Partial<ProcessRecord> = {}): ProcessRecord {
  const record = describeProcess({ name, pid, stopSignal: 'SIGTERM', order: 0 });
  if (!record) throw new Error(`process ${pid} does not run`);
  return { ...record, ...changes };
}

test('a process is itself and no other', async () => {
  const one = await stranger();
  const identity = processIdentity(one.pid);
  expect(identity).toBeDefined();
  expect(processIdentity(one.pid)).toBe(identity);
  expect(stillRuns(one.pid, identity ?? '')).toBe(true);
  expect(stillRuns(process.pid, identity ?? '')).toBe(false);

  const gone = new Promise((resolve) => one.process.once('exit', resolve));
  one.process.kill('SIGKILL');
  await gone;
  expect(processIdentity(one.pid)).toBeUndefined();
});

test('a process that has ended but was not reaped counts as ended', async () => {
  // The shell starts a child and becomes `sleep`, which never asks for the child's end.
  const parent = spawn('/bin/sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (data) => resolve(Number(String(data)))),
  );
  await expect.poll(() => processIdentity(pid), { timeout: 10_000 }).toBeUndefined();
});

test('what a killed supervisor left is stopped in order, the last started first', async () => {
  const home = temporaryHome();
  const diary = join(home, 'diary');
  for (const [order, name] of ['postgres', 'worker'].entries()) {
    const child = await spawnChild(sleeperSpec(name, diary), logFileOf(home, name));
    await child.ready;
    await writeRecord(home, recordOf(child.pid, name, { order }));
  }
  const [postgres, worker] = (await readChildRecords(home)).map(({ pid }) => pid);
  const told: string[] = [];
  await stopOrphans(home, ({ name }) => told.push(name));
  expect(told).toEqual(['worker', 'postgres']);
  expect(diaryLines(diary).slice(2)).toEqual([`stopped ${worker}`, `stopped ${postgres}`]);
  expect(await readChildRecords(home)).toEqual([]);
});

test.runIf(process.platform === 'linux')(
  'a child that was started but not yet recorded is found all the same',
  async () => {
    const home = temporaryHome();
    const diary = join(home, 'diary');
    const child = await spawnChild(sleeperSpec('temporal', diary), logFileOf(home, 'temporal'), marksOf(home));
    await child.ready;
    await stopOrphans(temporaryHome(), () => {});
    expect(processIdentity(child.pid)).toBeDefined();
    await stopOrphans(home, () => {});
    expect(diaryLines(diary)).toEqual([`started ${child.pid}`, `stopped ${child.pid}`]);
  },
);

test('a process that merely has the number of an orphan is left alone', async () => {
  const home = temporaryHome();
  const { pid } = await stranger();
  await writeRecord(home, recordOf(pid, 'worker', { identity: 'an-earlier-boot/1234' }));
  const told: string[] = [];
  await stopOrphans(home, ({ name }) => told.push(name));
  expect(told).toEqual([]);
  expect(processIdentity(pid)).toBeDefined();
  expect(await readChildRecords(home)).toEqual([]);
});

test('a home has one supervisor at a time', async () => {
  const home = temporaryHome();
  await becomeSupervisor(home);
  const second = await becomeSupervisor(home).catch((error: unknown) => error);
  expect(second).toBeInstanceOf(AlreadyRunning);
  expect(second).toMatchObject({ pid: process.pid, message: expect.stringContaining(`(process ${process.pid})`) });
  await resignAsSupervisor(home);
  await becomeSupervisor(home);
});

test('a supervisor that was killed does not stand in the way', async () => {
  const home = temporaryHome();
  const { pid } = await stranger();
  await writeRecord(home, recordOf(pid, SUPERVISOR, { identity: 'an-earlier-boot/1234' }));
  expect((await becomeSupervisor(home)).pid).toBe(process.pid);
});
