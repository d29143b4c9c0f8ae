import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, MINUTE } from '../../domain/instant.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney } from '../support/driver.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';

let database: Database;
let api: RunningApi;
const NOON = Date.UTC(2026, 5, 1, 12);
const clock = fixedClock(new Date(NOON).toISOString());

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 1000,
  rules: [{ id: 'sign-up', on: { event: 'Signed Up' }, points: 1000, limit: { per: 'lead' } }],
};
/** Two mails at once, of which a promise of one a week allows one. */
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Asked' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'more', kind: 'send', template: 'more' },
  ],
};

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApi(database, clock);
  await foundCompany(database, { now: NOON, model, sequences: [welcome], templates: ['hello', 'more'] });
});
afterAll(async () => {
  expect(api.failures).toEqual([]);
  await api.stop();
  await database.close();
});

const options = { notBefore: 0, messageIdDomain: 'tend.test' };
const settle = (message: string, body: object) => api.api('POST', `messages/${message}/settle`, body);
const why = async (lead: string) => (await api.api('GET', `leads/${lead}/why`)).body;

/** A lead whose first mail was claimed and never heard of again. */
async function withUnknownMail(): Promise<{ lead: string; message: string; token: string }> {
  clock.set(NOON);
  const { id: lead, email } = await addLead(database, { now: NOON, promise: { max: 1, days: 7 } });
  await interact(database, { email, event: 'Asked', at: NOON });
  await assessAll(database, clock);
  const { send } = await planLead(database, clock, lead, options);
  const [message] = send;
  if (message === undefined) throw new Error('nothing is to be sent');
  const token = newId();
  await claimMessage(database, clock, {
    messageId: message,
    token,
    leaseMs: MINUTE,
    notBefore: 0,
    mailFrom: 'Tend <tend@tend.test>',
  });
  clock.set(NOON + 2 * MINUTE);
  await planLead(database, clock, lead, options);
  return { lead, message, token };
}

const statesOf = (lead: string) =>
  database.query<object>(
    sql`SELECT step_id AS step, state, reason FROM message WHERE lead_id = ${lead}::uuid ORDER BY created_at, id`,
  );

describe('a mail nobody knows the fate of', () => {
  it('is found among all', async () => {
    const { lead, message } = await withUnknownMail();
    const { body } = await api.api('GET', 'messages?state=unknown');
    expect(body.messages).toContainEqual(expect.objectContaining({ id: message, leadId: lead, state: 'unknown' }));
    expect((await api.api('GET', `messages?lead=${lead}&state=accepted`)).body.messages).toEqual([]);
    for (const query of ['', '?state=accepted', '?state=lost'])
      expect((await api.api('GET', `messages${query}`)).status).toBe(400);
  });

  it('settled as sent counts as sent', async () => {
    const { lead, message } = await withUnknownMail();
    const { status, body } = await settle(message, { outcome: 'sent', note: 'Stands in the log of mx1' });
    expect([status, body]).toMatchObject([
      200,
      { id: message, leadId: lead, recipient: 'lead', state: 'accepted', reason: 'settled-by-hand' },
    ]);
    await runJourney(database, clock, lead);
    expect(await statesOf(lead)).toMatchObject([{ state: 'accepted' }, { reason: 'frequency-promise' }]);
    const { body: shown } = await api.api('GET', `leads/${lead}`);
    expect(shown.timeline.entries).toContainEqual(
      expect.objectContaining({
        detail: expect.objectContaining({
          message,
          state: 'accepted',
          reason: 'settled-by-hand',
          note: 'Stands in the log of mx1',
        }),
      }),
    );
    const audit = await database.query(sql`SELECT actor, action, detail FROM audit WHERE subject_id = ${message}`);
    expect(audit).toEqual([{ actor: 'crm', action: 'message.settled', detail: { outcome: 'sent' } }]);
  });

  it('settled as not sent no longer binds the promise, and is not sent again by itself', async () => {
    const { lead, message, token } = await withUnknownMail();
    expect(await statesOf(lead)).toMatchObject([{ state: 'unknown' }, { reason: 'frequency-promise' }]);
    const { body } = await settle(message, { outcome: 'not-sent' });
    expect(body).toMatchObject({
      state: 'dropped',
      reason: 'settled-not-sent',
      words: expect.stringContaining('nothing is sent again'),
    });
    expect((await why(lead)).planned).toBe(false);
    const sent: string[] = [];
    await runJourney(database, clock, lead, (id) => sent.push(id));
    expect(sent).toHaveLength(1);
    expect(sent).not.toContain(message);
    expect(await statesOf(lead)).toEqual([
      { step: 'hello', state: 'dropped', reason: 'settled-not-sent' },
      { step: 'more', state: 'accepted', reason: null },
    ]);
    const late = { state: 'accepted', reason: null, providerId: null, reply: null } as const;
    expect(await recordSendResult(database, clock, { messageId: message, token }, late)).toBe('dropped');
  });

  it('is settled once, and nothing else is', async () => {
    const { lead, message } = await withUnknownMail();
    const [, second] = (await api.api('GET', `messages?lead=${lead}`)).body.messages.reverse();
    expect(await settle(second.id, { outcome: 'sent' })).toMatchObject({
      status: 409,
      body: { detail: 'This mail was not sent yet: it is delayed, and waits for its next attempt.' },
    });
    await settle(message, { outcome: 'sent' });
    expect(await settle(message, { outcome: 'not-sent' })).toMatchObject({
      status: 409,
      body: { detail: 'This mail was settled before: it is accepted.' },
    });
    expect((await settle(newId(), { outcome: 'sent' })).status).toBe(404);
    expect((await settle(message, { outcome: 'lost' })).status).toBe(400);
    clock.set(NOON + 8 * DAY);
    await runJourney(database, clock, lead);
    expect((await settle(second.id, { outcome: 'sent' })).body.detail).toBe(
      'What became of this mail is known: it is accepted.',
    );
  });

  it('to a representative wakes the handoff', async () => {
    const { id: lead } = await addLead(database, { now: NOON });
    const [handoff, message] = [newId(), newId()];
    const now = new Date(NOON);
    await database.query(sql`
      INSERT INTO handoff (id, lead_id, state, trigger, owner_key, round, offered_at)
      VALUES (${handoff}::uuid, ${lead}::uuid, 'offered', '{}', 'rita', 1, ${now})`);
    await database.query(sql`
      INSERT INTO message (id, recipient_kind, lead_id, handoff_id, rep_key, channel, purpose, visit, template_key, lineage, state, due_at, finished_at, message_id_header, created_at)
      VALUES (${message}::uuid, 'rep', ${lead}::uuid, ${handoff}::uuid, 'rita', 'email', 'handoff', 1, 'handoff', 'handoff', 'unknown', ${now}, ${now}, ${`<${message}@test>`}, ${now})`);
    const revision = async () =>
      (
        await database.query<{ rev: number }>(sql`SELECT attention_rev AS rev FROM handoff WHERE id = ${handoff}::uuid`)
      )[0]?.rev ?? 0;
    const before = await revision();
    const { body } = await settle(message, { outcome: 'not-sent' });
    expect(body).toMatchObject({ recipient: 'rep', words: expect.stringContaining('tell the representative') });
    expect(await revision()).toBe(before + 1);
  });
});
