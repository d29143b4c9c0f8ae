import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../domain/instant.ts';
import { isKnownHashKey } from '../../store/check-hash-key.ts';
import { claimMessage } from '../../store/claim-message.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { continueErasure, eraseLead } from '../../store/erase-lead.ts';
import { dropLateEvents } from '../../store/erased-identities.ts';
import { ingestInteractions, type NewInteraction } from '../../store/ingest-interactions.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { readLead } from '../../store/read-lead.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { at, sql } from '../../store/sql.ts';
import { liftSuppression } from '../../store/suppress-address.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 1_000,
  rules: [{ id: 'a', on: { event: 'A' }, points: 10 }],
};
const hello = {
  key: 'hello',
  name: 'Hello',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  reentry: 'after-end',
  steps: [{ id: 'hello', kind: 'send', template: 'hello' }],
};

describe('erasing a lead', () => {
  let database: Database;
  const clock = testClock(NOON);

  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [hello], templates: ['hello'] });
  });
  afterAll(() => database.close());

  const plan = (lead: { id: string }) =>
    planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' });
  const erase = (lead: { id: string }, keepHash = true) =>
    eraseLead(database, clock, { leadId: lead.id, actor: tester, keepHash });

  /** A lead that a mail is leaving to. */
  async function claimed(): Promise<{ lead: TestLead; messageId: string; token: string }> {
    const lead = await addLead(database, { now: clock.now() });
    await interact(database, { email: lead.email, event: 'Signed Up', at: clock.now() });
    await assessAll(database, clock);
    const { send, plannedAt } = await plan(lead);
    const [messageId = ''] = send;
    const token = newId();
    const answer = await claimMessage(database, clock, claimOf(messageId, token, plannedAt));
    expect(answer.kind).toBe('claimed');
    return { lead, messageId, token };
  }
  const claimOf = (messageId: string, token: string, notBefore: number) => ({
    messageId,
    token,
    leaseMs: MINUTE,
    notBefore,
    mailFrom: 'Shop <shop@shop.example>',
  });
  const rowsOf = async (lead: { id: string }) => {
    const [row] = await database.query<{
      identities: number;
      interactions: number;
      consents: number;
      addresses: number;
    }>(sql`
      SELECT (SELECT count(*)::int FROM identity WHERE lead_id = ${lead.id}::uuid) AS identities,
             (SELECT count(*)::int FROM interaction WHERE lead_id = ${lead.id}::uuid) AS interactions,
             (SELECT count(*)::int FROM consent WHERE lead_id = ${lead.id}::uuid) AS consents,
             (SELECT count(*)::int FROM message WHERE lead_id = ${lead.id}::uuid AND address IS NOT NULL) AS addresses`);
    return row;
  };
  const nothing = { identities: 0, interactions: 0, consents: 0, addresses: 0 };

  it('is done at once where nothing is leaving, and again it changes nothing', async () => {
    const lead = await addLead(database, { now: NOON });
    await interact(database, { email: lead.email, event: 'Signed Up', at: NOON });
    await assessAll(database, clock);
    await runJourney(database, clock, lead.id);
    const erasure = await erase(lead);
    expect(erasure).toMatchObject({ state: 'done', doneAt: clock.now(), because: 'asked', requestedBy: 'test' });
    expect(await rowsOf(lead)).toEqual(nothing);
    clock.set(NOON + SECOND);
    expect(await erase(lead)).toEqual(erasure);
  });

  it('waits for a mail that is leaving, and nothing new is claimed, planned or shown meanwhile', async () => {
    const { lead, messageId, token } = await claimed();
    expect(await erase(lead)).toMatchObject({ state: 'waiting', doneAt: null });
    expect(await plan(lead)).toMatchObject({ closed: true, send: [] });
    // The plan of a lead that is gone leaves the mail on its way to its result.
    expect(await database.query(sql`SELECT state FROM message WHERE id = ${messageId}::uuid`)).toEqual([
      { state: 'claimed' },
    ]);
    await expect(readLead(database, lead.id, clock.now())).rejects.toMatchObject({ code: 'not-found' });
    expect(await continueErasure(database, clock, lead.id)).toBe(false);
    const accepted = { state: 'accepted', reason: null, providerId: 'p', reply: `250 <${lead.email}> taken` } as const;
    await recordSendResult(database, clock, { messageId, token }, accepted);
    expect(await continueErasure(database, clock, lead.id)).toBe(true);
    expect(await rowsOf(lead)).toEqual(nothing);
    expect(
      await database.query(
        sql`SELECT state, smtp_reply AS reply, provider_id AS id FROM message WHERE id = ${messageId}::uuid`,
      ),
    ).toEqual([{ state: 'accepted', reply: null, id: null }]);
  });

  it('goes on when the lease of a mail ends without a result, whose late answer is then nobody’s', async () => {
    const { lead, messageId, token } = await claimed();
    await erase(lead);
    clock.set(clock.now() + MINUTE);
    expect(await continueErasure(database, clock, lead.id)).toBe(true);
    const late = { state: 'refused', reason: 'refused', providerId: null, reply: `550 no ${lead.email}` } as const;
    expect(await recordSendResult(database, clock, { messageId, token }, late)).toBe('unknown');
    expect(
      await database.query(sql`SELECT state, smtp_reply AS reply FROM message WHERE id = ${messageId}::uuid`),
    ).toEqual([{ state: 'unknown', reply: null }]);
  });

  it('claims nothing that was due before', async () => {
    const lead = await addLead(database, { now: clock.now() });
    await interact(database, { email: lead.email, event: 'Signed Up', at: clock.now() });
    await assessAll(database, clock);
    const { send, plannedAt } = await plan(lead);
    await erase(lead);
    const answer = await claimMessage(database, clock, claimOf(send[0] ?? '', newId(), plannedAt));
    expect(answer).toEqual({ kind: 'final', state: 'superseded' });
  });

  it('waits for a webhook that is under way, and tells no other', async () => {
    const lead = await addLead(database, { now: clock.now() });
    const webhook = (state: string, until: number | null) =>
      database.query(sql`
      INSERT INTO webhook_delivery (id, endpoint_key, event_type, lead_id, payload, state, attempts, next_attempt_at, claimed_until, created_at)
      VALUES (${newId()}::uuid, 'crm', 'x', ${lead.id}::uuid, '{"data": {}, "include": ["profile"]}', ${state}, 1, ${at(clock.now() + MINUTE)}, ${at(until)}, ${at(clock.now())})`);
    await webhook('claimed', clock.now() + MINUTE);
    await webhook('waiting', null);
    expect(await erase(lead)).toMatchObject({ state: 'waiting' });
    clock.set(clock.now() + MINUTE);
    expect(await continueErasure(database, clock, lead.id)).toBe(true);
    const left = await database.query(
      sql`SELECT DISTINCT state, payload FROM webhook_delivery WHERE lead_id = ${lead.id}::uuid`,
    );
    expect(left).toEqual([{ state: 'dead', payload: { data: {}, include: [] } }]);
  });

  it('takes the whole person, whichever of the merged leads was named, before or after the merge', async () => {
    const [first, second] = [
      await addLead(database, { now: clock.now() }),
      await addLead(database, { now: clock.now() }),
    ];
    await identify([first.email, second.email], clock.now());
    const erasure = await erase(second);
    expect(erasure).toMatchObject({ state: 'done', leadIds: [first.id, second.id].sort() });
    for (const lead of [first, second]) expect(await rowsOf(lead)).toEqual(nothing);
    expect(await erase(first)).toMatchObject({ state: 'done' });
  });

  it('goes on with the person that a merge has made of it meanwhile', async () => {
    const { lead, messageId, token } = await claimed();
    expect(await erase(lead)).toMatchObject({ state: 'waiting' });
    const other = await addLead(database, { now: clock.now() - HOUR });
    await identify([lead.email, other.email], clock.now());
    const refused = { state: 'refused', reason: 'refused', providerId: null, reply: null } as const;
    await recordSendResult(database, clock, { messageId, token }, refused);
    while (!(await continueErasure(database, clock, lead.id)));
    for (const each of [lead, other]) expect(await rowsOf(each)).toEqual(nothing);
  });

  it('is not undone by events from before it that come in late', async () => {
    const lead = await addLead(database, { now: clock.now() });
    const before = clock.now();
    await identify([lead.email], before, 'browser-1');
    clock.set(before + MINUTE);
    await erase(lead);
    clock.set(before + 2 * MINUTE);
    await ingestInteractions(database, [
      event({ kind: 'anonymous_id', value: 'browser-1' }, 'Page', before),
      event({ kind: 'email', value: lead.email }, 'Opened App', before),
      identifyOf([lead.email], before, 'browser-1', clock.now()),
      identifyOf([lead.email], before, 'browser-2', clock.now()),
    ]);
    await assessAll(database, clock);
    expect(await dropLateEvents(database, clock)).toBe(0);
    expect(await identitiesNaming(lead.email, 'browser-1')).toEqual([]);
    // What nobody identifies is found by looking.
    await ingestInteractions(database, [
      event({ kind: 'anonymous_id', value: 'browser-1' }, 'Page', before, clock.now()),
      event({ kind: 'email', value: lead.email }, 'Opened App', before, clock.now()),
    ]);
    expect(await dropLateEvents(database, clock)).toBe(2);
    expect(await identitiesNaming(lead.email, 'browser-1')).toEqual([]);
  });

  it('lets the same person begin anew, and still sends them nothing until that is lifted', async () => {
    const lead = await addLead(database, { now: clock.now() });
    await erase(lead);
    clock.set(clock.now() + HOUR);
    await identify([lead.email], clock.now());
    const [identity] = await identitiesNaming(lead.email);
    const again = { id: identity?.leadId ?? '', email: lead.email };
    expect(again.id).not.toBe(lead.id);
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, address, source, actor, at)
      VALUES (${again.id}::uuid, 'email', 'newsletter', 'granted', ${lead.email}, 'api', 'test', ${at(clock.now())})`);
    const mails = async () => {
      clock.set(clock.now() + HOUR);
      await interact(database, { email: lead.email, event: 'Signed Up', at: clock.now() });
      await assessAll(database, clock);
      await runJourney(database, clock, again.id);
      const rows = await database.query<{ state: string; reason: string | null }>(sql`
        SELECT state, reason FROM message WHERE lead_id = ${again.id}::uuid ORDER BY created_at DESC, id DESC LIMIT 1`);
      return rows;
    };
    expect(await mails()).toEqual([{ state: 'dropped', reason: 'suppressed' }]);
    const lift = { address: lead.email, reason: null, actor: tester, now: clock.now() };
    await expect(
      database.transaction((transaction) => liftSuppression(transaction, { ...lift, because: null })),
    ).rejects.toMatchObject({ code: 'invalid-request', fields: [{ path: 'because' }] });
    const because = 'signed up again on paper';
    expect(await database.transaction((transaction) => liftSuppression(transaction, { ...lift, because }))).toEqual([
      'erased',
    ]);
    expect(await mails()).toEqual([{ state: 'accepted', reason: null }]);
    // Who is erased again takes the words of the lifting along.
    await erase(again);
    expect(
      await database.query(sql`SELECT detail FROM audit WHERE action = 'suppression.lifted' AND detail IS NOT NULL`),
    ).toEqual([]);
  });

  it('leaves nothing at all where not even the hash is to be kept', async () => {
    const lead = await addLead(database, { now: clock.now() });
    const hash = database.keyedHash(lead.email);
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor) VALUES ('email', ${hash}, 'complaint', ${at(clock.now())}, 'test')`);
    await erase(lead, false);
    expect(await database.query(sql`SELECT 1 FROM suppression WHERE address_hash = ${hash}`)).toEqual([]);
  });

  it('takes the company along where nobody else is known of it, and leaves it where there is', async () => {
    const account = async (domain: string, ...leads: TestLead[]) => {
      const id = newId();
      await database.query(
        sql`INSERT INTO account (id, domain, created_at) VALUES (${id}::uuid, ${domain}, ${at(NOON)})`,
      );
      await database.query(sql`
        INSERT INTO attribute (account_id, name, value, source, at, recorded_at) VALUES (${id}::uuid, 'name', '"Muster"', 'rep', ${at(NOON)}, ${at(NOON)})`);
      await database.query(
        sql`UPDATE lead SET account_id = ${id}::uuid WHERE id = ANY(${leads.map((lead) => lead.id)}::uuid[])`,
      );
      return id;
    };
    const [alone, one, two] = [
      await addLead(database, { now: NOON }),
      await addLead(database, { now: NOON }),
      await addLead(database, { now: NOON }),
    ];
    const own = await account('erika-muster.example', alone);
    const shared = await account('muster.example', one, two);
    await erase(alone);
    await erase(one);
    const left = await database.query(sql`
      SELECT account.id, domain, count(attribute.id)::int AS statements FROM account LEFT JOIN attribute ON account_id = account.id
      WHERE account.id IN (${own}::uuid, ${shared}::uuid) GROUP BY account.id ORDER BY domain`);
    expect(left).toEqual([
      { id: shared, domain: 'muster.example', statements: 1 },
      { id: own, domain: null, statements: 0 },
    ]);
  });

  it('says so where there is no such lead', async () => {
    await expect(erase({ id: newId() })).rejects.toMatchObject({ code: 'not-found' });
    await expect(erase({ id: 'erna@example.com' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is the only way to take anything from the audit, and takes no more than the details', async () => {
    await expect(database.query(sql`UPDATE audit SET detail = NULL`)).rejects.toThrow('append-only');
    await expect(database.query(sql`DELETE FROM audit`)).rejects.toThrow('append-only');
    await expect(database.query(sql`TRUNCATE audit`)).rejects.toThrow('append-only');
    const changing = database.transaction(async (transaction) => {
      await transaction.query(sql`SELECT set_config('tend.erasing_audit', 'on', true)`);
      await transaction.query(sql`UPDATE audit SET actor = 'somebody', detail = NULL`);
    });
    await expect(changing).rejects.toThrow('append-only');
  });

  it('finds its hashes with the installation’s own key alone', async () => {
    expect(await isKnownHashKey(database)).toBe(true);
    expect(await isKnownHashKey(database)).toBe(true);
    const other = openDatabase({ url: database.url, hashKey: 'another-key-than-the-first' });
    expect(await isKnownHashKey(other)).toBe(false);
    await other.close();
  });

  async function identify(emails: readonly string[], when: number, anonymousId = newId()): Promise<void> {
    await ingestInteractions(
      database,
      emails.map((email) => identifyOf([email], when, anonymousId)),
    );
    await assessAll(database, clock);
  }

  async function identitiesNaming(...values: readonly string[]) {
    return database.query<{ leadId: string | null }>(sql`
      SELECT lead_id AS "leadId" FROM identity WHERE value = ANY(${values}::text[])`);
  }
});

function identifyOf([email]: readonly string[], when: number, anonymousId: string, receivedAt = when): NewInteraction {
  const identity = { kind: 'email', value: email ?? '' } as const;
  return {
    ...event(identity, 'Identified', when, receivedAt),
    kind: 'identify',
    context: { traits: { email: email ?? '', name: 'Erna' }, anonymousId },
  };
}

function event(
  identity: { readonly kind: 'email' | 'anonymous_id'; readonly value: string },
  name: string,
  when: number,
  receivedAt = when,
): NewInteraction {
  const rest = {
    source: 'shop',
    messageId: newId(),
    kind: 'track',
    properties: {},
    context: null,
    claimedAt: null,
  } as const;
  return { ...rest, identity, name, occurredAt: when, receivedAt };
}
