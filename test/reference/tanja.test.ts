import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/engine.ts';
import { openShop, type ShopFront } from './shop-front.ts';

let shop: ShopFront;
beforeAll(async () => {
  shop = await openShop(['sequences/models/stationery.yaml']);
});
afterAll(() => shop.stop());

it('Tanja reaches 53 points, each explained, and is offered to sales', async () => {
  const email = 'tanja@people.example';
  await shop.identify('tanja', { email }, 6);
  await shop.did('tanja', 'Newsletter Subscribed', 6, { list: 'elsewhere' });
  await shop.reacted(email, 'Email Opened', 'n1', 5);
  await shop.reacted(email, 'Email Link Clicked', 'n1', 5, 13);
  const id = await shop.settled(email);
  // Opens and clicks are there, and count for nothing before a person shows.
  expect(await shop.score(id)).toMatchObject({ points: 13, firmPoints: 3, qualified: false });

  await shop.identify('tanja', { email, birthday: '1990-05-01' }, 4);
  await shop.saw('tanja', 'Product', 3, 9);
  await shop.saw('tanja', 'Product', 3, 15);
  await shop.saw('tanja', 'Product', 2);
  await shop.settled(email);
  expect(await shop.score(id)).toMatchObject({ points: 33, firmPoints: 33, qualified: false });
  expect(await shop.handoffs(id)).toEqual([]);

  await shop.did('tanja', 'Branch Searched', 1);
  await shop.settled(email);
  const score = await shop.score(id);
  expect(score).toMatchObject({ points: 53, firmPoints: 53, qualified: true, threshold: 50 });
  expect(score.awards.map(({ points, ruleName }: { points: number; ruleName: string }) => [points, ruleName])).toEqual([
    [3, 'Signed up for the newsletter'],
    [5, 'Opened the newsletter'],
    [5, 'Followed a link in the newsletter'],
    [10, 'Told us their birthday'],
    [5, 'Browsed products on a day'],
    [5, 'Browsed products on a day'],
    [20, 'Looked up branches nearby'],
  ]);
  // The second visit of the same day matched, gave nothing, and says why.
  expect(score.withheld).toEqual([expect.objectContaining({ rule: 'products-browsed', reason: 'limit' })]);
  const [handoff] = await eventually('the offer', async () => {
    const found = await shop.handoffs(id);
    return found.length > 0 ? found : null;
  });
  expect(handoff).toMatchObject({ state: 'offered', trigger: { points: 53, threshold: 50, modelKey: 'stationery' } });
});

it('a third browsing day is five more, and the score of any day before can be asked for', async () => {
  const email = 'thekla@people.example';
  await shop.identify('thekla', { email }, 9);
  for (const daysAgo of [8, 7, 6]) await shop.saw('thekla', 'Product', daysAgo);
  const id = await shop.settled(email);
  expect(await shop.score(id)).toMatchObject({ points: 15 });
  const between = new Date(Date.now() - 6.9 * 86_400_000).toISOString();
  expect((await shop.score(id, `?at=${between}`)).points).toBeLessThan(15);
});
