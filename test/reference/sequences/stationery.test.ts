import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCompany, type TimedCompany } from './timed-company.ts';

const files = [
  'sequences/models/stationery.yaml',
  'sequences/pacing.yaml',
  'templates/stationery',
  'sequences/stationery',
];
/** Each story begins on Monday, 1 June 2026, in the morning. */
const MONDAY = '2026-06-01 09:00';

describe('from the newsletter to the offer that fits', () => {
  let shop: TimedCompany;
  beforeAll(async () => {
    shop = await openCompany(files, MONDAY);
  });
  afterAll(() => shop.stop());

  it('Tanja clicks, is offered what she wants, tells her birthday, and gets letters by how far she has come', async () => {
    const email = 'tanja@people.example';
    const lead = await shop.meet('tanja', { email, firstName: 'Tanja', locale: 'de' }, 'newsletter');
    await shop.did('tanja', 'Newsletter Subscribed', { list: 'newsletter' });
    await shop.until('2026-06-03 18:30');
    await shop.click(await shop.lastLetter(email));
    await shop.until('2026-06-14 12:00');
    expect(await shop.post(email)).toEqual([
      '2026-06-01 09:00 Papier, Tinte und ein leeres Blatt, Tanja',
      '2026-06-05 18:30 Ihr Malbedarf: das Einsteigerset, ausgesucht von Leuten, die malen',
      '2026-06-12 18:30 Dürfen wir Ihnen gratulieren?',
    ]);
    await shop.identify('tanja', { email, birthday: '1990-06-20' });
    // 18 points: a letter for those who look around. On Tuesday, two weeks later.
    await shop.until('2026-07-10 12:00');
    expect((await shop.post(email)).slice(3)).toEqual([
      '2026-06-20 09:00 Alles Gute zum Geburtstag, Tanja',
      '2026-06-30 10:00 Warum Tinte verläuft, und auf welchem Papier nicht',
    ]);
    await shop.saw('tanja', 'Product');
    await shop.until('2026-07-11 12:00');
    await shop.saw('tanja', 'Product');
    // 28 points: nearly there.
    await shop.until('2026-12-31 12:00');
    expect((await shop.post(email)).slice(5)).toEqual([
      '2026-07-14 10:00 Ein Abend mit Tinte in Ihrer Filiale',
      '2026-07-28 10:00 Drei Füller, und welcher zu Ihnen passt',
    ]);
    expect(await shop.ends(lead)).toEqual({ 'stationery-newsletter': 'completed', 'stationery-birthday': null });
    // Nobody gets a letter twice, but for the card. Her next birthday is a Sunday, on which the shop does not write.
    await shop.until('2027-12-31 12:00');
    expect((await shop.post(email)).slice(7)).toEqual(['2027-06-21 09:00 Alles Gute zum Geburtstag, Tanja']);
  });
});

describe('without a click', () => {
  let shop: TimedCompany;
  beforeAll(async () => {
    shop = await openCompany(files, MONDAY);
  });
  afterAll(() => shop.stop());

  it('another subject comes after ten days; who buys is done with it; who unsubscribes too', async () => {
    const people = ['ada', 'ben', 'cleo'];
    const leads: string[] = [];
    for (const who of people) {
      leads.push(await shop.meet(who, { email: `${who}@people.example` }, 'newsletter'));
      await shop.did(who, 'Newsletter Subscribed', { list: 'newsletter' });
    }
    await shop.until('2026-06-12 12:00');
    const both = [
      '2026-06-01 09:00 Paper, ink and a blank page, dear reader',
      expect.stringContaining('Three fountain pens'),
    ];
    expect(await shop.post('ada@people.example')).toEqual(both);
    await shop.did('ben', 'Order Completed');
    const { html } = await shop.lastLetter('cleo@people.example');
    const unsubscribe = /href="([^"]*\/u\/[^"]+)"/.exec(html)?.[1] ?? '';
    await fetch(unsubscribe, { method: 'POST', body: 'List-Unsubscribe=One-Click' });
    await shop.until('2026-06-25 12:00');
    expect(await shop.post('ada@people.example')).toEqual([
      ...both,
      '2026-06-18 09:00 May we wish you a happy birthday?',
    ]);
    expect(await shop.post('ben@people.example')).toEqual(both);
    expect(await shop.post('cleo@people.example')).toEqual(both);
    const ends = await Promise.all(leads.map((lead) => shop.ends(lead)));
    expect(ends.map((end) => end['stationery-newsletter'])).toEqual([null, 'goal', 'exit']);
  });
});

describe('after the purchase was won', () => {
  let shop: TimedCompany;
  beforeAll(async () => {
    shop = await openCompany(files, MONDAY);
  });
  afterAll(() => shop.stop());

  /** Makes leads so active that sales gets them, and wins them. */
  async function won(...people: string[]): Promise<string[]> {
    const leads: string[] = [];
    for (const who of people) {
      leads.push(await shop.meet(who, { email: `${who}@people.example`, locale: 'de-AT' }, 'newsletter'));
      await shop.did(who, 'Newsletter Subscribed', { list: 'newsletter' });
    }
    await shop.until('2026-06-03 10:00');
    for (const lead of leads) {
      const points = { model: 'stationery', points: 50, reason: 'Stood in the branch for an hour' };
      await shop.api.api('POST', `leads/${lead}/score-adjustments`, points);
      await shop.until('2026-06-03 10:00');
      const { body } = await shop.api.api('GET', `handoffs?lead=${lead}`);
      const [{ id, owner }] = body.handoffs;
      await shop.api.api('POST', `handoffs/${id}/accept`, { rep: owner.key });
      await shop.api.api('POST', `handoffs/${id}/outcome`, { outcome: 'won' });
      await shop.until('2026-06-03 10:00');
    }
    return leads;
  }

  it('a customer is thanked at once, helped after a week, and offered something after a month', async () => {
    const [lead = '', unhappy = ''] = await won('dora', 'emil');
    expect(await shop.ends(lead)).toEqual({ 'stationery-newsletter': 'left-the-stage', 'stationery-customer': null });
    await shop.until('2026-06-15 18:00');
    await shop.did('emil', 'Complaint Made');
    await shop.until('2026-12-31 12:00');
    expect((await shop.post('dora@people.example')).slice(1)).toEqual([
      '2026-06-03 10:00 Willkommen bei Federkiel',
      '2026-06-10 10:00 Die erste Woche mit Ihren Pinseln',
      '2026-07-03 10:00 Was zuerst leer ist',
    ]);
    expect(await shop.ends(lead)).toMatchObject({ 'stationery-customer': 'completed' });
    expect(await shop.post('emil@people.example')).toHaveLength(3);
    expect(await shop.ends(unhappy)).toMatchObject({ 'stationery-customer': 'exit' });
  });

  it('the card comes on the birthday, each year, and no more once the date is taken back', async () => {
    const email = 'fritz@people.example';
    const lead = await shop.meet('fritz', { email, birthday: '--02-29' }, 'newsletter');
    await shop.until('2028-03-01 12:00');
    const card = 'Happy birthday, and all the best';
    // Where there is no 29 February, it is the 28th: a Sunday in 2027.
    expect(await shop.post(email)).toEqual([`2027-03-01 09:00 ${card}`, `2028-02-29 09:00 ${card}`]);
    const taken = await shop.api.api('POST', `leads/${lead}/attributes`, {
      source: 'form',
      attributes: { birthday: null },
    });
    expect(taken.status).toBeLessThan(300);
    await shop.until('2030-01-01 12:00');
    expect(await shop.post(email)).toHaveLength(2);
    expect(await shop.ends(lead)).toEqual({ 'stationery-birthday': 'completed' });
  });
});
