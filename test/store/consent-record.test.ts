import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consentState } from '../../domain/consent/consent.ts';
import { consentEvidenceSchema } from '../../domain/consent/evidence.ts';
import { DAY } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { readConsentRecords } from '../../store/read-gate-facts.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { sql } from '../../store/sql.ts';
import { addLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';

let database: Database;
const now = Date.parse('2026-11-25T10:00:00Z');

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const records = (lead: string) =>
  database.query<Record<string, unknown>>(sql`SELECT * FROM consent WHERE lead_id = ${lead}::uuid ORDER BY id`);

describe('the consent record', () => {
  it('takes no change, no deletion and no emptying, from whoever has the database', async () => {
    const lead = await addLead(database, { now });
    const before = await records(lead.id);
    const attempts = [
      sql`UPDATE consent SET wording = 'something else' WHERE lead_id = ${lead.id}::uuid`,
      sql`DELETE FROM consent WHERE lead_id = ${lead.id}::uuid`,
      sql`TRUNCATE consent`,
      sql`TRUNCATE lead CASCADE`,
      // The lead's row holds it too.
      sql`DELETE FROM lead WHERE id = ${lead.id}::uuid`,
    ];
    for (const attempt of attempts) await expect(database.query(attempt)).rejects.toThrow(/append-only|foreign key/);
    expect(await records(lead.id)).toEqual(before);
  });

  it('goes by the erasure of the person alone, theirs and nobody else’s', async () => {
    const lead = await addLead(database, { now });
    const other = await addLead(database, { now });
    await database.query(sql`SELECT erase_consent(${lead.id}::uuid)`);
    expect(await records(lead.id)).toEqual([]);
    expect(await records(other.id)).toHaveLength(1);
    expect(await database.query(sql`SELECT 1 FROM consent_age WHERE lead_id = ${lead.id}::uuid`)).toEqual([]);
    // And the way is closed again behind it.
    await expect(database.query(sql`DELETE FROM consent WHERE lead_id = ${other.id}::uuid`)).rejects.toThrow(
      /append-only/,
    );
  });

  it('has a record for each purpose that was agreed to at once, with all that proves it', async () => {
    const lead = await addLead(database, { now, purpose: null });
    const evidence = consentEvidenceSchema.parse({
      purposes: ['newsletter', 'tracking'],
      action: 'granted',
      wording: 'Yes, write to me, and see what I read.',
      wordingVersion: 'v7',
      locale: 'en',
      formUrl: 'https://shop.example/newsletter',
      ip: '203.0.113.9',
      userAgent: 'Firefox',
      requestedAt: '2026-11-25T09:00:00Z',
      confirmIp: '2001:db8::7',
      confirmUserAgent: 'Safari',
      confirmedAt: '2026-11-25T09:05:00Z',
      confirmationMessageId: '<a1@shop.example>',
      promise: { max: 2, days: 7 },
    });
    const recorded = await recordConsent(database, { leadId: lead.id, evidence, source: 'api', actor: tester, now });
    const shared = {
      address: lead.email,
      wording_version: 'v7',
      locale: 'en',
      confirm_ip: '2001:db8::7',
      confirm_user_agent: 'Safari',
      confirmation_message_id: '<a1@shop.example>',
      promise_max: 2,
    };
    expect(await records(lead.id)).toMatchObject([
      { id: recorded.ids[0], purpose: 'newsletter', ...shared },
      { id: recorded.ids[1], purpose: 'tracking', ...shared },
    ]);
    expect(recorded.id).toBe(recorded.ids[0]);
  });

  it('of a test lead is by its own clock: what is told after it withdrew is the later word', async () => {
    const lead = await addLead(database, { now });
    const ahead = 60 * DAY;
    await database.query(sql`UPDATE lead SET test = true, clock_offset_ms = ${ahead} WHERE id = ${lead.id}::uuid`);
    const tell = (evidence: object) =>
      recordConsent(database, {
        leadId: lead.id,
        evidence: consentEvidenceSchema.parse({ purpose: 'newsletter', ...evidence }),
        source: 'api',
        actor: tester,
        now,
      });
    expect(await tell({ action: 'withdrawn' })).toMatchObject({ at: now + ahead });
    const said = new Date(now).toISOString();
    const given = { action: 'granted', wording: 'Yes.', requestedAt: said, confirmedAt: said };
    // At the same instant the no counts; a moment later it is another word.
    const later = new Date(now + 1_000).toISOString();
    await tell({ ...given, confirmedAt: later });
    expect((await records(lead.id)).at(-1)).toMatchObject({ at: now + ahead, confirmed_at: now + 1_000 + ahead });
    const { records: all } = await readConsentRecords(database, lead.id);
    expect(consentState(all, 'newsletter').kind).toBe('granted');
  });
});
