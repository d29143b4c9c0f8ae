import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { packageRoot } from '../../config/package-root.ts';
import { addTrap } from '../../mail/links.ts';
import { signToken } from '../../mail/tokens.ts';
import type { Database } from '../../store/database.ts';
import { deleteOldHits, judgeWaitingHits } from '../../store/judge-hits.ts';
import { newId } from '../../store/new-id.ts';
import { MOST_HITS } from '../../store/record-hit.ts';
import { sql } from '../../store/sql.ts';
import { publish } from '../support/company.ts';
import { confirmTemplate } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { answer, fixedClock, type RunningApi, SIGNING_SECRET, startApi } from './running-api.ts';
import { assess, evidence, makeLead } from './tanja.ts';

const START = '2026-11-21T12:00:00.000Z';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const url = 'https://federkiel.example/painting?from=newsletter&x=ü#a';

let database: Database;
let api: RunningApi;
const clock = fixedClock(START);
let lead: string;
let message: string;
let email: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  const [model] = await readDefinitionFiles([path.join(packageRoot, 'sequences/models/stationery.yaml')]);
  expect((await api.api('PUT', 'scoring-models/stationery', model?.content)).status).toBe(201);
  expect((await api.api('POST', 'scoring-models/stationery/publish')).status).toBe(200);
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

let count = 0;
/** A lead who agreed to tracking, and was sent the newsletter at this moment; a minute later it is read. */
async function sentNewsletter(tracking = true): Promise<void> {
  // At a full minute, so that openings of one minute are known to be such.
  clock.set(Math.ceil((clock.now() + 3_600_000) / 60_000) * 60_000);
  count += 1;
  email = `reader${count}@example.org`;
  lead = await makeLead(api, database, clock, email);
  await consent('newsletter');
  if (tracking) await consent('tracking');
  message = newId();
  const now = new Date(clock.now());
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, template_key, lineage, state, due_at,
                         claimed_at, finished_at, message_id_header, created_at)
    VALUES (${message}::uuid, 'lead', ${lead}::uuid, ${email}, 'email', 'newsletter', 'newsletter', 'newsletter',
            'accepted', ${now}, ${now}, ${now}, ${`<${message}@test>`}, ${now})`);
  clock.set(clock.now() + 60_000);
}

async function consent(purpose: string, action = 'granted'): Promise<void> {
  const said = new Date(clock.now()).toISOString();
  const body = { ...evidence, purpose, action, requestedAt: said, confirmedAt: said, promise: undefined };
  expect((await api.api('POST', `leads/${lead}/consents`, body)).status).toBe(201);
}

const token = (purpose: 'open' | 'trap' | 'unsubscribe') => signToken(SIGNING_SECRET, { purpose, messageId: message });
const clickToken = (to: string) => signToken(SIGNING_SECRET, { purpose: 'click', messageId: message, url: to });
const get = async (path: string, agent = FIREFOX, init: RequestInit = {}) =>
  answer(await fetch(`${api.url}${path}`, { redirect: 'manual', headers: { 'User-Agent': agent }, ...init }));
const head = (path: string, agent = FIREFOX) => get(path, agent, { method: 'HEAD', headers: { 'User-Agent': agent } });
const recorded = () =>
  database.query<{ name: string; kind: string; properties: object }>(sql`
    SELECT name, kind, properties FROM interaction WHERE lead_id = ${lead}::uuid AND source = 'tend' ORDER BY id`);
const hits = () =>
  database.query<{ id: number; kind: string; method: string; why: string | null; network: string }>(sql`
    SELECT id, kind, method, why, network_hash AS network FROM mail_hit WHERE message_id = ${message}::uuid ORDER BY id`);
/** What the worker does once the hits have settled. */
async function judged(): Promise<(string | null)[]> {
  clock.set(clock.now() + 25_000);
  await judgeWaitingHits(database, clock, (_, error) => {
    throw error;
  });
  await assess(database, clock);
  return (await hits()).map(({ why }) => why);
}
/** On the website, which knows them. */
async function looksAtProducts(): Promise<void> {
  await api.v1('identify', { userId: email, traits: { email }, messageId: newId() });
  await api.v1('page', { userId: email, name: 'Product', messageId: newId() });
  await assess(database, clock);
}
const points = async () => {
  const { body } = await api.api('GET', `leads/${lead}/score?model=stationery`);
  return { points: body.scores[0].points, firm: body.scores[0].firmPoints };
};

describe('the open pixel', () => {
  it('is a picture, and the opening is recorded, once a minute at most', async () => {
    await sentNewsletter();
    const { status, headers } = await get(`/t/o/${token('open')}`);
    expect([status, headers.get('content-type'), headers.get('cache-control'), headers.get('set-cookie')]).toEqual([
      200,
      'image/gif',
      'no-store',
      null,
    ]);
    await get(`/t/o/${token('open')}`);
    expect(await recorded()).toEqual([
      {
        name: 'Email Opened',
        kind: 'tend',
        properties: { message, template: 'newsletter', sequence: null, step: null },
      },
    ]);
    expect(await hits()).toHaveLength(2);
  });

  it('is a picture whatever the token, and records nothing for a wrong one', async () => {
    await sentNewsletter();
    for (const path of ['/t/o/nonsense', `/t/o/${token('unsubscribe')}`, `/t/o/${clickToken(url)}`])
      expect((await get(path)).status).toBe(200);
    expect([await recorded(), await hits()]).toEqual([[], []]);
  });
});

describe('a tracked link', () => {
  it('leads to its target, and the click is recorded', async () => {
    await sentNewsletter();
    const { status, headers } = await get(`/t/c/${clickToken(url)}`);
    expect([
      status,
      headers.get('location'),
      headers.get('set-cookie'),
      headers.get('referrer-policy'),
      headers.get('x-robots-tag'),
    ]).toEqual([
      302,
      'https://federkiel.example/painting?from=newsletter&x=%C3%BC#a',
      null,
      'no-referrer',
      'noindex, nofollow',
    ]);
    await get(`/t/c/${clickToken(url)}`);
    expect(await recorded()).toMatchObject([
      { name: 'Email Link Clicked', properties: { message, template: 'newsletter', url } },
    ]);
  });

  it('leads nowhere else: a forged token, or one for another purpose, gets a page and no redirect', async () => {
    await sentNewsletter();
    const forged = Buffer.from(clickToken(url), 'base64url');
    forged.write('evil', 25);
    const address = encodeURIComponent('https://evil.example');
    for (const bad of [forged.toString('base64url'), token('open'), token('trap'), 'x', address]) {
      const { status, headers, body } = await get(`/t/c/${bad}`);
      expect([status, headers.get('location')]).toEqual([403, null]);
      expect(body).toContain('This link does not work');
    }
    expect([await recorded(), await hits()]).toEqual([[], []]);
  });

  it('is not clicked by a HEAD, with which scanners look; that one did is on record', async () => {
    await sentNewsletter();
    expect((await head(`/t/c/${clickToken(url)}`)).status).toBe(302);
    expect((await head(`/t/o/${token('open')}`)).status).toBe(200);
    expect(await recorded()).toEqual([]);
    expect(await hits()).toMatchObject([
      { kind: 'click', method: 'HEAD' },
      { kind: 'open', method: 'HEAD' },
    ]);
  });

  it('is kept without the address of who fetched it, and only so often', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`, 'A'.repeat(2_000));
    const [stored] = await database.query<{ row: string; agent: string }>(
      sql`SELECT mail_hit::text AS row, user_agent AS agent FROM mail_hit WHERE message_id = ${message}::uuid`,
    );
    expect(stored?.row).not.toContain('127.0.0');
    expect(stored?.row).not.toContain('federkiel');
    expect(stored?.agent).toHaveLength(300);
    await database.query(sql`
      INSERT INTO mail_hit (message_id, kind, method, at, judged_at)
      SELECT ${message}::uuid, 'open', 'GET', ${new Date(clock.now())}, ${new Date(clock.now())} FROM generate_series(2, ${MOST_HITS}::int)`);
    clock.set(clock.now() + 600_000);
    expect((await get(`/t/c/${clickToken(url)}`)).status).toBe(302);
    expect([(await hits()).length, (await recorded()).length]).toEqual([MOST_HITS, 1]);
  });

  it('beyond the most is judged all the same: what came at once is not looked at again for ever', async () => {
    await sentNewsletter();
    await database.query(sql`
      INSERT INTO mail_hit (message_id, kind, method, user_agent, at)
      SELECT ${message}::uuid, 'open', 'GET', ${FIREFOX}, ${new Date(clock.now())} FROM generate_series(1, ${MOST_HITS + 7}::int)`);
    clock.set(clock.now() + 600_000);
    await judgeWaitingHits(database, clock);
    expect((await judgeWaitingHits(database, clock)).messages).toBe(0);
    await database.query(sql`DELETE FROM mail_hit WHERE message_id = ${message}::uuid`);
  });
});

describe('the trap', () => {
  it('is a link that no person sees, hears or reaches, and an empty page', async () => {
    await sentNewsletter();
    const html = addTrap('<body><p>x</p></body>', { publicUrl: api.url, signingSecret: SIGNING_SECRET }, message);
    expect(html).toMatch(
      /<p>x<\/p><div aria-hidden="true" style="display:none;mso-hide:all[^"]*"><a href="[^"]+\/t\/h\/[\w-]+" tabindex="-1" [^>]*><\/a><\/div><\/body>/,
    );
    const { status, body, headers } = await get(`/t/h/${token('trap')}`);
    expect([status, body, headers.get('set-cookie'), headers.get('location')]).toEqual([204, '', null, null]);
    expect((await get(`/t/h/${token('open')}`)).status).toBe(403);
    expect(await recorded()).toEqual([]);
    expect(await hits()).toMatchObject([{ kind: 'trap', method: 'GET' }]);
  });
});

describe('without consent to tracking', () => {
  const useEverything = async () => {
    expect((await get(`/t/o/${token('open')}`)).status).toBe(200);
    expect((await get(`/t/c/${clickToken(url)}`)).headers.get('location')).toContain('https://federkiel.example/');
    expect((await get(`/t/h/${token('trap')}`)).status).toBe(204);
  };

  it('links work and nothing is recorded', async () => {
    await sentNewsletter(false);
    await useEverything();
    expect([await recorded(), await hits()]).toEqual([[], []]);
  });

  it('so it is at once for mails that left before it was taken back, until it is given again', async () => {
    await sentNewsletter();
    await consent('tracking', 'withdrawn');
    await useEverything();
    expect([await recorded(), await hits()]).toEqual([[], []]);
    clock.set(clock.now() + 1_000);
    await consent('tracking');
    await useEverything();
    expect([(await recorded()).length, (await hits()).length]).toEqual([2, 3]);
    await consent('all', 'withdrawn');
    clock.set(clock.now() + 600_000);
    await useEverything();
    expect((await hits()).length).toBe(3);
  });

  it('nobody is tracked where the policy says never', async () => {
    await sentNewsletter();
    await publish(database, 'template', confirmTemplate, clock.now());
    const policy = { key: 'shop', name: 'Shop', purposes: [], tracking: 'never' };
    const put = async (content: object) => {
      expect((await api.api('PUT', 'consent-policies/shop', content)).status).toBeLessThan(300);
      expect((await api.api('POST', 'consent-policies/shop/publish')).body).toMatchObject({ published: true });
    };
    await put(policy);
    await useEverything();
    expect([await recorded(), await hits()]).toEqual([[], []]);
    await put({ ...policy, tracking: 'consent' });
    await useEverything();
    expect((await hits()).length).toBe(3);
  });
});

describe('judging', () => {
  it('lets a person’s opening and click stand, provisional until the person is seen', async () => {
    await sentNewsletter();
    await get(`/t/o/${token('open')}`);
    clock.set(clock.now() + 8_000);
    await get(`/t/c/${clickToken(url)}`);
    await assess(database, clock);
    expect(await points()).toEqual({ points: 10, firm: 0 });
    expect(await judged()).toEqual([null, null]);
    await looksAtProducts();
    expect(await points()).toEqual({ points: 15, firm: 15 });
  });

  it('revokes a scanner’s points, says why, and no person who comes later brings them back', async () => {
    await sentNewsletter();
    await get(`/t/o/${token('open')}`);
    await get(`/t/c/${clickToken(url)}`);
    await get(`/t/h/${token('trap')}`);
    await assess(database, clock);
    expect(await points()).toEqual({ points: 10, firm: 0 });
    expect(await judged()).toEqual(['trap', 'trap', 'trap']);
    expect(await points()).toEqual({ points: 0, firm: 0 });
    await looksAtProducts();
    expect(await points()).toEqual({ points: 5, firm: 5 });
    const { body } = await api.api('GET', `leads/${lead}/score?model=stationery`);
    expect(body.scores[0].discounted).toMatchObject([
      { name: 'Email Opened', as: 'scanner', why: 'trap' },
      { name: 'Email Link Clicked', as: 'scanner', why: 'trap' },
    ]);
    expect(body.scores[0].words.join('\n')).toMatch(
      /"Email Opened", "Email Link Clicked" \(2 times, last at .*\) count for nothing\. A scanner made it: a link of the mail that no person can see/,
    );
    const why = (await api.api('GET', `leads/${lead}/why`)).body;
    expect([why.discounted.length, why.words.join()]).toEqual([
      2,
      expect.stringContaining('A scanner made it: a link'),
    ]);
    const { entries } = (await api.api('GET', `leads/${lead}`)).body.timeline;
    expect(entries.filter(({ words }: { words?: string }) => words?.startsWith('A scanner made it'))).toHaveLength(2);
  });

  it('revokes what it had let pass when a trap gives the network away, and never what it did at another time', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`);
    expect(await judged()).toEqual([null]);
    expect(await points()).toEqual({ points: 5, firm: 0 });
    await get(`/t/h/${token('trap')}`);
    expect(await judged()).toEqual(['trap', 'trap']);
    expect(await points()).toEqual({ points: 0, firm: 0 });
    clock.set(clock.now() + 1_200_000);
    await get(`/t/c/${clickToken(url)}`);
    expect(await judged()).toEqual(['trap', 'trap', null]);
    expect(await points()).toEqual({ points: 5, firm: 0 });
  });

  it('keeps a person’s click apart from a scanner’s within the same seconds', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`, 'Barracuda Sentinel (EE)');
    await get(`/t/c/${clickToken(url)}`);
    expect(await judged()).toEqual(['known-scanner', null]);
    expect(await points()).toEqual({ points: 5, firm: 0 });
  });

  it('counts the person who opens within the minute after a scanner did and was found out', async () => {
    await sentNewsletter();
    await get(`/t/o/${token('open')}`, 'Barracuda Sentinel (EE)');
    expect(await judged()).toEqual(['known-scanner']);
    await get(`/t/o/${token('open')}`);
    expect(await judged()).toEqual(['known-scanner', null]);
    expect(await points()).toEqual({ points: 5, firm: 0 });
  });

  it('takes an opening for a machine’s only where every fetch of it was', async () => {
    await sentNewsletter();
    clock.set(clock.now() - 59_000);
    await get(`/t/o/${token('open')}`);
    clock.set(clock.now() + 30_000);
    await get(`/t/o/${token('open')}`);
    expect(await recorded()).toHaveLength(1);
    expect(await judged()).toEqual(['opened-at-once', null]);
    expect(await points()).toEqual({ points: 5, firm: 0 });
  });

  it('leaves alone what a person has said of it', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`, 'curl/8.5.0');
    expect(await judged()).toEqual(['program']);
    const [click] = await database.query<{ id: number }>(
      sql`SELECT id FROM interaction WHERE lead_id = ${lead}::uuid AND name = 'Email Link Clicked'`,
    );
    expect((await api.api('DELETE', `interactions/${click?.id}/discount`)).status).toBeLessThan(300);
    await get(`/t/h/${token('trap')}`);
    expect(await judged()).toEqual(['program', 'trap']);
    expect(await points()).toEqual({ points: 5, firm: 0 });
    const audits = await database.query<{ action: string; detail: object; actor: string }>(sql`
      SELECT action, detail, actor FROM audit WHERE subject_kind = 'interaction' AND subject_id = ${String(click?.id)} ORDER BY id`);
    expect(audits).toEqual([
      { action: 'interaction.discounted', detail: { as: 'scanner', why: 'program' }, actor: 'tend' },
      { action: 'interaction.counted', detail: { as: null, why: null }, actor: 'crm' },
    ]);
  });

  it('done by two processes at once, or again after a crash, is done once', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`);
    await get(`/t/h/${token('trap')}`);
    clock.set(clock.now() + 25_000);
    await Promise.all([1, 2, 3].map(() => judgeWaitingHits(database, clock)));
    // As if the process had ended after its discounts and before its marks.
    await database.query(sql`
      UPDATE mail_hit SET machine = NULL, why = NULL, judged_at = NULL WHERE message_id = ${message}::uuid`);
    expect(await judgeWaitingHits(database, clock)).toMatchObject({ messages: 1, discounted: 0 });
    const audits = await database.query(sql`
      SELECT FROM audit JOIN interaction ON subject_id = interaction.id::text
      WHERE subject_kind = 'interaction' AND lead_id = ${lead}::uuid`);
    expect(audits).toHaveLength(1);
  });

  it('waits for what follows: a hit of a moment ago is judged later', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`);
    expect(await judgeWaitingHits(database, clock)).toMatchObject({ messages: 0 });
    expect(await judged()).toEqual([null]);
  });

  it('knows by any hit that a mail of unknown fate has arrived, and waits while it is being sent', async () => {
    await sentNewsletter();
    const state = async () =>
      (
        await database.query<{ state: string; reason: string | null }>(
          sql`SELECT state, reason FROM message WHERE id = ${message}::uuid`,
        )
      )[0];
    await database.query(sql`
      UPDATE message SET state = 'claimed', claim_token = ${newId()}::uuid, lease_until = ${new Date(clock.now() + 60_000)}, finished_at = NULL
      WHERE id = ${message}::uuid`);
    await get(`/t/o/${token('open')}`, 'Barracuda Sentinel (EE)');
    expect(await judged()).toEqual([null]);
    expect((await state())?.state).toBe('claimed');
    const now = new Date(clock.now());
    await database.query(
      sql`UPDATE message SET state = 'unknown', reason = 'no-result', lease_until = NULL, finished_at = ${now} WHERE id = ${message}::uuid`,
    );
    expect(await judged()).toEqual(['known-scanner']);
    expect(await state()).toEqual({ state: 'accepted', reason: 'proved-by-open' });
  });

  it('is kept for 90 days', async () => {
    await sentNewsletter();
    await get(`/t/c/${clickToken(url)}`, 'curl/8.5.0');
    await judged();
    clock.set(clock.now() + 89 * 86_400_000);
    await deleteOldHits(database, clock);
    expect(await hits()).toHaveLength(1);
    clock.set(clock.now() + 2 * 86_400_000);
    await get(`/t/o/${token('open')}`);
    await deleteOldHits(database, clock);
    expect((await hits()).map(({ kind }) => kind)).toEqual(['open']);
    // Why it counts for nothing stays known.
    const { body } = await api.api('GET', `leads/${lead}/score?model=stationery`);
    expect(body.scores[0].discounted).toMatchObject([{ as: 'scanner', why: 'program' }]);
  });
});
