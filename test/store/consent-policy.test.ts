import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TendError } from '../../domain/errors.ts';
import { DAY } from '../../domain/instant.ts';
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

  it('wakes those whose mail waits: a consent that was stale is not by the new policy', async () => {
    await publish(database, 'template', plainTemplate('letter'), clock.now());
    await publish(database, 'template', renewTemplate, clock.now());
    const staleness = { after: { days: 30 }, askBefore: { days: 5 }, template: renewTemplate.key };
    await publish(database, 'consent', { ...shopPolicy, staleness }, clock.now());
    const steps = [{ id: 'letter', kind: 'send', template: 'letter', deadline: { days: 2 } }];
    const entry = [{ event: 'Order Completed' }];
    const sequence = { key: 'letters', name: 'Letters', purpose: 'offers', entry, steps };
    await publish(database, 'sequence', sequence, clock.now());
    const lead = await addLead(database, { now: clock.now(), purpose: 'offers' });
    clock.set(clock.now() + 31 * DAY);
    const sent: string[] = [];
    await interact(database, { email: lead.email, event: 'Order Completed', at: clock.now() });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id, (id) => sent.push(id));
    expect(sent).toHaveLength(0);
    await publish(database, 'consent', shopPolicy, clock.now());
    await runJourney(database, clock, lead.id, (id) => sent.push(id));
    expect(sent).toHaveLength(1);
  });
});

describe('the ground that mail goes on', () => {
  const refused = async (kind: 'consent' | 'template' | 'sequence' | 'mailing', content: { key: string }) => {
    const failure: unknown = await publish(database, kind, content, clock.now()).then(
      () => null,
      (error: unknown) => error,
    );
    if (failure === null) return [];
    if (!(failure instanceof TendError)) throw failure;
    return failure.fields.map(({ path, problem }) => `${path} ${problem}`);
  };
  const of = (key: string, purpose: string, template: string) => ({
    key,
    name: key,
    purpose,
    entry: [{ event: key }],
    steps: [{ id: 'mail', kind: 'send', template }],
  });

  beforeAll(async () => {
    await publish(database, 'consent', shopPolicy, clock.now());
    await publish(database, 'template', plainTemplate('advert'), clock.now());
    await publish(database, 'template', { ...plainTemplate('invoice'), service: true }, clock.now());
    await publish(database, 'sequence', of('news', 'newsletter', 'advert'), clock.now());
    await publish(database, 'sequence', of('bills', 'orders', 'invoice'), clock.now());
  });

  it('of a contract carries no marketing, in sequences, their streams and mailings', async () => {
    const problem = 'is a marketing mail, and the purpose of this sequence needs no consent by the consent policy';
    expect(await refused('sequence', of('sly', 'orders', 'advert'))).toEqual([expect.stringContaining(problem)]);
    const streams = [{ id: 'letters', tracks: [{ id: 'all', contents: ['invoice', 'advert'] }] }];
    const steps = [{ id: 'letter', kind: 'send', stream: 'letters' }];
    expect(await refused('sequence', { ...of('sly', 'orders', 'advert'), steps, streams } as { key: string })).toEqual([
      expect.stringMatching(/^streams\.0\.tracks\.0\.contents\.1 .*marketing mail/),
    ]);
    const mailing = { key: 'sly', name: 'Sly', purpose: 'orders', template: 'advert', at: '2027-06-01T10:00:00Z' };
    expect(await refused('mailing', mailing)).toEqual([
      expect.stringContaining('template names the template "advert"'),
    ]);
  });

  it('does not change under what is live: neither by the policy nor by a template', async () => {
    const [newsletter, ...others] = shopPolicy.purposes;
    const { promise: _, ...without } = newsletter;
    expect(
      await refused('consent', { ...shopPolicy, purposes: [{ ...without, basis: 'contract' }, ...others] } as never),
    ).toEqual([expect.stringContaining('the sequence "news" sends the template "advert", which is a marketing mail')]);
    const consented = others.map(({ key, name }) => ({ key, name }));
    expect(await refused('consent', { ...shopPolicy, purposes: [newsletter, ...consented] } as never)).toEqual([
      expect.stringContaining('the sequence "bills" sends the template "invoice", which is a service mail'),
    ]);
    expect(await refused('template', plainTemplate('invoice'))).toEqual([
      expect.stringMatching(/^service the sequence "bills" sends/),
    ]);
    expect(await refused('template', { ...plainTemplate('advert'), service: true } as never)).toEqual([
      expect.stringMatching(/^service the sequence "news" sends/),
    ]);
    expect(await refused('template', plainTemplate(confirmTemplate.key))).toContain(
      'service must be true: the consent policy has sign-ups confirmed by this mail',
    );
  });
});
