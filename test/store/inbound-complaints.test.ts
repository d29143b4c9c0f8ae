import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { judgeSenders, listSenderHealth, resumeSender } from '../../store/sender-health.ts';
import { at, sql } from '../../store/sql.ts';
import { suppressedAmong } from '../../store/suppressed-among.ts';
import { tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { complaint } from '../support/returned-mail.ts';
import { comeBack, fates, foundShop, joined, MONDAY, recorded, type SentMail } from '../support/returning.ts';

let database: Database;
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundShop(database);
});
afterAll(() => database.close());
beforeEach(() => clock.set(MONDAY));

const complain = ({ header, returnPath }: SentMail) =>
  comeBack(database, clock, complaint(header, { mailFrom: returnPath }), {
    to: ['fbl@shop.example'],
    from: 'feedback@provider.example',
  });

async function consents(leadId: string) {
  return database.query<{ purpose: string; action: string; source: string; actor: string }>(sql`
    SELECT purpose, action, source, actor FROM consent WHERE lead_id = ${leadId}::uuid ORDER BY id`);
}

/** As if `count` further mails of the default sender had been taken. */
async function alsoTaken(count: number): Promise<void> {
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, template_key, lineage, state, due_at, claimed_at, finished_at, attempts,
                         message_id_header, sender_key, created_at)
    SELECT id, 'lead', (SELECT id FROM lead LIMIT 1), 'email', 'newsletter', 'a', 'a', 'accepted', ${at(MONDAY)}, ${at(MONDAY)}, ${at(MONDAY)}, 1,
           '<' || id || '@shop.example>', 'default', ${at(MONDAY)}
    FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, ${count}::int)) AS made`);
}

const health = async () => (await listSenderHealth(database)).find(({ sender }) => sender === 'default');

describe('a complaint', () => {
  it('withdraws every consent to mail, writes the address off, and is told to scores and sequences', async () => {
    const mail = await joined(database, clock);
    expect(await complain(mail)).toMatchObject({
      kind: 'complaint',
      outcome: 'withdrawn',
      detail: 'abuse',
      leadId: mail.lead.id,
    });
    expect(await consents(mail.lead.id)).toMatchObject([
      { action: 'granted' },
      { purpose: 'all', action: 'withdrawn', source: 'complaint', actor: 'recipient' },
    ]);
    expect((await suppressedAmong(database, [mail.lead.email])).size).toBe(1);
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Marked as Spam']);
    clock.set(clock.now() + DAY + MINUTE);
    await assessAll(database, clock);
    await runJourney(database, clock, mail.lead.id);
    expect(await fates(database, mail.lead.id)).toMatchObject([{ state: 'accepted' }, { state: 'dropped' }]);
  });

  it('is one, however often it is told', async () => {
    const mail = await joined(database, clock);
    await complain(mail);
    expect((await complain(mail)).outcome).toBe('already');
    expect(await consents(mail.lead.id)).toHaveLength(2);
  });

  it('about none of our mails changes nothing', async () => {
    const mail = await joined(database, clock);
    const raw = complaint('<unknown@elsewhere.example>');
    expect((await comeBack(database, clock, raw, { to: ['fbl@shop.example'] })).outcome).toBe('not-ours');
    expect(await consents(mail.lead.id)).toHaveLength(1);
  });

  it('that says it is none changes nothing', async () => {
    const mail = await joined(database, clock);
    const raw = complaint(mail.header, { mailFrom: mail.returnPath, type: 'not-spam' });
    expect(await comeBack(database, clock, raw)).toMatchObject({ kind: 'other', outcome: 'nothing' });
    expect(await consents(mail.lead.id)).toHaveLength(1);
  });
});

describe('a sender whose readers complain', () => {
  it('is warned at 0.1 %, its marketing pauses at 0.3 %, and goes on when a person says so', async () => {
    await database.query(sql`UPDATE message SET complained_at = NULL`);
    const mails = [];
    for (let count = 0; count < 5; count += 1) mails.push(await joined(database, clock));
    const [first, second, third, fourth, bystander] = mails as [SentMail, SentMail, SentMail, SentMail, SentMail];
    const [before] = await database.query<{ taken: number }>(sql`
      SELECT count(*) AS taken FROM message WHERE state = 'accepted' AND sender_key = 'default' AND bounced_at IS NULL`);
    await alsoTaken(999 - (before?.taken ?? 0));
    await complain(first);
    expect(await judgeSenders(database, clock.now())).toEqual([]);
    expect(await health()).toMatchObject({ state: 'warned', accepted: 999, complaints: 1 });
    await complain(second);
    await complain(third);
    expect(await judgeSenders(database, clock.now())).toEqual(['default']);
    expect(await health()).toMatchObject({ state: 'paused', complaints: 3 });
    // Once more is no news.
    expect(await judgeSenders(database, clock.now())).toEqual([]);

    clock.set(clock.now() + DAY + MINUTE);
    await runJourney(database, clock, bystander.lead.id);
    expect(await fates(database, bystander.lead.id)).toMatchObject([
      { state: 'accepted' },
      { state: 'delayed', reason: 'sender-paused', detail: 'default' },
    ]);

    clock.set(clock.now() + MINUTE);
    const resumed = await resumeSender(database, { sender: 'default', actor: tester, now: clock.now() });
    expect(resumed).toMatchObject({ state: 'well', resumedBy: 'test' });
    await runJourney(database, clock, bystander.lead.id);
    expect(await fates(database, bystander.lead.id)).toMatchObject([{}, { state: 'accepted' }]);
    // The complaints of before are not held against it again; one of now is counted.
    await complain(fourth);
    expect(await judgeSenders(database, clock.now())).toEqual([]);
    expect(await health()).toMatchObject({ state: 'well', complaints: 1 });
    const audit = await database.query<{ action: string; actor: string }>(sql`
      SELECT action, actor FROM audit WHERE action LIKE 'sender.%' ORDER BY id`);
    expect(audit).toEqual([
      { action: 'sender.paused', actor: 'tend' },
      { action: 'sender.resumed', actor: 'test' },
    ]);
  });

  it('that nobody knows cannot be resumed', async () => {
    await expect(resumeSender(database, { sender: 'nobody', actor: tester, now: clock.now() })).rejects.toThrow(
      'There is no sender "nobody".',
    );
  });
});
