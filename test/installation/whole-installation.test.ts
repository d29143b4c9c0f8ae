import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stillRuns } from '../../embedded/process-identity.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestLead } from '../support/company.ts';
import { eventually } from '../support/engine.ts';
import { PARTS, processesOf, type RunningInstallation, startInstallation } from '../support/installation.ts';

const model = {
  key: 'kill-test',
  name: 'Kill test',
  timeZone: 'Europe/Berlin',
  threshold: 1_000,
  rules: [{ id: 'never', on: { event: 'Never' }, points: 1 }],
};
const sequence = (key: string, seconds: number) => ({
  key,
  name: key,
  purpose: 'newsletter',
  entry: [{ event: `Entered ${key}` }],
  steps: [
    { id: 'before', kind: 'send', template: 'before' },
    { id: 'pause', kind: 'wait', for: { seconds } },
    { id: 'after', kind: 'send', template: 'after' },
  ],
});
const SECOND_MAIL_MS = 60_000;

/** One installation for all: what is told here happens to it in this order. */
describe.sequential('a whole installation', { timeout: 180_000 }, () => {
  let home: string;
  let installation: RunningInstallation;
  let database: Database;
  let addresses = 0;

  const open = async () => {
    installation = await startInstallation(home);
    database = openDatabase({
      url: installation.settings.databaseUrl,
      hashKey: installation.settings.hashKey,
      poolSize: 3,
    });
  };
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'tend-installation-'));
    await open();
    const sequences = [sequence('short', 4), sequence('long', 15)];
    await foundCompany(database, { now: Date.now(), model, sequences, templates: ['before', 'after'] });
  }, 240_000);
  afterAll(async () => {
    await database.close();
    await installation.end('SIGINT');
    for (const pid of processesOf(home)) process.kill(pid, 'SIGKILL');
    await rm(home, { recursive: true, force: true });
    await rm(`${home}.log`, { force: true });
  }, 60_000);

  /** A lead that has got its first mail, with the second due some seconds later. */
  async function leadInBetween(key: 'short' | 'long'): Promise<TestLead> {
    addresses += 1;
    const lead = await addLead(database, { now: Date.now(), email: `installation-${addresses}@people.example` });
    await interact(database, { email: lead.email, event: `Entered ${key}`, at: Date.now() });
    // On record, not only in the mailbox: who is killed in between leaves it `unknown`, which other tests are about.
    await eventually(
      'the first mail',
      async () =>
        (await database.query(sql`SELECT FROM message WHERE lead_id = ${lead.id}::uuid AND state = 'accepted'`))
          .length === 1,
      30_000,
    );
    expect(await installation.mailsTo(lead.email)).toEqual(['About before']);
    return lead;
  }
  const secondMail = async (lead: TestLead) => {
    await eventually(
      'the second mail',
      async () => (await installation.mailsTo(lead.email).catch(() => [])).length === 2,
      SECOND_MAIL_MS,
    );
    expect(await installation.mailsTo(lead.email)).toEqual(['About before', 'About after']);
  };

  it.each(PARTS)('SIGKILL for %s: it is restarted, and a journey goes on', async (part) => {
    const lead = await leadInBetween('short');
    const before = await installation.record(part);
    process.kill(before?.pid ?? 0, 'SIGKILL');
    const after = await eventually(
      `${part} to be back`,
      async () => {
        const record = await installation.record(part);
        return record !== undefined && record.pid !== before?.pid && stillRuns(record.pid, record.identity) && record;
      },
      30_000,
    );
    expect(after.pid).not.toBe(before?.pid);
    await secondMail(lead);
    await eventually('the API', async () =>
      fetch(`${installation.addresses.api}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    const found = await fetch(`${installation.addresses.api}/api/leads/search`, {
      method: 'POST',
      headers: { authorization: `Bearer ${installation.settings.secretKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ email: lead.email }),
    });
    expect(found.status).toBe(200);
    expect(JSON.stringify(await found.json())).toContain(lead.id);
  });

  it('SIGKILL for the supervisor: the next start clears its orphans away and goes on', async () => {
    const lead = await leadInBetween('long');
    const orphans = await Promise.all(PARTS.map((part) => installation.record(part)));
    await database.close();
    await installation.end('SIGKILL');
    expect(orphans.some((orphan) => orphan !== undefined && stillRuns(orphan.pid, orphan.identity))).toBe(true);
    await open();
    for (const orphan of orphans)
      expect(orphan !== undefined && stillRuns(orphan.pid, orphan.identity), orphan?.name).toBe(false);
    await secondMail(lead);
  });

  it('Ctrl-C leaves no process behind; without Temporal’s data, the next start rebuilds every journey', async () => {
    const lead = await leadInBetween('long');
    await database.close();
    expect(await installation.end('SIGINT')).toEqual({ code: 0 });
    expect(processesOf(home)).toEqual([]);
    await rm(path.join(home, 'temporal'), { recursive: true });
    await open();
    await secondMail(lead);
    // What was there before is there still, and nobody got a mail again.
    const states = () =>
      database.query<{ state: string; count: number }>(sql`SELECT state, count(*) FROM message GROUP BY state`);
    // That it was taken is recorded a moment after it stands in the mailbox.
    await expect.poll(states, { timeout: 10_000 }).toEqual([{ state: 'accepted', count: 2 * addresses }]);
  });

  it('one start too many is told so, and harms nothing', async () => {
    await expect(startInstallation(home)).rejects.toThrow(`already runs on ${home}`);
    expect((await fetch(`${installation.addresses.api}/readyz`)).status).toBe(200);
  });
});
