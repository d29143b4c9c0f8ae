import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCompany, type TimedCompany } from './timed-company.ts';

/** The policy that sequences/business/white-paper.yaml recommends. */
const pacing = {
  name: 'Working hours',
  timeZone: 'Europe/Berlin',
  country: 'DE',
  caps: [{ max: 1, days: 4 }],
  windows: [{ weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' }],
};
const PURPOSE = 'cloud-letters';

let firm: TimedCompany;
// Each story begins on Monday, 1 June 2026, in the morning.
beforeEach(async () => {
  const files = ['sequences/models/cloud.yaml', 'sequences/attributes/qualification.yaml'];
  firm = await openCompany([...files, 'templates/business', 'sequences/business'], '2026-06-01 09:00');
  await firm.api.api('PUT', 'pacing/default', pacing);
  await firm.api.api('POST', 'pacing/default/publish');
});
afterEach(() => firm.stop());

it('Frau Teichmann is asked one question at a time, and gets the letters of those who compare once she does', async () => {
  const email = 'teichmann@maschinenbau-nord.example';
  const lead = await firm.meet(
    'teichmann',
    { email, firstName: 'Karla', locale: 'de', position: 'Head of IT' },
    PURPOSE,
  );
  await firm.did('teichmann', 'White Paper Downloaded', { title: 'backup for everybody' });
  await firm.until('2026-06-02 10:00');
  await firm.click(await firm.lastLetter(email));
  await firm.until('2026-06-02 10:20');
  await firm.saw('teichmann', 'Prices');
  await firm.until('2026-06-08 09:00');
  expect(await firm.post(email)).toEqual([
    '2026-06-01 09:00 Ihr Whitepaper, Karla',
    // She has read on Tuesday and could be asked on Wednesday; one mail in four days makes it Friday.
    '2026-06-05 08:00 Eine Frage, Karla',
  ]);
  const question = await firm.lastLetter(email);
  expect(question.heading).toBe('Wann brauchen Sie voraussichtlich eine Lösung?');
  for (const choice of ['Jetzt', 'Etwa innerhalb eines Jahres', 'Gar nicht']) expect(question.html).toContain(choice);
  await firm.answer(question, 'medium-term');
  await firm.until('2026-06-18 12:00');
  expect((await firm.post(email)).slice(2)).toEqual([
    '2026-06-09 08:00 Was ein Umzug in die Cloud wirklich kostet',
    '2026-06-18 09:30 Eine Frage, Karla',
  ]);
  expect((await firm.lastLetter(email)).heading).toBe('Gibt es dafür ein Budget?');
  await firm.did('teichmann', 'White Paper Downloaded', { title: 'cloud for mid-sized firms' });
  await firm.answer(await firm.lastLetter(email), 'planned');
  await firm.until('2026-09-30 12:00');
  expect((await firm.post(email)).slice(4)).toEqual([
    '2026-06-22 08:00 Zwölf Fragen an jeden Cloud-Anbieter',
    // That she decides was only concluded from her position: asked last.
    '2026-07-01 09:30 Eine Frage, Karla',
    '2026-07-06 09:30 Eine Stunde für Ihre Server, mit unserer Technik',
  ]);
  expect(await firm.ends(lead)).toEqual({ 'cloud-white-paper': 'completed' });
});

it('Frau Petersen has no say: she gets two pages to pass on, and no more', async () => {
  const email = 'a.petersen@modehaus-mueller.example';
  const lead = await firm.meet('petersen', { email, firstName: 'Anna', locale: 'de', position: 'Assistant' }, PURPOSE);
  await firm.did('petersen', 'White Paper Downloaded', { title: 'cloud for mid-sized firms' });
  await firm.until('2026-06-08 09:00');
  // Nothing was clicked, so she is asked after four days and a business day: on Monday.
  const question = await firm.lastLetter(email);
  expect([question.at, question.heading]).toEqual(['2026-06-08 09:00', 'Wer entscheidet bei Ihnen darüber?']);
  await firm.answer(question, 'no');
  await firm.until('2026-12-31 12:00');
  expect((await firm.post(email)).slice(2)).toEqual(['2026-06-12 08:00 Zwei Seiten zum Weitergeben']);
  expect(await firm.ends(lead)).toEqual({ 'cloud-white-paper': 'completed' });
});

it('a student is turned away; of whom nothing is known is let in', async () => {
  const student = await firm.meet('s', { email: 's@uni.example', occupation: 'Student' }, PURPOSE);
  const nobody = await firm.meet('n', { email: 'n@somewhere.example' }, PURPOSE);
  for (const who of ['s', 'n']) await firm.did(who, 'White Paper Downloaded');
  expect(await firm.post('s@uni.example')).toEqual([]);
  expect(await firm.post('n@somewhere.example')).toEqual(['2026-06-01 09:00 Your white paper, as promised']);
  expect([await firm.ends(student), await firm.ends(nobody)]).toEqual([
    { 'cloud-white-paper': 'audience' },
    { 'cloud-white-paper': null },
  ]);
});

it('who sales gives back rests for two months, and then gets letters of another kind', async () => {
  const email = 'unger@werkzeugbau.example';
  const lead = await firm.meet('unger', { email, firstName: 'Jan' }, PURPOSE);
  await firm.did('unger', 'White Paper Downloaded', { title: 'backup for everybody' });
  await firm.api.api('POST', `leads/${lead}/attributes`, {
    source: 'agency',
    attributes: { personRating: 'high' },
    account: { agencyRating: 'high', employees: 400 },
  });
  const points = { model: 'cloud', points: 50, reason: 'Talked with us at the fair', validFor: { days: 14 } };
  await firm.api.api('POST', `leads/${lead}/score-adjustments`, points);
  await firm.until('2026-06-02 12:00');
  const { body } = await firm.api.api('GET', `handoffs?lead=${lead}`);
  const [{ id }] = body.handoffs;
  await firm.api.api('POST', `handoffs/${id}/accept`, { rep: 'rita' });
  await firm.until('2026-06-20 12:00');
  await firm.api.api('POST', `handoffs/${id}/outcome`, { outcome: 'recycled', reason: 'next year perhaps' });
  await firm.until('2026-06-20 12:01');
  expect(await firm.ends(lead)).toEqual({ 'cloud-white-paper': 'taken-out', 'cloud-revival': null });
  await firm.until('2026-12-31 12:00');
  expect(await firm.post(email)).toEqual([
    '2026-06-01 09:00 Your white paper, Jan',
    '2026-08-20 09:30 What has changed since we talked',
    '2026-09-22 09:30 120 people, one weekend: how a machine builder moved',
  ]);
  expect(await firm.ends(lead)).toMatchObject({ 'cloud-revival': 'completed' });
});
