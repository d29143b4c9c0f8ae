import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { registerMailing } from '../../cli/mailing.ts';
import { timeInWords, timeOf } from '../../cli/mailing-time.ts';
import { registerPush } from '../../cli/push.ts';
import { loadSecrets } from '../../config/secrets.ts';
import { describeProcess, SUPERVISOR, writeRecord } from '../../embedded/process-record.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import type { Database } from '../../store/database.ts';
import { fixedClock, type RunningApi, SECRET_KEY, SIGNING_SECRET, startApi, WRITE_KEY } from '../api/running-api.ts';
import { addLead, foundCompany } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { addCrowd, runWorkers } from '../support/mailings.ts';

const clock = fixedClock('2026-06-02T08:00:00.000Z');
let database: Database;
let mailbox: TestMailbox;
let transport: MailTransport;
let api: RunningApi;
let home: string;

beforeAll(async () => {
  [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
  transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
  const compose = { publicUrl: 'http://127.0.0.1:8080', signingSecret: SIGNING_SECRET, from: 'Shop <a@shop.example>' };
  api = await startApi(database, clock, 1, [], { transport, compose });
  const rules = [{ id: 'demo', on: { event: 'Demo' }, points: 30 }];
  const model = { key: 'shop', name: 'Shop', timeZone: 'UTC', threshold: 100, rules };
  await foundCompany(database, { now: clock.now(), model, sequences: [], templates: ['news'], once: ['news'] });
  // The command finds its installation as always: by its folder, and by this process, which stands for the supervisor.
  home = await mkdtemp(path.join(tmpdir(), 'tend-mailing-'));
  await loadSecrets(home);
  const environment = { TEND_API_PORT: new URL(api.url).port, TEND_SMTP_PORT: '1', SMTP_URL: mailbox.url };
  const record = describeProcess({ name: SUPERVISOR, pid: process.pid, stopSignal: 'SIGTERM', order: 0, environment });
  if (record === undefined) throw new Error('this process does not run');
  await writeRecord(home, record);
  vi.stubEnv('TEND_HOME', home);
  vi.stubEnv('TEND_SECRET_KEY', SECRET_KEY);
  vi.stubEnv('TEND_WRITE_KEY', WRITE_KEY);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  expect(api.failures).toEqual([]);
  await api.stop();
  transport.close();
  await Promise.all([mailbox.close(), database.close(), rm(home, { recursive: true })]);
});

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  vi.spyOn(console, 'log').mockImplementation((line: string = '') => lines.push(line));
});
afterEach(() => vi.restoreAllMocks());

async function tend(...words: string[]): Promise<string> {
  const program = new Command('tend').enablePositionalOptions().exitOverride();
  registerMailing(program);
  registerPush(program);
  await program.parseAsync(words, { from: 'user' });
  return lines.splice(0).join('\n').replace(/ {2,}/g, ' ');
}

describe('tend mailing', () => {
  it('takes a newsletter from its file to its report', async () => {
    await addCrowd(database, 3, clock.now());
    await addLead(database, { now: clock.now(), purpose: null });
    const file = path.join(home, 'june.yaml');
    await writeFile(file, 'kind: mailing\nkey: june\nname: June\npurpose: newsletter\ntemplate: news\n');
    await tend('push', file);
    expect(await tend('mailings')).toMatch(/^june draft/);

    const preview = await tend('mailing', 'preview', 'june', '--at', '2026-06-03T10:00', '--zone', 'Europe/Berlin');
    expect(preview).toContain('june at 2026-06-03 10:00, Europe/Berlin');
    expect(preview).toContain('in the audience 4\n go on time 3\n not sent: no-consent 1');
    expect(preview).toContain('2026-06-03T08:00:00.000Z 3');

    expect(await tend('mailing', 'test', 'june', 'tina@shop.example')).toContain(
      '✓ tina@shop.example [Test] About news',
    );
    expect(mailbox.mails.map(({ to }) => to)).toEqual(['tina@shop.example']);

    expect(await tend('mailing', 'schedule', 'june', '--at', '2026-06-03T10:00', '--own-clock')).toContain(
      "june is scheduled. 2026-06-03 10:00, by each lead's own clock",
    );
    expect(await tend('mailing', 'pause', 'june')).toContain('june is paused.');
    expect(await tend('mailing', 'resume', 'june', '--over', '1h')).toContain('june is scheduled.');
    clock.set('2026-06-03T10:00:00.000Z');
    expect(await runWorkers(database, clock)).toBe(3);
    expect(await tend('mailing', 'follow', 'june')).toContain(
      "june is done. 2026-06-03 10:00, by each lead's own clock\n 3 set on their way, 3 sent, 0 delayed, 0 not sent",
    );
    const report = await tend('mailing', 'report', 'june');
    for (const line of ['in the audience 4', 'passed over: no-consent 1', 'sent 3', 'opened 0', 'Opens are unreliable'])
      expect(report).toContain(line);
    expect(await tend('mailings')).toMatch(
      /^june done 2026-06-03 10:00, by each lead's own clock 3 of 4 in the audience/,
    );
    await expect(tend('mailing', 'cancel', 'june')).rejects.toThrow(
      'is done: there is nothing that could be cancelled',
    );
    await expect(tend('mailing', 'report', 'none')).rejects.toThrow('There is no mailing "none".');
  });

  it('wants to know whose ten o’clock it is', () => {
    expect(timeOf({})).toBeUndefined();
    expect(timeOf({ at: 'now' })).toBe('now');
    expect(timeOf({ at: '2026-06-03T10:00+02:00' })).toBe('2026-06-03T10:00+02:00');
    expect(timeOf({ at: '2026-06-03 10:00', ownClock: true })).toEqual({ date: '2026-06-03', time: '10:00' });
    expect(() => timeOf({ at: '2026-06-03T10:00' })).toThrow("whose ten o'clock");
    expect(() => timeOf({ at: '2026-06-03T10:00', ownClock: true, zone: 'UTC' })).toThrow("whose ten o'clock");
    expect(() => timeOf({ at: 'now', ownClock: true })).toThrow('go with a local time');
    expect(timeInWords('2026-06-03T10:00Z')).toBe('2026-06-03T10:00Z');
  });
});
