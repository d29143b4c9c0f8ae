import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { loadLiveDefinitions } from '../../store/load-live-definitions.ts';
import { addLead, interact, plainTemplate, publish } from '../support/company.ts';
import { confirmTemplate, renewTemplate, shopPolicy } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

let database: Database;
const clock = testClock(Date.parse('2026-11-25T10:00:00Z'));
const staleness = { after: { days: 700 }, askBefore: { days: 30 }, template: renewTemplate.key };

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const problemsOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    const { code, fields } = error as { code: string; fields: readonly { path: string }[] };
    return [code, ...fields.map(({ path }) => path)];
  }
  return [];
};

describe('publishing a consent policy', () => {
  it('wants its mails published: one that asks to confirm without advertising, one that asks whether it still holds', async () => {
    const policy = { ...shopPolicy, staleness };
    const now = clock.now();
    expect(await problemsOf(publish(database, 'consent', policy, now))).toEqual([
      'definition-invalid',
      'doubleOptIn.template',
      'staleness.template',
    ]);
    await publish(database, 'template', plainTemplate('marketing'), now);
    await publish(database, 'template', confirmTemplate, now);
    await publish(database, 'template', renewTemplate, now);
    const swapped = {
      ...policy,
      doubleOptIn: { template: 'marketing' },
      staleness: { ...staleness, template: confirmTemplate.key },
    };
    expect(await problemsOf(publish(database, 'consent', swapped, now))).toEqual([
      'definition-invalid',
      'doubleOptIn.template',
      'staleness.template',
    ]);
    expect(await problemsOf(publish(database, 'consent', policy, now))).toEqual([]);
    expect((await loadLiveDefinitions(database)).consent).toMatchObject({ key: 'consent', staleness });
  });

  it('is one at a time', async () => {
    expect(await problemsOf(publish(database, 'consent', { ...shopPolicy, key: 'other' }, clock.now()))).toEqual([
      'conflict',
    ]);
  });

  it('wakes those whose mail waits: what a contract needs is not held back by a promise', async () => {
    for (const key of ['ordered', 'shipped']) await publish(database, 'template', plainTemplate(key), clock.now());
    const send = (id: string) => ({ id, kind: 'send', template: id, deadline: { days: 2 } });
    const steps = [send('ordered'), send('shipped')];
    const entry = [{ event: 'Order Completed' }];
    await publish(
      database,
      'sequence',
      { key: 'orders', name: 'Orders', purpose: 'deliveries', entry, steps },
      clock.now(),
    );
    const lead = await addLead(database, { now: clock.now(), purpose: 'deliveries', promise: { max: 1, days: 1 } });
    const sent: string[] = [];
    await interact(database, { email: lead.email, event: 'Order Completed', at: clock.now() });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id, (id) => sent.push(id));
    expect(sent).toHaveLength(1);
    const contract = { key: 'deliveries', name: { en: 'Deliveries' }, basis: 'contract' };
    const policy = { ...shopPolicy, purposes: [...shopPolicy.purposes, contract] };
    await publish(database, 'consent', policy, clock.now());
    await runJourney(database, clock, lead.id, (id) => sent.push(id));
    expect(sent).toHaveLength(2);
  });
});
