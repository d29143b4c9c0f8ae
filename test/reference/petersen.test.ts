import { afterAll, beforeAll, expect, it } from 'vitest';
import { plainTemplate, shopSender } from '../support/company.ts';
import { eventually } from '../support/engine.ts';
import { openShop, type ShopFront } from './shop-front.ts';

let shop: ShopFront;
beforeAll(async () => {
  shop = await openShop(['sequences/attributes/qualification.yaml', 'sequences/models/phone-systems.yaml']);
  // Who has no say is not sold to; her company is worth staying in touch with.
  await shop.api.api('PUT', 'senders/default', shopSender);
  await shop.api.api('POST', 'senders/default/publish');
  await shop.api.api('PUT', 'templates/for-your-company', plainTemplate('for-your-company'));
  await shop.api.api('POST', 'templates/for-your-company/publish');
  await shop.api.api('PUT', 'sequences/account-nurturing', {
    name: 'Stay in touch with the account',
    purpose: 'newsletter',
    entry: [{ kind: 'tend', event: 'Attributes Recorded', properties: { 'attribute.authority': 'no' } }],
    steps: [{ id: 'hello', kind: 'send', template: 'for-your-company' }],
  });
  await shop.api.api('POST', 'sequences/account-nurturing/publish');
});
afterAll(() => shop.stop());

const email = 'a.petersen@modehaus-mueller.example';

it('Frau Petersen has no say: her grade is capped, sales gives her back, and her account is nurtured', async () => {
  await shop.identify('petersen', { email, firstName: 'Anna', position: 'Assistant' }, 2);
  await shop.did('petersen', 'E-Book Downloaded', 2);
  await shop.api.v1('group', {
    userId: 'petersen',
    groupId: 'modehaus-mueller.example',
    traits: { name: 'Modehaus Müller', branches: 7, industry: 'fashion' },
    timestamp: new Date(Date.now() - 86_400_000).toISOString(),
  });
  const id = await shop.settled(email);
  const offered = await eventually('the offer', async () => (await shop.handoffs(id))[0]);
  const before = await shop.score(id);
  expect(before).toMatchObject({ grade: 'B', band: 2, cell: 'B2', qualified: true });
  // What a fashion house with seven branches tells is known of the company, not of her, and with who said so.
  expect(before.profile.criteria[0]).toMatchObject({ id: 'several-sites', points: 40, trace: { result: 'true' } });
  expect(before.profile.criteria[2]).toMatchObject({ id: 'decides', points: 0, trace: { result: 'unknown' } });

  // The representative asks.
  await shop.api.api('POST', `handoffs/${offered.id}/accept`, { rep: 'rita' });
  const { status } = await shop.api.api('POST', `leads/${id}/attributes`, {
    source: 'rep',
    attributes: { authority: 'no', need: 'medium-term' },
  });
  expect(status).toBeLessThan(300);
  await shop.api.api('POST', `handoffs/${offered.id}/outcome`, { outcome: 'recycled', reason: 'not her decision' });
  await shop.settled(email);
  const after = await shop.score(id);
  expect(after).toMatchObject({ grade: 'C', band: 2, cell: 'C2', qualified: false });
  expect(after.profile).toMatchObject({ points: 70, gradeOfPoints: 'A', grade: 'C' });
  expect(after.profile.caps[0].trace).toMatchObject({ result: 'true', found: { value: 'no', source: 'rep' } });

  // However active she is now: marketing goes on, sales is not asked again.
  for (const daysAgo of [1, 0]) await shop.saw('petersen', 'Phone System', daysAgo);
  await shop.settled(email);
  expect(await shop.handoffs(id)).toHaveLength(1);
  const { body: why } = await shop.api.api('GET', `leads/${id}/why`);
  expect(why.enrolments).toEqual([expect.objectContaining({ sequence: 'account-nurturing' })]);
});

it('a colleague shares what is known of the company, and the capped grade is hers alone', async () => {
  const colleague = 'b.mueller@modehaus-mueller.example';
  await shop.identify('mueller', { email: colleague, position: 'Owner' }, 1);
  const id = await shop.settled(colleague);
  const score = await shop.score(id);
  // 40 for the branches, 20 for the trade, and the owner usually decides: 30.
  expect(score).toMatchObject({ grade: 'A', profile: { points: 90 } });
  expect(score.profile.criteria[2].trace.found).toMatchObject({ value: 'yes', source: 'inference' });
});

it('job advertisements take points off, and a student is no buyer', async () => {
  const student = 'student@modehaus-mueller.example';
  await shop.identify('student', { email: student, occupation: 'Student' }, 3);
  await shop.did('student', 'E-Book Downloaded', 3);
  const id = await shop.settled(student);
  const before = await shop.score(id);
  expect(before).toMatchObject({ grade: 'D', profile: { points: 0 }, qualified: false });
  await shop.saw('student', 'Careers', 0);
  await shop.settled(student);
  const after = await shop.score(id);
  expect(after.points).toBeLessThan(before.points - 9.9);
  expect(after.awards.at(-1)).toMatchObject({ rule: 'careers', points: -10 });
});
