import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/engine.ts';
import { openShop, type ShopFront } from './shop-front.ts';

let shop: ShopFront;
beforeAll(async () => {
  shop = await openShop(['sequences/attributes/qualification.yaml', 'sequences/models/cloud.yaml']);
});
afterAll(() => shop.stop());

const email = 'teichmann@maschinenbau-nord.example';
const left = (daysAgo: number, halfLifeDays: number) => 2 ** (-daysAgo / halfLifeDays);

it('Frau Teichmann was rated high, reads and takes part for weeks, and the white paper takes her to sales', async () => {
  await shop.identify('teichmann', { email, position: 'Head of IT' }, 42);
  const id = await shop.settled(email);
  await shop.api.api('POST', `leads/${id}/attributes`, {
    source: 'agency',
    confidence: 0.8,
    attributes: { personRating: 'high' },
    account: { agencyRating: 'high', employees: 400 },
  });
  // She reads each newsletter, and is active on the social page.
  const read = [35, 28, 21, 14, 7];
  for (const [index, daysAgo] of read.entries()) await shop.reacted(email, 'Email Opened', `n${index}`, daysAgo);
  const active = [20, 12, 5];
  for (const daysAgo of active) await shop.did('teichmann', 'Social Page Activity', daysAgo);
  await shop.settled(email);
  const before = await shop.score(id);
  expect(before).toMatchObject({ grade: 'A', band: 2, cell: 'A2', qualified: false });
  expect(before.profile).toMatchObject({ points: 100 });
  expect(before.profile.criteria[0].trace.found).toMatchObject({ value: 'high', source: 'agency' });
  // 5 × 3 with a half-life of 90 days, 3 × 4 and 10 for lasting engagement with one of 60 days.
  const sum = (days: readonly number[], points: number, halfLife: number) =>
    days.reduce((total, daysAgo) => total + points * left(daysAgo, halfLife), 0);
  const noonsAgo = (days: readonly number[]) =>
    days.map((daysAgo) => daysAgo + ((Date.now() % 86_400_000) / 86_400_000 - 0.5));
  const expected = sum(noonsAgo(read), 3, 90) + sum(noonsAgo(active), 4, 60) + sum(noonsAgo([5]), 10, 60);
  expect(before.points).toBeCloseTo(expected, 1);
  expect(before.levers[0]).toMatchObject({ id: 'white-paper', cell: 'A1', qualifies: true });
  expect(await shop.handoffs(id)).toEqual([]);

  await shop.did('teichmann', 'White Paper Downloaded', 0, { title: 'cloud for mid-sized firms' });
  await shop.settled(email);
  expect(await shop.score(id)).toMatchObject({ cell: 'A1', qualified: true });
  const offer = await eventually('the offer', async () => (await shop.handoffs(id))[0]);
  await eventually("the representative's mail", async () =>
    shop.engine.mailbox.mails.some(({ to }) => to === 'rita@sales.example'),
  );
  expect(offer).toMatchObject({ state: 'offered', trigger: { modelKey: 'cloud', cell: 'A1' } });
  // By itself she falls back some day: the white paper counts for 180 days, and what she read fades.
  const { next } = await shop.score(id);
  expect(next).toMatchObject({ cell: 'A2', qualified: false });
  const { body: why } = await shop.api.api('GET', `leads/${id}/why`);
  expect(why.nextLookAt).toBe(next.at);
});
