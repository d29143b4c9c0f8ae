import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSendMail, type SendActivities } from '../../activities/send-mail.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { REPLY_HOLD_MS } from '../../domain/sequence/reply-hold.ts';
import { unsubscribeAddress } from '../../mail/inbound/verp.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { resumeAfterReplies } from '../../store/hold-for-reply.ts';
import { newId } from '../../store/new-id.ts';
import { pauseEnrolment, resumeEnrolment } from '../../store/pause-enrolment.ts';
import { planLead } from '../../store/plan-lead.ts';
import { processInbound } from '../../store/process-inbound.ts';
import { contentKey, receiveInbound } from '../../store/receive-inbound.ts';
import { putRep } from '../../store/reps.ts';
import { at, sql } from '../../store/sql.ts';
import { publish, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';
import { deliveryReport, reply } from '../support/returned-mail.ts';
import {
  cameAs,
  comeBack,
  fates,
  foundShop,
  inboundOptions,
  joined,
  MONDAY,
  mailOf,
  nurture,
  processAll,
  RETURN_PATH,
  recorded,
  SECRET,
  type SentMail,
} from '../support/returning.ts';

let database: Database;
let mailbox: TestMailbox;
let transport: MailTransport;
let activities: SendActivities;
const clock = testClock(MONDAY);
beforeAll(async () => {
  [database, mailbox] = await Promise.all([createTestDatabase(), startMailbox()]);
  await foundShop(database);
  const answered = { ...nurture, key: 'answered', name: 'Answered', entry: [{ event: 'Joined Politely' }] };
  await publish(database, 'sequence', { ...answered, goal: [{ event: 'Email Replied' }] }, MONDAY);
  transport = createMailTransport({ smtpUrl: mailbox.url, connections: 1 });
  const compose = { publicUrl: 'https://tend.example', signingSecret: SECRET, from: 'Shop <shop@shop.example>' };
  activities = createSendMail({ database, clock, transport, compose, leaseMs: 60_000 });
});
afterAll(async () => {
  transport.close();
  await mailbox.close();
  await database.close();
});
beforeEach(() => clock.set(MONDAY));

/** The person answers `mail`. */
const answer = (mail: SentMail, { from = mail.lead.email, ...more }: Partial<Parameters<typeof reply>[1]> = {}) =>
  comeBack(database, clock, reply(mail.header, { from, ...more }), { from, to: ['shop@shop.example'] });

interface Enrolled {
  readonly id: string;
  readonly state: string;
  readonly paused: boolean;
  readonly reason: string | null;
}

async function enrolment(leadId: string): Promise<Enrolled> {
  const [row] = await database.query<Enrolled>(sql`
    SELECT id, state, paused_at IS NOT NULL AS paused, paused_reason AS reason FROM enrolment WHERE lead_id = ${leadId}::uuid`);
  if (row === undefined) throw new Error('the lead is in no sequence');
  return row;
}

/** Sends what the journey wants sent, with real mail. */
async function deliver({ id }: TestLead): Promise<void> {
  for (;;) {
    const { send, plannedAt } = await planLead(database, clock, id, { notBefore: 0, messageIdDomain: 'shop.example' });
    if (send.length === 0) return;
    for (const messageId of send) await activities.sendMail({ messageId, notBefore: plannedAt });
  }
}

async function offeredTo(rep: string, leadId: string, state = 'accepted'): Promise<void> {
  await putRep(database, { key: rep, name: rep, email: `${rep}@sales.example` }, tester, clock.now());
  await database.query(sql`
    INSERT INTO handoff (id, lead_id, state, outcome, trigger, owner_key, offered_at, closed_at, attention_rev, planned_rev)
    VALUES (${newId()}::uuid, ${leadId}::uuid, ${state}, ${state === 'closed' ? 'won' : null}, '{}', ${rep}, ${at(clock.now())}, ${state === 'closed' ? at(clock.now()) : null}, 1, 1)`);
}

describe('a person who answers a mail', () => {
  it('is heard: it counts as a human signal, its score rises, and the sequence stands still', async () => {
    const mail = await joined(database, clock);
    clock.set(clock.now() + HOUR);
    expect(await answer(mail)).toMatchObject({ kind: 'reply', outcome: 'forwarded', leadId: mail.lead.id, kept: true });
    await assessAll(database, clock);
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Replied']);
    const [standing] = await database.query<{ points: number }>(sql`
      SELECT points::float AS points FROM standing WHERE lead_id = ${mail.lead.id}::uuid`);
    expect(standing?.points).toBe(7);
    expect(await enrolment(mail.lead.id)).toMatchObject({ state: 'active', paused: true, reason: 'replied' });
    clock.set(clock.now() + 3 * DAY);
    await runJourney(database, clock, mail.lead.id);
    expect((await fates(database, mail.lead.id)).filter(({ state }) => state === 'accepted')).toHaveLength(1);
  });

  it('reaches the mailbox of the team, which answers to the person', async () => {
    const mail = await joined(database, clock);
    await answer(mail, { text: 'Do you have <b>blue</b> ink? & paper' });
    await deliver(mail.lead);
    const forwarded = mailbox.mails.filter(({ source }) => source.includes(mail.lead.email));
    expect(forwarded).toHaveLength(1);
    expect(forwarded[0]).toMatchObject({
      to: 'team@shop.example',
      subject: `Answer of ${mail.lead.email}: Re: About a`,
    });
    expect(forwarded[0]?.source).toMatch(new RegExp(`^Reply-To: ${mail.lead.email}\\r?$`, 'm'));
    expect(forwarded[0]?.source).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    // What a stranger wrote is text, not markup.
    expect(forwarded[0]?.source).toContain('&lt;b&gt;blue&lt;/b&gt; ink?');
  });

  it('reaches whoever of sales has the lead, or had it last', async () => {
    const [open, closed] = [await joined(database, clock), await joined(database, clock)];
    await offeredTo('olga', open.lead.id);
    await offeredTo('carl', closed.lead.id, 'closed');
    for (const mail of [open, closed]) {
      await answer(mail);
      await deliver(mail.lead);
    }
    const addresses = (mail: SentMail) =>
      mailbox.mails.filter(({ source }) => source.includes(mail.lead.email)).map(({ to }) => to);
    expect(addresses(open)).toEqual(['olga@sales.example']);
    expect(addresses(closed)).toEqual(['carl@sales.example']);
  });

  it('is left to the colleagues for two weeks, unless one of them lets the sequence go on before', async () => {
    const [patient, resumed] = [await joined(database, clock), await joined(database, clock)];
    for (const mail of [patient, resumed]) await answer(mail);
    const { id } = await enrolment(resumed.lead.id);
    await resumeEnrolment(database, { id, actor: tester, now: clock.now() });
    expect(await enrolment(resumed.lead.id)).toMatchObject({ paused: false, reason: null });
    clock.set(MONDAY + REPLY_HOLD_MS - MINUTE);
    await resumeAfterReplies(database, clock);
    expect(await enrolment(patient.lead.id)).toMatchObject({ paused: true, reason: 'replied' });
    clock.set(MONDAY + REPLY_HOLD_MS);
    await resumeAfterReplies(database, clock);
    expect(await enrolment(patient.lead.id)).toMatchObject({ paused: false, reason: null });
    // Its clock stood still: the wait of a day begins to count again.
    clock.set(clock.now() + DAY + HOUR);
    await runJourney(database, clock, patient.lead.id);
    expect(await fates(database, patient.lead.id)).toMatchObject([{ state: 'accepted' }, { state: 'accepted' }]);
  });

  it('stays paused where a colleague pauses it by hand meanwhile', async () => {
    const mail = await joined(database, clock);
    await answer(mail);
    const { id } = await enrolment(mail.lead.id);
    await pauseEnrolment(database, { id, actor: tester, now: clock.now() });
    clock.set(MONDAY + REPLY_HOLD_MS + DAY);
    await resumeAfterReplies(database, clock);
    expect(await enrolment(mail.lead.id)).toMatchObject({ paused: true, reason: null });
  });

  it('reaches the goal of a sequence that is about replies, instead of being held', async () => {
    const mail = await joined(database, clock, undefined, 'Joined Politely');
    await answer(mail);
    await assessAll(database, clock);
    await runJourney(database, clock, mail.lead.id);
    expect(await enrolment(mail.lead.id)).toMatchObject({ state: 'completed', paused: false });
  });

  it('from another address is forwarded and heeded, and scores nobody', async () => {
    const mail = await joined(database, clock);
    expect(await answer(mail, { from: 'boss@people.example' })).toMatchObject({
      outcome: 'forwarded',
      detail: 'from-another-address',
    });
    expect(await recorded(database, mail.lead.id)).toEqual([]);
    expect(await enrolment(mail.lead.id)).toMatchObject({ reason: 'replied' });
  });

  it('is heard once: the same mail handed in twice, and a process that ends between storing and acting', async () => {
    const mail = await joined(database, clock);
    const raw = Buffer.from(reply(mail.header, { from: mail.lead.email }));
    const dedupeKey = contentKey('imap', raw);
    const received = { via: 'imap', dedupeKey, envelopeFrom: null, envelopeTo: [], raw, now: clock.now() } as const;
    expect(await receiveInbound(database, received)).toBe(true);
    expect(await receiveInbound(database, received)).toBe(false);
    // Taken by a process that died: nothing was done, and after a minute another one takes it.
    await database.query(sql`
      UPDATE inbound_mail SET attempts = 1, next_attempt_at = ${at(clock.now() + MINUTE)} WHERE dedupe_key = ${dedupeKey}`);
    await processAll(database, clock);
    expect((await cameAs(database, dedupeKey)).outcome).toBeNull();
    clock.set(clock.now() + MINUTE);
    await processAll(database, clock);
    expect((await cameAs(database, dedupeKey)).outcome).toBe('forwarded');
    expect(await receiveInbound(database, received)).toBe(false);
    await processAll(database, clock);
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Replied']);
  });

  it('is heard once where a worker that hung for a minute goes on when another has acted already', async () => {
    const mail = await joined(database, clock);
    const raw = Buffer.from(reply(mail.header, { from: mail.lead.email, text: 'twice' }));
    const dedupeKey = contentKey('imap', raw);
    await receiveInbound(database, {
      via: 'imap',
      dedupeKey,
      envelopeFrom: null,
      envelopeTo: [],
      raw,
      now: clock.now(),
    });
    let goOn = () => {};
    let hangs = () => {};
    const hanging = new Promise<void>((resolve) => {
      hangs = resolve;
    });
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slow = openDatabase({
      url: database.url,
      hashKey: TEST_HASH_KEY,
      beforeStatement: async () => {
        hangs();
        await until;
      },
    });
    const hung = processInbound(slow, clock, inboundOptions);
    await hanging;
    // The lease of its attempt has ended, and another worker takes the mail.
    clock.set(clock.now() + 2 * MINUTE);
    await processAll(database, clock);
    expect((await cameAs(database, dedupeKey)).outcome).toBe('forwarded');
    goOn();
    await hung;
    await slow.close();
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Replied']);
    const [forwards] = await database.query<{ count: number }>(sql`
      SELECT count(*) AS count FROM message WHERE lead_id = ${mail.lead.id}::uuid AND recipient_kind = 'colleague'`);
    expect(forwards?.count).toBe(1);
  });
});

describe('what looks like an answer and is none', () => {
  it('an out-of-office note is on record, and nothing follows', async () => {
    const mail = await joined(database, clock);
    const headers = ['Auto-Submitted: auto-replied'];
    const came = await answer(mail, { subject: 'Abwesenheitsnotiz', text: 'Ich bin bis Montag nicht da.', headers });
    expect(came).toMatchObject({ kind: 'auto-reply', outcome: 'recorded', kept: false });
    expect(await recorded(database, mail.lead.id)).toEqual([]);
    expect(await enrolment(mail.lead.id)).toMatchObject({ paused: false });
  });

  it('our own forward that comes back to us goes round no more', async () => {
    const mail = await joined(database, clock);
    await answer(mail);
    await deliver(mail.lead);
    const forwarded = mailbox.mails.find(({ source }) => source.includes(mail.lead.email));
    expect(await comeBack(database, clock, forwarded?.source ?? '', { to: ['shop@shop.example'] })).toMatchObject({
      kind: 'auto-reply',
    });
    const [forward] = await database.query<{ id: string }>(sql`
      SELECT id FROM message WHERE lead_id = ${mail.lead.id}::uuid AND recipient_kind = 'colleague'`);
    const { header } = await mailOf(database, mail.lead, forward?.id ?? '');
    // Nor does a colleague's answer to it that went to the wrong address.
    const colleague = reply(header, { from: 'team@shop.example', text: 'I call them.' });
    expect(await comeBack(database, clock, colleague, { from: 'team@shop.example' })).toMatchObject({
      kind: 'reply',
      outcome: 'internal',
    });
    // Nor its bounce, which is no lead's.
    const gone = { status: '5.1.1', said: '550 5.1.1 User unknown' };
    const report = deliveryReport({
      to: 'shop@shop.example',
      original: header,
      recipient: 'team@shop.example',
      ...gone,
    });
    expect(await comeBack(database, clock, report)).toMatchObject({ kind: 'bounce', outcome: 'internal' });
    expect(await recorded(database, mail.lead.id)).toEqual(['Email Replied']);
  });

  it('a mail to the unsubscribe address withdraws the consent that the mail went out under', async () => {
    const mail = await joined(database, clock);
    const to = unsubscribeAddress(SECRET, mail.id, RETURN_PATH);
    const raw = reply('<whatever@x.example>', {
      from: 'machine@provider.example',
      to,
      subject: 'unsubscribe',
      text: '',
    });
    const came = await comeBack(database, clock, raw, { to: [to] });
    expect(came).toMatchObject({ kind: 'unsubscribe', outcome: 'withdrawn', leadId: mail.lead.id });
    const [last] = await database.query<{ purpose: string; action: string }>(sql`
      SELECT purpose, action FROM consent WHERE lead_id = ${mail.lead.id}::uuid ORDER BY id DESC LIMIT 1`);
    expect(last).toEqual({ purpose: 'newsletter', action: 'withdrawn' });
    expect((await comeBack(database, clock, raw, { to: [to] })).outcome).toBe('already');
  });

  it('an answer that only says "unsubscribe" is obeyed from the own address, and shown to a colleague from another', async () => {
    const [own, other] = [await joined(database, clock), await joined(database, clock)];
    const words = { subject: 'Re: About a', text: 'Bitte abmelden' };
    expect(await answer(own, words)).toMatchObject({ kind: 'unsubscribe', outcome: 'withdrawn' });
    expect(await answer(other, { ...words, from: 'stranger@people.example' })).toMatchObject({ outcome: 'forwarded' });
    const granted = async (leadId: string) => {
      const [last] = await database.query<{ action: string }>(sql`
        SELECT action FROM consent WHERE lead_id = ${leadId}::uuid ORDER BY id DESC LIMIT 1`);
      return last?.action;
    };
    expect(await granted(own.lead.id)).toBe('withdrawn');
    expect(await granted(other.lead.id)).toBe('granted');
  });
});
