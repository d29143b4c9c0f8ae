import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSendMail, type SendActivities } from '../../activities/send-mail.ts';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import type { UnknownPolicy } from '../../domain/sender/unknown-policy.ts';
import { createMailTransport, type MailTransport } from '../../mail/transport.ts';
import { type ClaimAnswer, claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { resolveUnknown } from '../../store/resolve-unknown.ts';
import { settleExpiredClaims } from '../../store/settle-claims.ts';
import { settleMessage } from '../../store/settle-message.ts';
import { sql } from '../../store/sql.ts';
import {
  addLead,
  foundCompany,
  interact,
  plainTemplate,
  publish,
  shopSender,
  type TestLead,
  tester,
} from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { type ScriptedSmtp, type SmtpAnswer, startScriptedSmtp } from '../support/scripted-smtp.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 100,
  rules: [{ id: 'call', on: { event: 'Came In' }, points: 1 }],
};
const sequence = (key: string, event: string, template: string) => ({
  key,
  name: key,
  purpose: 'newsletter',
  entry: [{ event }],
  reentry: 'after-end',
  steps: [
    { id: 'mail', kind: 'send', template, deadline: { days: 30 } },
    { id: 'rest', kind: 'wait', for: { days: 1 } },
  ],
});

let database: Database;
let own: ScriptedSmtp;
let shop: ScriptedSmtp;
let transport: MailTransport;
let activities: SendActivities;
let answer: SmtpAnswer = () => undefined;
const clock = testClock(NOON);
/** Each test a while after the one before: caps and throttles of one are not another's. */
let start = NOON;

beforeAll(async () => {
  database = await createTestDatabase();
  own = await startScriptedSmtp((verb, socket, line) => answer(verb, socket, line));
  shop = await startScriptedSmtp(() => undefined);
  await foundCompany(database, {
    now: NOON,
    model,
    sequences: [],
    templates: ['plain'],
  });
  await publish(
    database,
    'sender',
    { ...shopSender, key: 'second', from: 'Second <hello@second.example>', server: 'shop' },
    NOON,
  );
  await publish(database, 'template', { ...plainTemplate('by-second'), sender: 'second' }, NOON);
  await publish(database, 'sequence', sequence('greet', 'Came In', 'plain'), NOON);
  await publish(database, 'sequence', sequence('greet-second', 'Came To Second', 'by-second'), NOON);
  transport = createMailTransport({ smtpUrl: own.url, servers: { shop: shop.url }, connections: 1 });
  const compose = { publicUrl: 'https://tend.example', signingSecret: 'tests only', from: 'Tend <tend@tend.example>' };
  activities = createSendMail({ database, clock, transport, compose, leaseMs: 60_000 });
});
afterAll(async () => {
  transport.close();
  await own.close();
  await shop.close();
  await database.close();
});
beforeEach(() => {
  answer = () => undefined;
  start += 60 * DAY;
  clock.set(start);
});

/** What the journey's workflow does between two sleeps, with real mail. */
async function run(lead: TestLead) {
  for (;;) {
    const commands = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'shop.example' });
    if (commands.send.length === 0) return commands;
    for (const messageId of commands.send) await activities.sendMail({ messageId, notBefore: commands.plannedAt });
  }
}
async function comesIn(lead: TestLead, event = 'Came In') {
  await interact(database, { email: lead.email, event, at: clock.now() });
  await assessAll(database, clock);
}
async function sent(options: Partial<Parameters<typeof addLead>[1]> = {}, event = 'Came In') {
  const lead = await addLead(database, { now: clock.now(), ...options });
  await comesIn(lead, event);
  await run(lead);
  return lead;
}
interface Row {
  readonly id: string;
  readonly state: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly nextAttemptAt: Instant | null;
  readonly cause: string | null;
  readonly lostClaimAt: Instant | null;
  readonly senderKey: string | null;
}
async function mailOf(lead: TestLead): Promise<Row> {
  const rows = await database.query<Row>(sql`
    SELECT id, state, reason, detail, next_attempt_at AS "nextAttemptAt", bounce_cause AS cause, lost_claim_at AS "lostClaimAt", sender_key AS "senderKey"
    FROM message WHERE lead_id = ${lead.id}::uuid ORDER BY created_at`);
  expect(rows.length).toBeGreaterThan(0);
  return rows.at(-1) as Row;
}
async function suppressed({ email }: TestLead): Promise<unknown[]> {
  return database.query(sql`SELECT reason, detail FROM suppression WHERE address_hash = ${database.keyedHash(email)}`);
}
async function bounces({ id }: TestLead): Promise<unknown[]> {
  return database.query(sql`
    SELECT properties->>'cause' AS cause, properties->>'status' AS status FROM interaction
    WHERE identity_id IN (SELECT id FROM identity WHERE lead_id = ${id}::uuid) AND name = 'Email Bounced'`);
}

describe('a server’s no', () => {
  it('that there is no such mailbox writes the address off, lowers the score, and is told of the mail', async () => {
    answer = (verb) => (verb === 'RCPT' ? '550 5.1.1 user unknown' : undefined);
    const lead = await sent();
    expect(await mailOf(lead)).toMatchObject({
      state: 'refused',
      reason: 'smtp-refused',
      detail: 'no-such-mailbox',
      cause: 'mailbox',
    });
    expect(await suppressed(lead)).toEqual([{ reason: 'mailbox-unknown', detail: 'no-such-mailbox' }]);
    expect(await bounces(lead)).toEqual([{ cause: 'mailbox', status: '5.1.1' }]);
    clock.set(start + 10 * DAY);
    answer = () => undefined;
    await run(lead);
    await comesIn(lead);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'dropped', reason: 'suppressed' });
  });

  it('for our reputation waits, suppresses nobody, and counts against the receiving domain', async () => {
    answer = (verb) => (verb === 'RCPT' ? '550 5.7.1 blocked using zen.spamhaus.org' : undefined);
    const lead = await sent({ email: 'frau@blocking.example' });
    expect(await mailOf(lead)).toMatchObject({
      state: 'deferred',
      reason: 'sender-refused',
      nextAttemptAt: start + HOUR,
    });
    expect(await suppressed(lead)).toEqual([]);
    expect(await bounces(lead)).toEqual([]);
    const domains = () =>
      database.query<{ refused: number }>(sql`
        SELECT cardinality(refused) AS refused FROM receiving_domain WHERE domain = 'blocking.example'`);
    expect(await domains()).toEqual([{ refused: 1 }]);
    answer = () => undefined;
    clock.set(start + HOUR);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
    expect(await domains()).toEqual([{ refused: 0 }]);
  });

  it('as the mailbox is full is tried for five days, then given up: the person is not written off', async () => {
    answer = (verb) => (verb === 'RCPT' ? '552 5.2.2 mailbox full' : undefined);
    const lead = await sent();
    for (let attempts = 0; (await mailOf(lead)).state === 'deferred' && attempts < 100; attempts += 1) {
      const { reason, nextAttemptAt } = await mailOf(lead);
      expect(reason).toBe('mailbox-full');
      clock.set(nextAttemptAt ?? 0);
      await run(lead);
    }
    expect(clock.now() - start).toBeGreaterThanOrEqual(5 * DAY);
    expect(clock.now() - start).toBeLessThan(5 * DAY + 5 * HOUR);
    expect(await mailOf(lead)).toMatchObject({ state: 'refused', reason: 'mailbox-full', cause: 'full' });
    expect(await suppressed(lead)).toEqual([]);
  });

  it('for the time being is tried for five days, then given up, without a word about the person', async () => {
    answer = (verb) => (verb === 'RCPT' ? '451 4.7.1 greylisted' : undefined);
    const lead = await sent();
    while ((await mailOf(lead)).state === 'deferred') {
      clock.set((await mailOf(lead)).nextAttemptAt ?? 0);
      await run(lead);
    }
    expect(await mailOf(lead)).toMatchObject({ state: 'refused', reason: 'gave-up', cause: null });
    expect([await suppressed(lead), await bounces(lead)]).toEqual([[], []]);
  });

  it('that there is no such mailbox for now (4yz) writes nobody off the first time it lasts for days, and does the second', async () => {
    answer = (verb) => (verb === 'RCPT' ? '450 4.1.2 Recipient address rejected: Domain not found' : undefined);
    const lead = await sent();
    const giveUp = async () => {
      while ((await mailOf(lead)).state === 'deferred') {
        clock.set((await mailOf(lead)).nextAttemptAt ?? 0);
        await run(lead);
      }
      expect(await mailOf(lead)).toMatchObject({ state: 'refused', reason: 'gave-up', cause: 'mailbox' });
    };
    await giveUp();
    expect(await suppressed(lead)).toEqual([]);
    clock.set(clock.now() + 10 * DAY);
    await run(lead);
    await comesIn(lead);
    await run(lead);
    await giveUp();
    expect(await suppressed(lead)).toHaveLength(1);
  });

  it('to us alone is an outage of the server: however long it lasts, nothing is given up', async () => {
    answer = (verb, socket) => {
      if (verb !== 'EHLO' && verb !== 'MAIL') return undefined;
      socket.destroy();
      return null;
    };
    const lead = await sent();
    for (let attempts = 0; attempts < 40; attempts += 1) {
      expect(await mailOf(lead)).toMatchObject({ state: 'deferred', reason: 'smtp-unreachable', detail: 'SMTP_URL' });
      clock.set((await mailOf(lead)).nextAttemptAt ?? 0);
      await run(lead);
    }
    expect(clock.now() - start).toBeGreaterThan(5 * DAY);
    answer = () => undefined;
    clock.set((await mailOf(lead)).nextAttemptAt ?? 0);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
  });
});

describe('two senders', () => {
  it('each send by their own server, in their own name', async () => {
    await sent();
    const lead = await sent({}, 'Came To Second');
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', senderKey: 'second' });
    expect(shop.lines.filter((line) => line.startsWith('MAIL'))).toEqual([
      expect.stringContaining('hello@second.example'),
    ]);
    expect(shop.contents.at(-1)).toMatch(/^From: Second <hello@second.example>$/m);
    expect(own.contents.at(-1)).toMatch(/^From: Shop <shop@shop.example>$/m);
  });

  it('are held to the throttle of their own domain', async () => {
    const perSendingDomain = { 'second.example': 1 };
    const rules = { caps: [{ max: 9, days: 1 }], spacing: 'none', weekends: 'send', holidays: 'send' };
    const policy = { key: 'pacing', name: 'Pacing', timeZone: 'UTC', ...rules };
    await publish(database, 'pacing', { ...policy, throttle: { perSendingDomain } }, start);
    const sendThree = async (event: string) => {
      const reasons: (string | null)[] = [];
      for (let mails = 0; mails < 3; mails += 1) reasons.push((await mailOf(await sent({}, event))).reason);
      return reasons;
    };
    // One may go early.
    expect(await sendThree('Came To Second')).toEqual([null, null, 'throttle']);
    expect(await sendThree('Came In')).toEqual([null, null, null]);
    await publish(database, 'pacing', policy, start + 1);
  });

  it('one whose server the worker does not have waits, and goes once it is published with another', async () => {
    await publish(database, 'sender', { ...shopSender, key: 'second', server: 'elsewhere' }, start);
    const lead = await sent({}, 'Came To Second');
    expect(await mailOf(lead)).toMatchObject({
      state: 'deferred',
      reason: 'server-not-configured',
      detail: 'elsewhere',
    });
    const dkim = { domain: 'second.example', selector: 's1' };
    await publish(database, 'sender', { ...shopSender, key: 'second', server: 'shop', dkim }, start + 1);
    clock.set(start + 1);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({
      state: 'deferred',
      reason: 'dkim-key-missing',
      detail: 'second.example.s1',
    });
    await publish(
      database,
      'sender',
      { ...shopSender, key: 'second', from: 'Second <hello@second.example>', server: 'shop' },
      start + 2,
    );
    clock.set(start + 2);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
  });
});

describe('a sender that is not published', () => {
  it('has its mails wait, and says so', async () => {
    const lead = await addLead(database, { now: clock.now() });
    await comesIn(lead, 'Came To Second');
    await database.query(sql`UPDATE definition SET live_version_id = NULL WHERE kind = 'sender' AND key = 'second'`);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'deferred', reason: 'sender-missing', detail: 'second' });
    await publish(
      database,
      'sender',
      { ...shopSender, key: 'second', from: 'Second <hello@second.example>', server: 'shop' },
      start + 1,
    );
    clock.set(start + 1);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
  });
});

describe('the id under which the provider knows a mail', () => {
  it('is kept: some replace the Message-ID, and what they tell names it by theirs', async () => {
    answer = (verb) => (verb === '.' ? '250 2.0.0 Ok: queued as 0100018F-abc' : undefined);
    const lead = await sent();
    const [found] = await database.query<{ id: string }>(
      sql`SELECT id FROM message WHERE provider_id = '0100018F-abc'`,
    );
    expect(found?.id).toBe((await mailOf(lead)).id);
  });
});

describe('a mail of which nobody knows whether it left', () => {
  const policy = async (unknown: UnknownPolicy) => {
    const version = { ...shopSender, unknown, name: `Shop ${start}` };
    await publish(database, 'sender', version, start);
  };
  const vanish: SmtpAnswer = (verb, socket) => {
    if (verb !== '.') return undefined;
    socket.destroy();
    return null;
  };
  /** Claims it and dies. */
  async function claimAndDie(lead: TestLead) {
    const { send, plannedAt } = await planLead(database, clock, lead.id, {
      notBefore: 0,
      messageIdDomain: 'shop.example',
    });
    const messageId = send[0] ?? '';
    const token = newId();
    const mailFrom = 'Tend <tend@tend.example>';
    const claim: ClaimAnswer = await claimMessage(database, clock, {
      messageId,
      token,
      leaseMs: MINUTE,
      notBefore: plannedAt,
      mailFrom,
    });
    expect(claim.kind).toBe('claimed');
    return { messageId, token };
  }
  interface Claim {
    readonly messageId: string;
    readonly token: string;
  }
  const taken = { state: 'accepted', reason: null, providerId: null, reply: '250 ok' } as const;
  async function withdraw({ id }: TestLead) {
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      VALUES (${id}::uuid, 'email', 'newsletter', 'withdrawn', 'api', 'test', to_timestamp(${clock.now() / 1000}))`);
    await database.query(sql`UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ${id}::uuid`);
  }
  async function claimed() {
    const lead = await addLead(database, { now: clock.now() });
    await comesIn(lead);
    return { lead, ...(await claimAndDie(lead)) };
  }
  const events = ({ id }: Row) =>
    database.query(sql`SELECT state, reason FROM message_event WHERE message_id = ${id}::uuid ORDER BY id`);

  it('is shown and not sent again, as by default', async () => {
    await policy('ask');
    answer = vanish;
    const lead = await sent();
    expect(await mailOf(lead)).toMatchObject({ state: 'unknown', reason: 'no-smtp-answer', nextAttemptAt: null });
    const dead = await claimed();
    clock.set(start + MINUTE);
    await run(dead.lead);
    expect(await mailOf(dead.lead)).toMatchObject({ state: 'unknown', reason: 'no-result' });
    clock.set(start + DAY);
    await run(dead.lead);
    expect(await mailOf(dead.lead)).toMatchObject({ state: 'unknown' });
  });

  it('counts as sent without asking where its sender says so, and a late answer corrects it', async () => {
    await policy('count-as-sent');
    answer = vanish;
    expect(await mailOf(await sent())).toMatchObject({ state: 'accepted', reason: 'counted-as-sent' });
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', reason: 'counted-as-sent' });
    const late = {
      state: 'refused',
      reason: 'smtp-refused',
      providerId: null,
      reply: '550 no',
      cause: 'mailbox',
    } as const;
    expect(await recordSendResult(database, clock, claim, late)).toBe('refused');
    expect(await suppressed(lead)).toHaveLength(1);
  });

  it('is sent again, once only, where its sender says so', async () => {
    await policy('send-again');
    answer = vanish;
    const lead = await sent();
    const first = await mailOf(lead);
    expect(first).toMatchObject({
      state: 'deferred',
      reason: 'send-again',
      nextAttemptAt: start + MINUTE,
      lostClaimAt: start,
    });
    const before = own.contents.length;
    clock.set(start + MINUTE);
    await run(lead);
    expect(own.contents.length).toBe(before + 1);
    expect(await mailOf(lead)).toMatchObject({ state: 'unknown', reason: 'no-smtp-answer' });
    clock.set(start + 2 * DAY);
    await run(lead);
    expect(own.contents.length).toBe(before + 1);
    expect(await events(first)).toMatchObject([
      { state: 'due' },
      { state: 'claimed' },
      { state: 'deferred', reason: 'send-again' },
      { state: 'claimed' },
      { state: 'unknown' },
    ]);
  });

  it('is sent again by the plan that finds its lease ended, and then goes through the gate', async () => {
    await policy('send-again');
    const { lead } = await claimed();
    clock.set(start + MINUTE);
    expect(await run(lead)).toMatchObject({ nextLookAt: start + 2 * MINUTE });
    expect(await mailOf(lead)).toMatchObject({ state: 'deferred', reason: 'send-again' });
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      VALUES (${lead.id}::uuid, 'email', 'newsletter', 'withdrawn', 'api', 'test', to_timestamp(${clock.now() / 1000}))`);
    await database.query(sql`UPDATE lead SET attention_rev = attention_rev + 1 WHERE id = ${lead.id}::uuid`);
    clock.set(start + 2 * MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'dropped', reason: 'consent-withdrawn', lostClaimAt: start });
  });

  it('that is sent again counts as sent from its first claim on: the promise holds for both', async () => {
    await policy('send-again');
    answer = vanish;
    const lead = await sent({ promise: { max: 1, days: 7 } });
    answer = () => undefined;
    clock.set(start + MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({
      state: 'delayed',
      reason: 'frequency-promise',
      nextAttemptAt: start + 7 * DAY,
    });
    clock.set(start + 7 * DAY);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
  });

  it('is known after all where the answer comes late, though the gate had put its second attempt off', async () => {
    await policy('send-again');
    const lead = await addLead(database, { now: clock.now(), promise: { max: 1, days: 7 } });
    await comesIn(lead);
    const claim = await claimAndDie(lead);
    clock.set(start + MINUTE);
    await run(lead);
    clock.set(start + 2 * MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'delayed', reason: 'frequency-promise', lostClaimAt: start });
    expect(await recordSendResult(database, clock, claim, taken)).toBe('accepted');
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', nextAttemptAt: null, lostClaimAt: null });
    const before = own.contents.length;
    clock.set(start + 10 * DAY);
    await run(lead);
    expect(own.contents.length).toBe(before);
  });

  it.each([
    ['an answer', (claim: Claim) => recordSendResult(database, clock, claim, taken)],
    [
      'a proof',
      ({ messageId }: Claim) =>
        database.transaction((transaction) =>
          resolveUnknown(transaction, { messageId, proof: 'click', now: clock.now() }),
        ),
    ],
  ])('has left where %s comes after a rule had ended its second attempt', async (_, comes) => {
    await policy('send-again');
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    await withdraw(lead);
    clock.set(start + 2 * MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'dropped', lostClaimAt: start });
    await comes(claim);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', lostClaimAt: null });
  });

  it('was certainly not sent where that is told after a rule had ended its second attempt: the rule stands', async () => {
    await policy('send-again');
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    await withdraw(lead);
    clock.set(start + 2 * MINUTE);
    await run(lead);
    const late = { state: 'deferred', reason: 'smtp-unreachable', providerId: null, reply: null } as const;
    expect(await recordSendResult(database, clock, claim, late)).toBe('dropped');
    expect(await mailOf(lead)).toMatchObject({ state: 'dropped', reason: 'consent-withdrawn', lostClaimAt: null });
  });

  it('is no verdict on the mailbox where a passing no comes late', async () => {
    await policy('ask');
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    const late = {
      state: 'deferred',
      reason: 'smtp-deferred',
      providerId: null,
      reply: '450 4.1.1 verification in progress',
      cause: 'mailbox',
    } as const;
    expect(await recordSendResult(database, clock, claim, late)).toBe('refused');
    expect([await suppressed(lead), await bounces(lead)]).toEqual([[], []]);
  });

  it('keeps its answer whatever bytes the server puts into it', async () => {
    const { lead, ...claim } = await claimed();
    const odd = { ...taken, reply: `250 ok\0 ${'😀'.repeat(5_000)}` };
    expect(await recordSendResult(database, clock, claim, odd)).toBe('accepted');
    const [row] = await database.query<{ reply: string }>(sql`
      SELECT smtp_reply AS reply FROM message WHERE lead_id = ${lead.id}::uuid`);
    expect(row?.reply).toMatch(/^250 ok 😀/);
    expect(row?.reply.length).toBeLessThanOrEqual(4_000);
  });

  it('does not bring back what was erased where its answer comes late', async () => {
    await policy('ask');
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    await database.query(
      sql`UPDATE lead SET erased_at = to_timestamp(${clock.now() / 1000}) WHERE id = ${lead.id}::uuid`,
    );
    const late = {
      state: 'refused',
      reason: 'smtp-refused',
      providerId: null,
      reply: `550 <${lead.email}> unknown`,
    } as const;
    expect(await recordSendResult(database, clock, claim, late)).toBe('refused');
    const [row] = await database.query<{ reply: string | null }>(sql`
      SELECT smtp_reply AS reply FROM message WHERE lead_id = ${lead.id}::uuid`);
    expect(row).toEqual({ reply: null });
  });

  it('is not sent again where its answer comes late, nor counted twice', async () => {
    await policy('send-again');
    const { lead, ...claim } = await claimed();
    clock.set(start + MINUTE);
    await run(lead);
    const accepted = { state: 'accepted', reason: null, providerId: null, reply: '250 ok' } as const;
    expect(await recordSendResult(database, clock, claim, accepted)).toBe('accepted');
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', reason: null, lostClaimAt: null });
    const before = own.contents.length;
    clock.set(start + DAY);
    await run(lead);
    expect(own.contents.length).toBe(before);
  });

  it.each(['ask', 'send-again'] as const)('has left where something comes back of it (%s)', async (unknown) => {
    await policy(unknown);
    const { lead, messageId } = await claimed();
    const resolve = () =>
      database.transaction((transaction) =>
        resolveUnknown(transaction, { messageId, proof: 'bounce', now: clock.now() }),
      );
    expect(await resolve()).toBe(false);
    clock.set(start + MINUTE);
    await run(lead);
    expect(await resolve()).toBe(true);
    expect(await mailOf(lead)).toMatchObject({
      state: 'accepted',
      reason: 'proved-by-bounce',
      nextAttemptAt: null,
      lostClaimAt: null,
    });
    expect(await resolve()).toBe(false);
    const before = own.contents.length;
    clock.set(start + DAY);
    await run(lead);
    expect(own.contents.length).toBe(before);
  });

  it('has left where it was opened before its lease ended', async () => {
    await policy('send-again');
    const { lead, messageId } = await claimed();
    await database.query(sql`
      INSERT INTO mail_hit (message_id, kind, method, at) VALUES (${messageId}::uuid, 'open', 'GET', to_timestamp(${start / 1000}))`);
    clock.set(start + MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted', reason: 'proved-by-open' });
  });

  it('is sent again where the sweep finds it before any plan does', async () => {
    await policy('send-again');
    const { lead } = await claimed();
    clock.set(start + 2 * MINUTE);
    expect(await settleExpiredClaims(database, clock)).toBe(1);
    expect(await mailOf(lead)).toMatchObject({ state: 'deferred', reason: 'send-again', lostClaimAt: start });
    clock.set(start + 3 * MINUTE);
    await run(lead);
    expect(await mailOf(lead)).toMatchObject({ state: 'accepted' });
  });

  it('is not sent again where what it was of is over: the sweep settles it', async () => {
    await policy('send-again');
    const { lead } = await claimed();
    await database.query(sql`UPDATE enrolment SET state = 'left', ended_at = now() WHERE lead_id = ${lead.id}::uuid`);
    clock.set(start + 2 * MINUTE);
    expect(await settleExpiredClaims(database, clock)).toBe(1);
    expect(await mailOf(lead)).toMatchObject({ state: 'unknown', reason: 'no-result' });
    const { id } = await mailOf(lead);
    await settleMessage(database, { messageId: id, outcome: 'not-sent', note: null, actor: tester, now: clock.now() });
    expect(await mailOf(lead)).toMatchObject({ state: 'dropped', reason: 'settled-not-sent', lostClaimAt: null });
  });
});
