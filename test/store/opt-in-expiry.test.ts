import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentState } from '../../domain/consent/consent.ts';
import { consentEvidenceSchema } from '../../domain/consent/evidence.ts';
import { optInSchema } from '../../domain/consent/opt-in.ts';
import { noConsentPolicy } from '../../domain/consent/policy.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import { confirmOptIn } from '../../store/confirm-opt-in.ts';
import type { Database } from '../../store/database.ts';
import { continueErasure } from '../../store/erase-lead.ts';
import { openErasures } from '../../store/erasures.ts';
import { expireOptIns } from '../../store/expire-opt-ins.ts';
import { readConsentRecords, readGateFacts } from '../../store/read-gate-facts.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { requestOptIn } from '../../store/request-opt-in.ts';
import { sql } from '../../store/sql.ts';
import { addLead, interact, publish, tester } from '../support/company.ts';
import { confirmTemplate, shopPolicy, signUp } from '../support/consent.ts';
import { createTestDatabase } from '../support/database.ts';
import { runJourney, testClock } from '../support/driver.ts';

let database: Database;
const clock = testClock(Date.parse('2026-11-25T10:00:00Z'));
const compose = { publicUrl: 'https://tend.shop.example', signingSecret: 'x', from: 'Shop <shop@shop.example>' };

beforeAll(async () => {
  database = await createTestDatabase();
  await publish(database, 'template', confirmTemplate, clock.now());
  await publish(database, 'consent', shopPolicy, clock.now());
});
afterAll(() => database.close());

const leadOf = async (address: string) =>
  (
    await database.query<{ leadId: string | null }>(
      sql`SELECT lead_id AS "leadId" FROM identity WHERE kind = 'email' AND value = ${address}`,
    )
  )[0]?.leadId ?? null;
const requests = async () =>
  (await database.query<{ address: string }>(sql`SELECT address FROM opt_in_request ORDER BY requested_at`)).map(
    ({ address }) => address,
  );

/** Signs up, and has the mail sent. */
async function signsUp(address: string, fields: object = {}): Promise<string> {
  const optIn = optInSchema.parse({ ...signUp, address, ...fields });
  await requestOptIn(database, {
    optIn,
    ip: '203.0.113.9',
    userAgent: 'Firefox',
    source: 'shop',
    now: clock.now(),
    messageIdDomain: 'shop.example',
  });
  const lead = await leadOf(address);
  if (lead === null) throw new Error('no lead was made');
  await runJourney(database, clock, lead);
  return lead;
}

/** What the worker's loops do. */
async function keep(): Promise<void> {
  while (await expireOptIns(database, clock));
  for (const leadId of await openErasures(database, 100)) await continueErasure(database, clock, leadId);
}

describe('a sign-up that nobody confirms', () => {
  it('is deleted when it runs out, and the person with it, of whom nothing else is known', async () => {
    const address = 'never@people.example';
    const lead = await signsUp(address);
    clock.set(clock.now() + 7 * DAY - MINUTE);
    await keep();
    expect(await requests()).toEqual([address]);
    clock.set(clock.now() + MINUTE);
    await keep();
    expect([await requests(), await leadOf(address)]).toEqual([[], null]);
    const [row] = await database.query<{ erased: boolean }>(
      sql`SELECT erased_at IS NOT NULL AS erased FROM lead WHERE id = ${lead}::uuid`,
    );
    expect(row?.erased).toBe(true);
    // Nowhere is the address any more: not in the mail that asked, nor as a hash that would keep them from signing up.
    const left = await database.query(sql`
      SELECT 1 FROM message WHERE address = ${address} UNION ALL
      SELECT 1 FROM suppression WHERE address_hash = ${database.keyedHash(address)}`);
    expect(left).toEqual([]);
    await signsUp(address);
    expect(await requests()).toEqual([address]);
    clock.set(clock.now() + 7 * DAY);
    await keep();
  });

  it('goes alone where something else is known: a consent, an event of the website, an older acquaintance', async () => {
    const known = await addLead(database, { now: clock.now(), email: 'known@people.example' });
    await signsUp('known@people.example');
    const seen = await signsUp('seen@people.example');
    await interact(database, { email: 'seen@people.example', event: 'Product Viewed', at: clock.now() });
    const confirmed = await signsUp('confirmed@people.example');
    const [mail] = await database.query<{ id: string }>(sql`SELECT id FROM message WHERE lead_id = ${confirmed}::uuid`);
    const from = { ip: null, userAgent: null, now: clock.now(), compose };
    expect(await confirmOptIn(database, { messageId: mail?.id ?? '', ...from })).toMatchObject({ kind: 'confirmed' });
    clock.set(clock.now() + 7 * DAY);
    await keep();
    // What was confirmed stays, so that its link says so.
    expect(await requests()).toEqual(['confirmed@people.example']);
    expect(await leadOf('known@people.example')).toBe(known.id);
    expect(await leadOf('seen@people.example')).toBe(seen);
    expect(await leadOf('confirmed@people.example')).toBe(confirmed);
  });

  it('leaves the person as long as another of their sign-ups waits', async () => {
    const address = 'twice@people.example';
    const lead = await signsUp(address);
    clock.set(clock.now() + 2 * DAY);
    await signsUp(address, { purposes: ['offers'] });
    clock.set(clock.now() + 5 * DAY);
    await keep();
    expect(await leadOf(address)).toBe(lead);
    clock.set(clock.now() + 2 * DAY);
    await keep();
    expect(await leadOf(address)).toBe(null);
  });

  it('takes back nothing that stands against the address', async () => {
    const address = 'complained@people.example';
    await database.query(sql`
      INSERT INTO suppression (channel, address_hash, reason, at, actor)
      VALUES ('email', ${database.keyedHash(address)}, 'complaint', ${new Date(clock.now())}, 'test')`);
    await signsUp(address);
    clock.set(clock.now() + 7 * DAY);
    await keep();
    expect(await leadOf(address)).toBe(null);
    expect(
      await database.query(sql`
        SELECT reason FROM suppression WHERE address_hash = ${database.keyedHash(address)} AND lifted_at IS NULL`),
    ).toEqual([{ reason: 'complaint' }]);
  });

  it('is not confirmed and deleted at once, whoever is first', async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      const address = `race${turn}@people.example`;
      const lead = await signsUp(address);
      const [mail] = await database.query<{ id: string }>(sql`SELECT id FROM message WHERE lead_id = ${lead}::uuid`);
      const pressed = clock.now() + 7 * DAY - 1;
      clock.set(pressed + 1);
      const confirm = confirmOptIn(database, {
        messageId: mail?.id ?? '',
        ip: null,
        userAgent: null,
        now: pressed,
        compose,
      });
      const [answer] = await Promise.all([confirm, expireOptIns(database, clock)]);
      for (const leadId of await openErasures(database, 100)) await continueErasure(database, clock, leadId);
      const consents = await database.query(sql`SELECT 1 FROM consent WHERE lead_id = ${lead}::uuid`);
      if (answer.kind === 'confirmed') expect([consents.length, await leadOf(address)]).toEqual([1, lead]);
      else expect([answer.kind, consents.length, await leadOf(address)]).toEqual(['gone', 0, null]);
    }
  });
});

describe('a sign-up', () => {
  const mailOf = async (lead: string) =>
    (
      await database.query<{ id: string }>(
        sql`SELECT id FROM message WHERE lead_id = ${lead}::uuid AND purpose = 'double-opt-in' ORDER BY created_at DESC`,
      )
    ).map(({ id }) => id);
  const confirms = async (messageId: string | undefined, now = clock.now()) =>
    (await confirmOptIn(database, { messageId: messageId ?? '', ip: null, userAgent: null, now, compose })).kind;
  const stateOf = async (lead: string) =>
    consentState((await readConsentRecords(database, lead)).records, 'newsletter');
  const withdraw = (leadId: string, now: number) =>
    recordConsent(database, {
      leadId,
      evidence: consentEvidenceSchema.parse({ purpose: 'newsletter', action: 'withdrawn' }),
      source: 'api',
      actor: tester,
      now,
    });

  it('that runs out within the hour is counted for a day: nobody’s mailbox is filled by beginning anew', async () => {
    const hourly = { template: confirmTemplate.key, expiresAfter: { hours: 1 } };
    await publish(database, 'consent', { ...shopPolicy, doubleOptIn: hourly }, clock.now());
    const address = 'flooded@people.example';
    let lead = '';
    for (let hour = 0; hour < 20; hour += 1) {
      lead = await signsUp(address);
      clock.set(clock.now() + HOUR);
      await keep();
    }
    expect(await mailOf(lead)).toHaveLength(4);
    clock.set(clock.now() + DAY);
    await keep();
    expect(await requests()).not.toContain(address);
    expect(await leadOf(address)).toBe(null);
    await publish(database, 'consent', shopPolicy, clock.now());
  });

  it('leaves the person where a colleague gave them points, or they answered the mail', async () => {
    const adjusted = await signsUp('adjusted@people.example');
    await interact(database, { email: 'adjusted@people.example', event: 'x', at: clock.now() });
    await database.query(sql`
      UPDATE interaction SET source = 'tend', kind = 'tend', name = 'Score Adjusted' WHERE lead_id = ${adjusted}::uuid`);
    const answered = await signsUp('answered@people.example');
    await database.query(sql`
      INSERT INTO inbound_mail (id, via, dedupe_key, received_at, kind, lead_id)
      VALUES (gen_random_uuid(), 'smtp', 'answer', ${new Date(clock.now())}, 'reply', ${answered}::uuid)`);
    clock.set(clock.now() + 7 * DAY);
    await keep();
    expect(await leadOf('adjusted@people.example')).toBe(adjusted);
    expect(await leadOf('answered@people.example')).toBe(answered);
  });

  it('that a test lead ends by its own clock is ended: its link gives no consent', async () => {
    const lead = await signsUp('walker@people.example');
    await database.query(sql`UPDATE lead SET test = true, clock_offset_ms = ${90 * DAY} WHERE id = ${lead}::uuid`);
    await withdraw(lead, clock.now());
    expect(await confirms((await mailOf(lead))[0])).toBe('gone');
    expect((await stateOf(lead)).kind).toBe('withdrawn');
    // Signing up anew is the later word.
    clock.set(clock.now() + 1);
    await signsUp('walker@people.example');
    expect(await confirms((await mailOf(lead))[0])).toBe('confirmed');
    expect(await stateOf(lead)).toMatchObject({ kind: 'granted', at: clock.now() + 90 * DAY });
  });

  it('that is confirmed by a machine whose clock is behind is the later word all the same', async () => {
    const { id } = await addLead(database, { now: clock.now(), email: 'skewed@people.example' });
    await withdraw(id, clock.now() + 40_000);
    await signsUp('skewed@people.example');
    expect(await confirms((await mailOf(id))[0])).toBe('confirmed');
    expect(await stateOf(id)).toMatchObject({ kind: 'granted', at: clock.now() + 40_001 });
  });

  it('is not confirmed for a person whose erasure waits for a mail that is leaving', async () => {
    const lead = await signsUp('leaving@people.example');
    await database.query(sql`UPDATE lead SET erased_at = ${new Date(clock.now())} WHERE id = ${lead}::uuid`);
    expect(await confirms((await mailOf(lead))[0])).toBe('gone');
    expect((await stateOf(lead)).kind).toBe('none');
  });

  it('by an older address of a person is answered there: mail goes where they said yes last', async () => {
    const { id } = await addLead(database, { now: clock.now(), email: 'new@people.example', purpose: null });
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      VALUES ('email', 'old@people.example', ${id}::uuid, ${new Date(clock.now() - DAY)}, ${new Date(clock.now() - DAY)})`);
    clock.set(clock.now() + MINUTE);
    await signsUp('old@people.example');
    expect((await readGateFacts(database, id, ['newsletter'], noConsentPolicy)).address).toBe('new@people.example');
    expect(await confirms((await mailOf(id))[0])).toBe('confirmed');
    const facts = await readGateFacts(database, id, ['newsletter'], noConsentPolicy);
    expect(facts.address).toBe('old@people.example');
    expect(facts.consents.get('newsletter')).toMatchObject({ kind: 'granted', address: 'old@people.example' });
  });
});
