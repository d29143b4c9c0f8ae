import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCompany, type TimedCompany } from './timed-company.ts';

/** The policy that sequences/electricity/comparison.yaml recommends. */
const pacing = {
  name: 'Minutes are minutes',
  timeZone: 'Europe/Berlin',
  country: 'DE',
  caps: [
    { max: 3, days: 2 },
    { max: 4, days: 30 },
  ],
  spacing: 'none',
  quiet: { from: '21:00', to: '07:00' },
  weekends: 'send',
  holidays: 'send',
};

let supplier: TimedCompany;
// Each story begins on Monday, 1 June 2026, in the evening.
beforeEach(async () => {
  const files = ['sequences/models/electricity.yaml', 'sequences/attributes/electricity.yaml'];
  supplier = await openCompany([...files, 'templates/electricity', 'sequences/electricity'], '2026-06-01 19:30');
  await supplier.api.api('PUT', 'pacing/default', pacing);
  await supplier.api.api('POST', 'pacing/default/publish');
});
afterEach(() => supplier.stop());

async function registers(who: string, more: Record<string, string> = {}): Promise<string> {
  const lead = await supplier.meet(who, { email: `${who}@people.example`, locale: 'de', ...more }, 'price-offer');
  await supplier.did(who, 'Landing Page Registered');
  return lead;
}
const offers = async (lead: string) => (await supplier.api.api('GET', `handoffs?lead=${lead}`)).body.handoffs;

it('who does nothing is written to at once, after 45 minutes and the next day, and then left alone', async () => {
  const lead = await registers('otto', { firstName: 'Otto', postcode: '10969' });
  await supplier.until('2026-07-31 12:00');
  expect(await supplier.post('otto@people.example')).toEqual([
    '2026-06-01 19:30 Ihr Strompreis für 10969',
    '2026-06-01 20:15 Zwei Angaben, und der Wechsel ist erledigt',
    '2026-06-02 16:15 Was ein Wechsel bringt und wann er sich nicht lohnt',
  ]);
  expect(await supplier.ends(lead)).toEqual({ 'electricity-comparison': 'completed' });
  expect(await offers(lead)).toEqual([]);
});

it('who asks to be called goes to sales at once, whatever the score, and marketing is silent', async () => {
  const lead = await registers('paula', { presentTariff: 'contract' });
  await supplier.until('2026-06-01 19:50');
  await supplier.did('paula', 'Call Requested');
  const [offer] = await offers(lead);
  expect(offer).toMatchObject({
    offeredAt: '2026-06-01T17:50:00.000Z',
    trigger: { sequence: 'electricity-comparison', step: 'call', reason: 'Asked to be called back about a price' },
  });
  const note = await supplier.lastLetter('rita@sales.example');
  expect(note.html).toContain('Asked to be called back about a price');
  await supplier.until('2026-07-31 12:00');
  expect(await supplier.post('paula@people.example')).toEqual(['2026-06-01 19:30 Ihr Strompreis']);
});

it('who looks further is given a day, and who signs is done', async () => {
  const [rosa, sven] = [await registers('rosa'), await registers('sven')];
  await supplier.until('2026-06-01 19:40');
  for (const who of ['rosa', 'sven']) await supplier.did(who, 'Availability Checked', { postcode: '04109' });
  await supplier.until('2026-06-02 09:00');
  await supplier.did('sven', 'Contract Signed');
  await supplier.until('2026-06-03 12:00');
  expect(await supplier.post('rosa@people.example')).toEqual([
    '2026-06-01 19:30 Ihr Strompreis',
    // 26 hours later it is twenty to ten in the evening: quiet hours.
    '2026-06-03 07:00 Was ein Wechsel bringt und wann er sich nicht lohnt',
  ]);
  expect(await supplier.post('sven@people.example')).toHaveLength(1);
  expect(await supplier.ends(rosa)).toEqual({ 'electricity-comparison': null });
  expect(await supplier.ends(sven)).toEqual({ 'electricity-comparison': 'goal' });
});

it('Herr Anders, whom the score hands over, hears nothing more while sales has him, and the price expires', async () => {
  const lead = await registers('anders', { postcode: '10969' });
  await supplier.did('anders', 'Availability Checked', { postcode: '10969' });
  await supplier.identify('anders', {
    email: 'anders@people.example',
    presentSupplier: 'Stadtwerke',
    presentTariff: 'basic',
  });
  expect(await offers(lead)).toMatchObject([{ trigger: { modelKey: 'electricity', cell: 'A2' } }]);
  await supplier.until('2026-07-31 12:00');
  expect(await supplier.post('anders@people.example')).toEqual(['2026-06-01 19:30 Ihr Strompreis für 10969']);
  const messages = (await supplier.api.api('GET', `messages?lead=${lead}`)).body.messages;
  expect(
    messages
      .filter(({ recipient }: { recipient: string }) => recipient === 'lead')
      .map(({ state }: { state: string }) => state)
      .sort(),
  ).toEqual(['accepted', 'dropped']);
});
