import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { logFileOf } from '../../embedded/log-file.ts';
import { waitUntil } from '../../embedded/poll.ts';
import { processIdentity } from '../../embedded/process-identity.ts';
import { readChildRecords, readLivingRecord } from '../../embedded/process-record.ts';
import { createSupervisor, restartDelayMs, type Supervisor, type SupervisorEvent } from '../../embedded/supervisor.ts';
import { diaryLines, sleeperSpec } from './sleeper.ts';
import { temporaryHome } from './temporary-home.ts';

function supervised(): { home: string; diary: string; events: SupervisorEvent[]; supervisor: Supervisor } {
  const home = temporaryHome();
  const events: SupervisorEvent[] = [];
  const supervisor = createSupervisor(home, (event) => events.push(event));
  onTestFinished(() => supervisor.stop());
  return { home, diary: join(home, 'diary'), events, supervisor };
}

const pidOf = (supervisor: Supervisor, name: string): number => supervisor.pids().get(name) ?? 0;

describe('a child', () => {
  test('is started, recorded by its very process, and logged', async () => {
    const { home, diary, supervisor } = supervised();
    await supervisor.start(sleeperSpec('one', diary));
    const record = await readLivingRecord(home, 'one');
    expect(record?.pid).toBe(pidOf(supervisor, 'one'));
    expect(diaryLines(diary)).toEqual([`started ${record?.pid}`]);
  });

  test('killed with SIGKILL comes back', async () => {
    const { home, diary, events, supervisor } = supervised();
    await supervisor.start(sleeperSpec('one', diary));
    const before = pidOf(supervisor, 'one');
    process.kill(before, 'SIGKILL');
    expect(await waitUntil(() => events.some(({ kind }) => kind === 'back'), 20_000)).toBe(true);

    const after = pidOf(supervisor, 'one');
    expect(after).not.toBe(before);
    expect(processIdentity(after)).toBeDefined();
    expect((await readLivingRecord(home, 'one'))?.pid).toBe(after);
    expect(events[0]).toMatchObject({ kind: 'died', name: 'one', exit: { signal: 'SIGKILL' }, delayMs: 200 });
    expect(events[1]).toMatchObject({ kind: 'back', name: 'one', pid: after });
  });

  test('that fails at the first start rejects with the end of its log', async () => {
    const { home, diary, supervisor } = supervised();
    await expect(supervisor.start(sleeperSpec('one', diary, 'fails'))).rejects.toThrow(
      /^one ended with code 3; the end of .*logs\/one\.log:\n {2}the reason why$/,
    );
    expect(await readChildRecords(home)).toEqual([]);
  });

  test('that never gets ready is stopped', async () => {
    const { diary, supervisor } = supervised();
    await expect(supervisor.start(sleeperSpec('one', diary, 'silent'))).rejects.toThrow(
      /^one was not ready within 0\.5 s/,
    );
    expect(supervisor.pids().size).toBe(0);
  });

  test('whose program is missing is named', async () => {
    const { supervisor } = supervised();
    const spec = sleeperSpec('one', '/dev/null');
    const missing = { ...spec, launch: async () => ({ command: '/nowhere/tend', args: [], env: {} }) };
    await expect(supervisor.start(missing)).rejects.toThrow(/^one could not be started: .*ENOENT/);
  });
});

describe('stopping', () => {
  test('goes backwards and leaves nothing behind', async () => {
    const { home, diary, events, supervisor } = supervised();
    await supervisor.start(sleeperSpec('one', diary));
    await supervisor.start(sleeperSpec('two', diary));
    const [one, two] = [pidOf(supervisor, 'one'), pidOf(supervisor, 'two')];
    await supervisor.stop();
    expect(diaryLines(diary).slice(2)).toEqual([`stopped ${two}`, `stopped ${one}`]);
    expect(events.map((event) => ('name' in event ? event.name : ''))).toEqual(['two', 'one']);
    expect([processIdentity(one), processIdentity(two)]).toEqual([undefined, undefined]);
    expect(await readChildRecords(home)).toEqual([]);
  });

  test('while a child waits for its restart brings none back', async () => {
    const { diary, events, supervisor } = supervised();
    await supervisor.start(sleeperSpec('one', diary));
    process.kill(pidOf(supervisor, 'one'), 'SIGKILL');
    expect(await waitUntil(() => events.length > 0, 10_000, 1)).toBe(true);
    await supervisor.stop();
    expect(supervisor.pids().size).toBe(0);
    expect(diaryLines(diary)).toHaveLength(1);
  });

  test('while a child starts stops that one too', async () => {
    const { diary, supervisor } = supervised();
    const starting = supervisor.start(sleeperSpec('one', diary));
    const outcome = expect(starting).rejects.toThrow();
    await supervisor.stop();
    await outcome;
    expect(supervisor.pids().size).toBe(0);
  });

  test('by force kills even the stubborn', async () => {
    const { diary, supervisor } = supervised();
    await supervisor.start(sleeperSpec('one', diary, 'stubborn'));
    const pid = pidOf(supervisor, 'one');
    supervisor.kill();
    expect(await waitUntil(() => processIdentity(pid) === undefined, 10_000)).toBe(true);
  });
});

test('the pause before a restart grows from 200 ms to 10 s', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 60].map(restartDelayMs)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test('a log is appended to over restarts', async () => {
  const { home, diary, supervisor } = supervised();
  const log = logFileOf(home, 'one');
  for (let round = 0; round < 2; round += 1) {
    await expect(supervisor.start(sleeperSpec('one', diary, 'fails'))).rejects.toThrow();
  }
  expect(readFileSync(log, 'utf8')).toBe('the reason why\nthe reason why\n');
});
