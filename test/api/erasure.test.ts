import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { dumpOf } from '../support/dump.ts';
import { emptied, rowsGo } from '../support/erasure-columns.ts';
import { livePersonWithEverything, type PersonWithEverything } from '../support/person-with-everything.ts';
import { fixedClock, type RunningApi, startApi } from './running-api.ts';

describe('what a person may ask for', () => {
  let database: Database;
  let api: RunningApi;
  let person: PersonWithEverything;
  const clock = fixedClock('2026-06-01T12:00:00Z');

  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startApi(database, clock);
    person = await livePersonWithEverything(database, clock);
  }, 120_000);
  afterAll(async () => {
    expect(api.failures).toEqual([]);
    await api.stop();
    await database.close();
  });

  describe('to be told (Art. 15 GDPR)', () => {
    it('gets everything, of all leads that were merged, whichever of them is named', async () => {
      const { status, headers, body } = await api.api('GET', `leads/${person.merged}/export`);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body.about).toMatchObject({
        format: 'tend-lead-export',
        leadId: person.id,
        mergedLeadIds: [person.merged],
        controller: { name: 'Shop' },
        purposes: expect.arrayContaining([{ purpose: 'newsletter', basis: 'consent' }]),
        recipients: expect.arrayContaining([
          expect.objectContaining({ kind: 'sales', name: 'Rita' }),
          expect.objectContaining({ kind: 'system', name: 'crm (crm.example)' }),
          expect.objectContaining({ kind: 'mail-server' }),
        ]),
        sources: expect.arrayContaining([expect.objectContaining({ source: 'rep' })]),
      });
      expect(body.consents).toHaveLength(2);
      expect(body.identities.map(({ value }: { value: string }) => value)).toEqual(
        expect.arrayContaining([...person.addresses]),
      );
      expect(body.scores[0].awards.length).toBeGreaterThan(0);
      expect(body.suppressions).toHaveLength(2);
    });

    it('has every row in which an erasure would take something away', async () => {
      const { body } = await api.api('GET', `leads/${person.id}/export`);
      const exported = JSON.stringify(body);
      const tables = new Set([
        ...Object.keys(rowsGo),
        ...Object.keys(emptied).map((name) => name.split('.')[0] as string),
      ]);
      // What is not the person's own, but names them: a provider's words about a domain.
      tables.delete('receiving_domain');
      const sections: Record<string, string> = {
        account: 'company',
        attribute: 'attributes',
        audit: 'audit',
        consent: 'consents',
        consent_age: 'consentAges',
        enrolment: 'enrolments',
        entry_condition: 'entryConditions',
        handoff: 'handoffs',
        identity: 'identities',
        inbound_mail: 'inboundMails',
        interaction: 'interactions',
        lead: 'leads',
        mail_hit: 'hits',
        message: 'messages',
        message_event: 'messageEvents',
        opt_in_request: 'optInRequests',
        score_ledger: 'points',
        standing: 'standings',
        webhook_delivery: 'webhooks',
      };
      for (const table of tables) expect(body[sections[table] ?? table]?.length, table).toBeGreaterThan(0);
      for (const said of [
        'Frau Erasmus malt',
        'met Erna Erasmus at the fair',
        'has no time',
        'asked for it',
        'on the phone',
        'Viele Grüße',
        'is no number',
        'Mozilla (Erasmus)',
      ])
        expect(exported, said).toContain(said);
      expect(exported).not.toContain('claimToken');
    });

    it('gets the mails again as they were', async () => {
      const { body } = await api.api('GET', `leads/${person.id}/export`);
      const hello = body.messages.find(({ templateKey }: { templateKey: string }) => templateKey === 'hello');
      expect(hello.content).toMatchObject({ subject: 'About hello', html: expect.stringContaining('Shop GmbH') });
    });

    it('can be read by people, in German and English, with nothing from elsewhere in it and nothing run', async () => {
      await database.query(sql`
        INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
        VALUES (${person.id}::uuid, 'motto', '"<script>alert(1)</script>"', 'form', ${at(clock.now())}, ${at(clock.now())})`);
      for (const [language, title] of [
        ['de', 'Was über diese Person bekannt ist'],
        ['en', 'What is known of this person'],
      ]) {
        const { status, headers, body } = await api.api(
          'GET',
          `leads/${person.id}/export?format=html&language=${language}`,
        );
        expect(status).toBe(200);
        expect(headers.get('content-type')).toContain('text/html');
        expect(body).toContain(`<h1>${title}</h1>`);
        expect(body).toContain('Frau Erasmus malt');
        expect(body).toContain('Art. 77');
        expect(body).toContain('@page{size:A4');
        expect(body).not.toMatch(/<script|<img|<link|src=/);
        expect(body.endsWith('</html>\n')).toBe(true);
      }
      expect((await api.api('GET', `leads/${person.id}/export?format=pdf`)).status).toBe(400);
    });

    it('says so where nobody is', async () => {
      expect((await api.api('GET', `leads/${newId()}/export`)).status).toBe(404);
    });
  });

  describe('to be erased (Art. 17 GDPR)', () => {
    it('needs a ground of a list', async () => {
      const refused = await api.api('POST', `leads/${person.id}/erase`, { because: 'Erna asked on Monday' });
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'because' }] } });
    });

    it('is waited for where a mail is leaving (202), and done once it has (200)', async () => {
      const lead = await addLead(database, { now: clock.now() });
      await database.query(sql`
        INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, template_key, lineage, state, claim_token, claimed_at, lease_until, due_at,
                             message_id_header, created_at, address)
        VALUES (${newId()}::uuid, 'lead', ${lead.id}::uuid, 'email', 'newsletter', 'hello', 'hello', 'claimed', ${newId()}::uuid, ${at(clock.now())},
                ${at(clock.now() + 60_000)}, ${at(clock.now())}, ${newId()}, ${at(clock.now())}, ${lead.email})`);
      const waiting = await api.api('POST', `leads/${lead.id}/erase`, { because: 'asked' });
      expect(waiting).toMatchObject({ status: 202, body: { state: 'waiting', doneAt: null, requestedBy: 'crm' } });
      expect((await api.api('GET', `leads/${lead.id}/erasure`)).body.state).toBe('waiting');
      expect((await api.api('GET', `leads/${lead.id}`)).status).toBe(404);
      expect((await api.api('GET', `leads/${lead.id}/export`)).status).toBe(404);
      clock.set('2026-06-01T12:01:00Z');
      const done = await api.api('POST', `leads/${lead.id}/erase`, { because: 'asked' });
      expect(done).toMatchObject({ status: 200, body: { state: 'done', doneAt: '2026-06-01T12:01:00.000Z' } });
    });

    it('leaves nothing, and is on a list by ids alone', async () => {
      const { status, body } = await api.api('POST', `leads/${person.merged}/erase`, { because: 'consent-withdrawn' });
      expect([status, body.state]).toEqual([200, 'done']);
      const left = [...(await dumpOf(database))].flatMap(([table, rows]) =>
        rows.filter((row) => row.includes('cust-erasmus') || row.includes('5550199')).map((row) => `${table}: ${row}`),
      );
      expect(left).toEqual([]);
      expect((await api.api('POST', 'leads/search', { email: person.addresses[0] })).body.leads).toEqual([]);
      const { erasures, next } = (await api.api('GET', 'erasures?limit=1')).body;
      expect(erasures).toHaveLength(1);
      const rest = (await api.api('GET', `erasures?cursor=${next}`)).body;
      expect(rest).toMatchObject({
        erasures: [{ leadId: person.id, because: 'consent-withdrawn', state: 'done' }],
        next: null,
      });
      expect(rest.erasures[0].leadIds.sort()).toEqual([person.id, person.merged].sort());
      expect((await api.api('GET', `erasures?since=2030-01-01T00:00:00Z`)).body.erasures).toEqual([]);
    });

    it('records nothing more about who was erased', async () => {
      const path = `leads/${person.id}`;
      const evidence = { channel: 'email', purpose: 'newsletter', action: 'withdrawn' };
      for (const [method, address, body] of [
        ['POST', `${path}/attributes`, { attributes: { remark: 'x' }, source: 'rep' }],
        ['POST', `${path}/consents`, evidence],
        ['GET', `${path}/export`, undefined],
        ['GET', path, undefined],
      ] as const)
        expect((await api.api(method, address, body)).status, address).toBe(404);
      expect((await api.api('POST', `leads/${newId()}/erase`, { because: 'asked' })).status).toBe(404);
      expect((await api.api('GET', `leads/${newId()}/erasure`)).status).toBe(404);
    });
  });
});
