import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/engine.ts';
import { openShop, type ShopFront } from './shop-front.ts';

let shop: ShopFront;
beforeAll(async () => {
  shop = await openShop(['sequences/attributes/electricity.yaml', 'sequences/models/electricity.yaml']);
});
afterAll(() => shop.stop());

it('Herr Anders has the basic supplier: high potential without a further question, and ready for an offer', async () => {
  const email = 'anders@people.example';
  await shop.identify('anders', { email, postcode: '10969' }, 1);
  await shop.did('anders', 'Landing Page Registered', 1);
  await shop.did('anders', 'Availability Checked', 1, { postcode: '10969' });
  const id = await shop.settled(email);
  const before = await shop.score(id);
  expect(before).toMatchObject({ points: 30, cell: 'C3', qualified: false });
  expect(before.profile.criteria[0]).toMatchObject({ id: 'high-potential', trace: { result: 'unknown' } });

  await shop.identify('anders', { email, presentSupplier: 'Stadtwerke', presentTariff: 'basic' }, 0);
  await shop.settled(email);
  const after = await shop.score(id);
  expect(after).toMatchObject({ points: 50, cell: 'A2', qualified: true });
  expect(after.profile.criteria[0].trace.found).toMatchObject({ value: 'high', source: 'inference', confidence: 0.8 });
  const offer = await eventually('the offer', async () => (await shop.handoffs(id))[0]);
  await eventually("the representative's mail", async () =>
    shop.engine.mailbox.mails.some(({ to }) => to === 'rita@sales.example'),
  );
  expect(offer).toMatchObject({ state: 'offered', trigger: { modelKey: 'electricity', cell: 'A2' } });
});

it('who is bound by a contract has a medium potential, and stays with marketing', async () => {
  const email = 'bound@people.example';
  await shop.identify('bound', { email, postcode: '10969', presentSupplier: 'Other', presentTariff: 'contract' }, 1);
  await shop.did('bound', 'Landing Page Registered', 1);
  await shop.did('bound', 'Availability Checked', 1);
  const id = await shop.settled(email);
  expect(await shop.score(id)).toMatchObject({ points: 50, cell: 'B2', qualified: false });
  expect(await shop.handoffs(id)).toEqual([]);
});
