import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import {
  listRefusingDomains,
  noteReceiverAccepted,
  noteReceiverRefusal,
  settleBreakers,
} from '../../store/receiving-domain.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { fates, MONDAY, model, nurture } from '../support/returning.ts';

let database: Database;
const clock = testClock(MONDAY);
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 12 });
  await foundCompany(database, { now: MONDAY, model, sequences: [nurture], templates: ['a', 'b', 'c', 'd'] });
});
afterAll(() => database.close());
beforeEach(async () => {
  clock.set(MONDAY);
  await database.query(sql`DELETE FROM receiving_domain`);
});

/** So many people of one domain, whose first mail is due. */
async function waiting(domain: string, count: number): Promise<{ lead: string; message: string }[]> {
  const found = [];
  for (let number = 0; number < count; number += 1) {
    const { id: lead, email } = await addLead(database, { now: clock.now(), email: `reader${number}@${domain}` });
    await interact(database, { email, event: 'Joined', at: clock.now() });
    found.push(lead);
  }
  await assessAll(database, clock);
  const due = [];
  for (const lead of found) {
    const { send } = await planLead(database, clock, lead, { notBefore: 0, messageIdDomain: 'shop.example' });
    due.push({ lead, message: send[0] ?? '' });
  }
  return due;
}

const claim = (messageId: string) =>
  claimMessage(database, clock, {
    messageId,
    token: newId(),
    leaseMs: 60_000,
    notBefore: clock.now(),
    mailFrom: 'Shop <shop@shop.example>',
  });

async function refuse(domain: string, times = 3): Promise<void> {
  for (let number = 0; number < times; number += 1) {
    const refusal = { domain, status: '5.7.1', why: 'block-list', now: clock.now(), messageId: newId() };
    await database.transaction((transaction) => noteReceiverRefusal(transaction, refusal));
  }
}

describe('a domain that refuses our mail', () => {
  it('is tried again by one of ten mails that are claimed at the same time', async () => {
    const due = await waiting('tried.example', 10);
    await refuse('tried.example');
    clock.set(MONDAY + 15 * MINUTE);
    const answers = await Promise.all(due.map(({ message }) => claim(message)));
    expect(answers.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    const states = (await Promise.all(due.map(({ lead }) => fates(database, lead)))).flat();
    const held = states.filter(({ reason }) => reason === 'receiver-refuses');
    expect(held).toHaveLength(9);
    for (const { state, detail, until } of held)
      expect({ state, detail, until }).toEqual({ state: 'delayed', detail: 'block-list', until: MONDAY + 30 * MINUTE });
  });

  it('is left alone for longer where the mail that tried is refused too, and takes all once it is taken', async () => {
    const due = await waiting('again.example', 3);
    await refuse('again.example');
    clock.set(MONDAY + 15 * MINUTE);
    expect((await claim(due[0]?.message ?? '')).kind).toBe('claimed');
    const refusal = { domain: 'again.example', status: '5.7.1', why: 'block-list', now: clock.now() };
    await database.transaction((transaction) =>
      noteReceiverRefusal(transaction, { ...refusal, messageId: due[0]?.message ?? '' }),
    );
    expect(await listRefusingDomains(database)).toMatchObject([
      { domain: 'again.example', openedAt: MONDAY, retryAt: MONDAY + 15 * MINUTE + HOUR, openedTimes: 2 },
    ]);
    clock.set(MONDAY + 80 * MINUTE);
    await planLead(database, clock, due[1]?.lead ?? '', { notBefore: 0, messageIdDomain: 'shop.example' });
    expect((await claim(due[1]?.message ?? '')).kind).toBe('claimed');
    await database.transaction((transaction) =>
      noteReceiverAccepted(transaction, 'again.example', { now: clock.now(), messageId: due[1]?.message ?? '' }),
    );
    expect(await listRefusingDomains(database)).toEqual([]);
  });

  it('that takes mail again has everybody woken whose mail waited, also after a process ended in between', async () => {
    const due = await waiting('woken.example', 5);
    await refuse('woken.example');
    for (const { message } of due) await claim(message);
    // The plan says so too, and the lead has nothing more to look at for now.
    for (const { lead } of due)
      await planLead(database, clock, lead, { notBefore: 0, messageIdDomain: 'shop.example' });
    await database.transaction((transaction) =>
      noteReceiverAccepted(transaction, 'woken.example', { now: clock.now(), evidence: 'report' }),
    );
    const woken = async () => {
      const [row] = await database.query<{ count: number }>(sql`
        SELECT count(*) AS count FROM lead WHERE attention_rev <> planned_rev AND id = ANY(${due.map(({ lead }) => lead)}::uuid[])`);
      return row?.count;
    };
    expect(await woken()).toBe(0);
    // Whoever noted it may have ended here: the mark stands in the row.
    expect(await settleBreakers(database, clock.now())).toBe(1);
    expect(await woken()).toBe(5);
    expect(await settleBreakers(database, clock.now())).toBe(0);
  });

  it('is waited for by a test lead too, whose own clock is days ahead: its plan does not ask in vain again and again', async () => {
    const [due] = await waiting('ahead.example', 1);
    const { lead, message } = due as { lead: string; message: string };
    await database.query(
      sql`UPDATE lead SET test = true, clock_offset_ms = ${5 * DAY}::bigint WHERE id = ${lead}::uuid`,
    );
    await refuse('ahead.example');
    await claim(message);
    const plan = () => planLead(database, clock, lead, { notBefore: 0, messageIdDomain: 'shop.example' });
    expect((await plan()).send).toEqual([]);
    expect(await fates(database, lead)).toMatchObject([
      { state: 'delayed', reason: 'receiver-refuses', until: MONDAY + 15 * MINUTE + 5 * DAY },
    ]);
    expect(await plan()).toMatchObject({ send: [], nextLookAt: MONDAY + 15 * MINUTE });
    clock.set(MONDAY + 15 * MINUTE);
    expect((await plan()).send).toEqual([message]);
    expect((await claim(message)).kind).toBe('claimed');
  });

  it('costs nothing where it does not refuse: no row is written for a mail that is taken', async () => {
    await database.transaction((transaction) =>
      noteReceiverAccepted(transaction, 'fine.example', { now: clock.now() }),
    );
    expect(await database.query(sql`SELECT 1 FROM receiving_domain`)).toEqual([]);
  });
});
