import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { verpAddress } from '../../mail/inbound/verp.ts';
import type { Database } from '../../store/database.ts';
import { mergeLeads } from '../../store/merge-leads.ts';
import { listRefusingDomains, settleBreakers } from '../../store/receiving-domain.ts';
import { at, sql } from '../../store/sql.ts';
import { suppressedAmong } from '../../store/suppressed-among.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { deliveryReport } from '../support/returned-mail.ts';
import {
  type Came,
  comeBack,
  fates,
  foundShop,
  joined,
  MONDAY,
  nextMail,
  RETURN_PATH,
  recorded,
  type SentMail,
} from '../support/returning.ts';

let database: Database;
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase();
  await foundShop(database);
});
afterAll(() => database.close());
beforeEach(() => clock.set(MONDAY));

const GONE = { status: '5.1.1', said: '550 5.1.1 User unknown' };
const FULL = { status: '5.2.2', said: '552 5.2.2 Mailbox full' };
const BLOCKED = { status: '5.7.1', said: '550 5.7.1 Service unavailable; client host blocked using Spamhaus' };
const GREY = { status: '4.7.1', said: '450 4.7.1 Greylisted, try again later' };

/** A report about `mail` comes in; to its signed return path, unless told otherwise. */
async function bounce(
  mail: SentMail,
  said: { readonly status: string; readonly said: string },
  { to = mail.returnPath, action = 'failed' as 'failed' | 'delayed', recipient = mail.lead.email } = {},
): Promise<Came> {
  const report = deliveryReport({ to, original: mail.header, recipient, action, ...said });
  return comeBack(database, clock, report, { to: [to] });
}

const isSuppressed = async ({ lead }: SentMail) => (await suppressedAmong(database, [lead.email])).has(lead.email);

/** Runs the journey a day later, in which the next mail would be due. */
async function aDayLater({ lead }: SentMail): Promise<void> {
  clock.set(clock.now() + DAY + MINUTE);
  await assessAll(database, clock);
  await runJourney(database, clock, lead.id);
}

describe('a mail that comes back because there is no such mailbox', () => {
  it('writes the address off, and the next mail is dropped', async () => {
    const mail = await joined(database, clock);
    const came = await bounce(mail, GONE);
    expect(came).toMatchObject({ kind: 'bounce', outcome: 'suppressed', cause: 'mailbox', status: '5.1.1' });
    expect(came).toMatchObject({ messageId: mail.id, leadId: mail.lead.id, kept: false });
    expect(await isSuppressed(mail)).toBe(true);
    await aDayLater(mail);
    expect(await fates(database, mail.lead.id)).toMatchObject([
      { state: 'accepted' },
      { state: 'dropped', reason: 'suppressed' },
    ]);
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Bounced']);
  });

  it('is believed once: the same report again changes nothing', async () => {
    const mail = await joined(database, clock);
    await bounce(mail, GONE);
    expect((await bounce(mail, GONE)).outcome).toBe('already');
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Bounced']);
  });

  it('is believed only on the second mail of another day where no return path of ours proves it', async () => {
    const first = await joined(database, clock);
    expect((await bounce(first, GONE, { to: 'shop@shop.example' })).outcome).toBe('awaits-second-report');
    expect(await isSuppressed(first)).toBe(false);
    const second = await nextMail(database, clock, first.lead);
    expect((await bounce(second, GONE, { to: 'shop@shop.example' })).outcome).toBe('suppressed');
    expect(await isSuppressed(first)).toBe(true);
  });

  it('is believed where a second report of the same mail proves it', async () => {
    const mail = await joined(database, clock);
    expect((await bounce(mail, GONE, { to: 'shop@shop.example' })).outcome).toBe('awaits-second-report');
    expect((await bounce(mail, GONE, { to: 'shop@shop.example' })).outcome).toBe('already');
    expect((await bounce(mail, GONE)).outcome).toBe('suppressed');
    expect((await bounce(mail, GONE)).outcome).toBe('already');
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Bounced']);
  });

  it('is weak word where it is about another address: the person’s own forwarding may have failed', async () => {
    const mail = await joined(database, clock);
    const forwarded = { recipient: 'old-box@elsewhere.example' };
    expect((await bounce(mail, GONE, forwarded)).outcome).toBe('awaits-second-report');
    expect(await isSuppressed(mail)).toBe(false);
  });

  it('is not believed at all where the return path is forged', async () => {
    const mail = await joined(database, clock);
    const forged = verpAddress('another secret', mail.id, RETURN_PATH);
    const report = deliveryReport({ to: forged, original: '<x@y.example>', recipient: mail.lead.email, ...GONE });
    const came = await comeBack(database, clock, report, { to: [forged] });
    expect(came).toMatchObject({ kind: 'bounce', outcome: 'not-ours', messageId: null, leadId: null, kept: true });
    expect(await isSuppressed(mail)).toBe(false);
    expect(await recorded(database, mail.lead.id)).toEqual([]);
  });

  it('proves that a mail nobody knew of had left', async () => {
    const mail = await joined(database, clock);
    await database.query(sql`UPDATE message SET state = 'unknown', reason = 'no-result' WHERE id = ${mail.id}::uuid`);
    await bounce(mail, GREY, { action: 'delayed' });
    expect(await fates(database, mail.lead.id)).toMatchObject([{ state: 'accepted', reason: 'proved-by-bounce' }]);
  });
});

describe('a mail that comes back because the mailbox is full', () => {
  it('is on record, and written to again', async () => {
    const mail = await joined(database, clock);
    expect(await bounce(mail, FULL)).toMatchObject({ outcome: 'recorded', cause: 'full' });
    expect(await isSuppressed(mail)).toBe(false);
    await nextMail(database, clock, mail.lead);
  });

  it('the third time in a row over a month writes the address off', async () => {
    const first = await joined(database, clock, undefined, 'Joined Loosely');
    await bounce(first, FULL);
    await bounce(await nextMail(database, clock, first.lead, 15), FULL);
    const third = await nextMail(database, clock, first.lead, 15);
    expect(await bounce(third, FULL)).toMatchObject({ outcome: 'suppressed', cause: 'full' });
    expect(await isSuppressed(first)).toBe(true);
  });

  it('does not where one between has arrived', async () => {
    const first = await joined(database, clock, undefined, 'Joined Loosely');
    await bounce(first, FULL);
    await nextMail(database, clock, first.lead, 15);
    await bounce(await nextMail(database, clock, first.lead, 15), FULL);
    const fourth = await nextMail(database, clock, first.lead, 15);
    expect((await bounce(fourth, FULL)).outcome).toBe('recorded');
    expect(await isSuppressed(first)).toBe(false);
  });
});

describe('mails that run out of time, one after the other', () => {
  it('write the address off at the third in a row over a month: its domain may be gone', async () => {
    const first = await joined(database, clock, undefined, 'Joined Loosely');
    expect((await bounce(first, GREY)).outcome).toBe('recorded');
    expect((await bounce(await nextMail(database, clock, first.lead, 15), GREY)).outcome).toBe('recorded');
    const third = await nextMail(database, clock, first.lead, 15);
    expect(await bounce(third, GREY)).toMatchObject({ outcome: 'suppressed', cause: 'transient' });
    expect(await isSuppressed(first)).toBe(true);
  });
});

describe('a mail that is only late, or refused for itself', () => {
  it.each([
    ['greylisted for days', GREY, 'transient'],
    ['too large', { status: '5.3.4', said: '552 5.3.4 Message too big for system' }, 'content'],
  ])('%s: is on record, and nothing follows for the person', async (_words, said, cause) => {
    const mail = await joined(database, clock);
    expect(await bounce(mail, said)).toMatchObject({ outcome: 'recorded', cause });
    expect(await isSuppressed(mail)).toBe(false);
    expect(await recorded(database, mail.lead.id)).toEqual([]);
    await nextMail(database, clock, mail.lead);
  });
});

describe('mails that come back for our reputation', () => {
  it('open the breaker of that domain: others there wait, nobody is written off; one tries, then all go on', async () => {
    const crowd = [];
    for (const name of ['ada', 'ben', 'cleo', 'dora', 'emil']) {
      crowd.push(await joined(database, clock, `${name}@large.example`));
    }
    const elsewhere = await joined(database, clock, 'ada@small.example');
    const [ada, ben, cleo, dora, emil] = crowd as [SentMail, SentMail, SentMail, SentMail, SentMail];
    // The reports come the next day, minutes before the next mails are due.
    clock.set(clock.now() + DAY - MINUTE);
    for (const mail of [ada, ben, cleo]) expect((await bounce(mail, BLOCKED)).outcome).toBe('receiver-noted');
    expect(await listRefusingDomains(database)).toMatchObject([
      { domain: 'large.example', openedTimes: 1, status: '5.7.1' },
    ]);
    const opened = clock.now();
    clock.set(opened + 2 * MINUTE);
    for (const { lead } of [...crowd, elsewhere]) await runJourney(database, clock, lead.id);
    for (const { lead } of crowd) {
      const [, second] = await fates(database, lead.id);
      expect(second).toMatchObject({ state: 'delayed', reason: 'receiver-refuses', until: opened + 15 * MINUTE });
    }
    expect(await fates(database, elsewhere.lead.id)).toMatchObject([{ state: 'accepted' }, { state: 'accepted' }]);
    for (const mail of crowd) expect(await isSuppressed(mail)).toBe(false);

    // A quarter of an hour later one of them tries; a relay takes it, which proves nothing yet.
    clock.set(opened + 15 * MINUTE);
    for (const { lead } of [dora, emil]) await runJourney(database, clock, lead.id);
    expect(await fates(database, dora.lead.id)).toMatchObject([{}, { state: 'accepted' }]);
    expect(await fates(database, emil.lead.id)).toMatchObject([{}, { state: 'delayed', reason: 'receiver-refuses' }]);

    // No report has come of it: the domain takes mail again, and who waits is woken.
    clock.set(opened + 31 * MINUTE);
    await settleBreakers(database, clock.now());
    expect(await listRefusingDomains(database)).toEqual([]);
    const [woken] = await database.query<{ count: number }>(sql`
      SELECT count(*) AS count FROM lead WHERE attention_rev <> planned_rev AND id = ${emil.lead.id}::uuid`);
    expect(woken?.count).toBe(1);
    await runJourney(database, clock, emil.lead.id);
    expect(await fates(database, emil.lead.id)).toMatchObject([{}, { state: 'accepted' }]);
  });

  it('do not where only a Message-ID names them: whoever saw three mails could close a domain to us', async () => {
    for (const name of ['fay', 'gus', 'hal']) {
      const mail = await joined(database, clock, `${name}@other.example`);
      expect((await bounce(mail, BLOCKED, { to: 'shop@shop.example' })).outcome).toBe('recorded');
    }
    expect(await listRefusingDomains(database)).toEqual([]);
  });
});

describe('a report', () => {
  it('reaches the lead that lives on where two have become one', async () => {
    const mail = await joined(database, clock);
    const other = await joined(database, clock);
    await database.transaction(async (transaction) => {
      await transaction.query(
        sql`SELECT 1 FROM lead WHERE id IN (${mail.lead.id}::uuid, ${other.lead.id}::uuid) ORDER BY id FOR NO KEY UPDATE`,
      );
      await mergeLeads(transaction, { survivor: other.lead.id, loser: mail.lead.id, now: clock.now() });
    });
    expect(await bounce(mail, GONE)).toMatchObject({ outcome: 'suppressed', leadId: other.lead.id });
  });

  it('about somebody who was erased leaves nothing of them', async () => {
    const mail = await joined(database, clock);
    await database.query(sql`UPDATE lead SET erased_at = ${at(clock.now())} WHERE id = ${mail.lead.id}::uuid`);
    expect(await bounce(mail, GONE)).toMatchObject({
      outcome: 'person-gone',
      leadId: null,
      messageId: null,
      kept: false,
    });
    await database.query(sql`
      DELETE FROM message_event WHERE message_id = ${mail.id}::uuid`);
    await database.query(sql`DELETE FROM message WHERE id = ${mail.id}::uuid`);
    expect(await bounce(mail, GONE)).toMatchObject({ outcome: 'person-gone', kept: false });
  });

  it('that breaks whatever reads it is tried again later, five times, and stops nobody behind it', async () => {
    const mail = await joined(database, clock);
    await comeBack(database, clock, 'Subject: x\r\n\r\nfine');
    await database.query(sql`
      INSERT INTO inbound_mail (id, via, dedupe_key, received_at, raw, attempts) VALUES (gen_random_uuid(), 'smtp', 'killer', ${at(clock.now() - HOUR)}, 'x', 5)`);
    // It was being read when the process ended, each time.
    expect((await bounce(mail, GONE)).outcome).toBe('suppressed');
    const [killer] = await database.query<{ outcome: string; kind: string }>(
      sql`SELECT outcome, kind FROM inbound_mail WHERE dedupe_key = 'killer'`,
    );
    expect(killer).toEqual({ outcome: 'set-aside', kind: 'unreadable' });
  });
});
