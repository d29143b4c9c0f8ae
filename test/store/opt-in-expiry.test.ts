import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { optInSchema } from '../../domain/consent/opt-in.ts';
import { DAY, MINUTE } from '../../domain/instant.ts';
import { confirmOptIn } from '../../store/confirm-opt-in.ts';
import type { Database } from '../../store/database.ts';
import { continueErasure } from '../../store/erase-lead.ts';
import { openErasures } from '../../store/erasures.ts';
import { expireOptIns } from '../../store/expire-opt-ins.ts';
import { requestOptIn } from '../../store/request-opt-in.ts';
import { sql } from '../../store/sql.ts';
import { addLead, interact, publish } from '../support/company.ts';
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
