import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { askRenewals } from '../../store/ask-renewals.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import { addLead, publish } from '../support/company.ts';
import { confirmTemplate, renewTemplate, shopPolicy } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { readable, startPost, type TestPost } from '../support/post.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';

let database: Database;
let api: RunningApi;
let post: TestPost;
const clock = fixedClock('2026-01-05T10:00:00.000Z');
const given = clock.now();

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  post = await startPost(database, clock, SIGNING_SECRET);
  await publish(database, 'template', confirmTemplate, given);
  await publish(database, 'template', renewTemplate, given);
  const staleness = { after: { days: 730 }, askBefore: { days: 30 }, template: renewTemplate.key };
  await publish(database, 'consent', { ...shopPolicy, staleness }, given);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await post.close();
  await api.stop();
  await database.close();
});

const open = (path: string, init: RequestInit = {}) =>
  fetch(`${api.url}${path}`, { headers: { 'Accept-Language': 'de' }, ...init }).then(answer);
const press = (path: string) =>
  open(path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Accept-Language': 'de',
      'User-Agent': 'Safari 20',
    },
    body: 'confirm=yes',
  });
const sources = async (lead: string) =>
  (
    await database.query<{ source: string }>(
      sql`SELECT source FROM consent WHERE lead_id = ${lead}::uuid AND purpose = 'newsletter' ORDER BY id`,
    )
  ).map(({ source }) => source);

/** Somebody who is asked whether the consent still holds; with the path of the link in the mail. */
async function asked(): Promise<{ readonly lead: string; readonly path: string }> {
  clock.set(given);
  const lead = await addLead(database, { now: given, promise: { max: 1, days: 7 } });
  clock.set(given + 705 * DAY);
  await askRenewals(database, clock, { messageIdDomain: 'shop.example' });
  const mail = (await post.deliver()).find(({ to }) => to === lead.email);
  const link = readable(mail!).links.find((each) => each.includes('/r/')) ?? '';
  return { lead: lead.id, path: new URL(link).pathname };
}

describe('the page that asks whether a consent still holds', () => {
  it('changes nothing when it is fetched, as scanners do', async () => {
    const { lead, path } = await asked();
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD']) expect((await open(path, { method })).status).toBe(200);
    const { body } = await open(path);
    expect(body).toMatch(/Dürfen wir Ihnen weiter schreiben\?[\s\S]*Rundbrief[\s\S]*höchstens eine Mail pro Woche/);
    expect(body).toMatch(/5\. Januar 2026/);
    expect(await sources(lead)).toEqual(['api']);
  });

  it('renews by its button, in the words that it showed; once', async () => {
    const { lead, path } = await asked();
    expect((await press(path)).body).toContain('wir schreiben Ihnen weiter');
    expect((await press(path)).body).toContain('schon bestätigt');
    expect((await open(path)).body).toContain('schon bestätigt');
    expect(await sources(lead)).toEqual(['api', 'renewal']);
    const [record] = await database.query<Record<string, unknown>>(
      sql`SELECT * FROM consent WHERE lead_id = ${lead}::uuid AND source = 'renewal'`,
    );
    expect(record).toMatchObject({
      wording: 'Rundbrief: Ja, Sie dürfen mir weiter schreiben. Ich kann das jederzeit beenden.',
      locale: 'de',
      form_url: 'http://127.0.0.1:8080/r/',
      requested_at: clock.now(),
      confirmed_at: clock.now(),
      confirm_user_agent: 'Safari 20',
      promise_max: 1,
      confirmation_mail: { subject: 'May we go on writing?' },
    });
    expect((await api.api('GET', `leads/${lead}/consent-proof?language=de`)).body).toMatch(/Erneuerung \(recipient\)/);
  });

  it('says so where the consent was ended meanwhile, and does not bring it back', async () => {
    const { lead, path } = await asked();
    await api.api('POST', `leads/${lead}/consents`, { purpose: 'newsletter', action: 'withdrawn' });
    for (const shown of [await open(path), await press(path)])
      expect([shown.status, shown.body]).toEqual([410, expect.stringContaining('nicht mehr')]);
    expect(await sources(lead)).toEqual(['api', 'api']);
  });
});
