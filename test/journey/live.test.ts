import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, plainTemplate, publish } from '../support/company.ts';
import { eventually, startEngine, type TestEngine } from '../support/engine.ts';

const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [{ id: 'branch', on: { event: 'Branch Searched' }, points: 20, limit: { per: 'lead' } }],
};
const welcome = {
  key: 'welcome',
  name: 'Welcome',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [
    { id: 'hello', kind: 'send', template: 'hello' },
    { id: 'pause', kind: 'wait', for: { seconds: 2 } },
    { id: 'more', kind: 'send', template: 'more' },
  ],
};

const byName = {
  key: 'by-name',
  name: 'By name',
  purpose: 'newsletter',
  entry: [{ event: 'Asked By Name' }],
  steps: [{ id: 'hello', kind: 'send', template: 'by-name' }],
};

describe('journeys on a real Temporal server', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine({ leaseMs: 3_000 });
    await foundCompany(engine.database, { now: Date.now(), model, sequences: [welcome], templates: ['hello', 'more'] });
    await publish(engine.database, 'template', plainTemplate('by-name'), Date.now());
    // Publishing refuses what is not known of every reader; what none of its samples shows comes out with a reader.
    await engine.database.query(sql`
      UPDATE definition_version SET compiled = replace(compiled::text, 'by-name', 'Dear {{ nickname }}')::jsonb
      WHERE kind = 'template' AND key = 'by-name'`);
    await publish(engine.database, 'sequence', byName, Date.now());
  });
  afterAll(async () => engine.stop());

  const mailsTo = (email: string) => engine.mailbox.mails.filter(({ to }) => to === email);
  const messagesOf = (leadId: string) =>
    engine.database.query<{ step: string; state: string; reason: string | null }>(sql`
      SELECT step_id AS step, state, reason FROM message WHERE lead_id = ${leadId}::uuid AND recipient_kind = 'lead' ORDER BY created_at, id`);

  it('enrols on an event, mails, waits, mails again, and ends', async () => {
    const lead = await addLead(engine.database, { now: Date.now() });
    await interact(engine.database, { email: lead.email, event: 'Signed Up', at: Date.now() });
    await eventually('both mails', async () => mailsTo(lead.email).length === 2);
    expect(mailsTo(lead.email).map(({ subject }) => subject)).toEqual(['About hello', 'About more']);
    await eventually('the end of the journey', async () => {
      const { status } = await engine.client.workflow.getHandle(`lead-${lead.id}`).describe();
      return status.name === 'COMPLETED';
    });
    expect(await messagesOf(lead.id)).toEqual([
      { step: 'hello', state: 'accepted', reason: null },
      { step: 'more', state: 'accepted', reason: null },
    ]);
  });

  it('hands a lead over and mails the representative, and marketing falls silent', async () => {
    const lead = await addLead(engine.database, { now: Date.now() });
    await interact(engine.database, { email: lead.email, event: 'Signed Up', at: Date.now() });
    await eventually('the first mail', async () => mailsTo(lead.email).length === 1);
    await interact(engine.database, { email: lead.email, event: 'Branch Searched', at: Date.now() });
    await eventually('the offer', async () => mailsTo('rita@sales.example').length > 0);
    const withheld = await eventually('the withheld mail', async () => (await messagesOf(lead.id))[1]);
    expect(withheld).toEqual({ step: 'more', state: 'delayed', reason: 'sales-has-the-lead' });
    expect(mailsTo(lead.email)).toHaveLength(1);
  });

  it('keeps personal data out of Temporal, with refused recipients, failed renders and constraint violations', async () => {
    const { database } = engine;
    const lead = (email: string) => addLead(database, { now: Date.now(), email });
    const refused = await lead('refuse-frau.teichmann@people.example');
    const nameless = await lead('frau.petersen@people.example');
    const violating = await lead('herr.anders@people.example');
    const unclaimable = await lead('frau.lindner@people.example');
    await database.query(sql`
      INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
      VALUES (${refused.id}::uuid, 'lastName', '"Teichmann"', 'form', now(), now()), (${nameless.id}::uuid, 'lastName', '"Petersen"', 'form', now(), now())`);
    // PostgreSQL's messages quote the failing row, address and all.
    await database.query(
      sql`ALTER TABLE message ADD CONSTRAINT no_anders CHECK (address <> 'herr.anders@people.example')`,
    );
    await database.query(
      sql`ALTER TABLE message ADD CONSTRAINT no_lindner CHECK (address <> 'frau.lindner@people.example' OR state <> 'claimed')`,
    );
    const signUp = (who: { email: string }, event: string, lastName: string) => ({
      email: who.email,
      event,
      at: Date.now(),
      properties: { lastName },
    });
    await interact(
      database,
      signUp(refused, 'Signed Up', 'Teichmann'),
      signUp(nameless, 'Asked By Name', 'Petersen'),
      signUp(violating, 'Signed Up', 'Anders'),
      signUp(unclaimable, 'Signed Up', 'Lindner'),
    );
    const parkedError = async (leadId: string) => {
      const [row] = await database.query<{ error: string | null }>(
        sql`SELECT parked_error AS error FROM lead WHERE id = ${leadId}::uuid`,
      );
      return row?.error;
    };
    await eventually('the refusal', async () => (await messagesOf(refused.id))[0]?.state === 'refused');
    await eventually('the failed render', async () => (await messagesOf(nameless.id))[0]?.reason === 'render-failed');
    expect(await eventually('the parked plan', () => parkedError(violating.id))).toContain('no_anders');
    expect(await eventually('the parked claim', () => parkedError(unclaimable.id))).toContain('no_lindner');
    const folder = inject('temporalFolder');
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(path.join(folder, name))));
    const found = (text: string) => files.some((file) => file.includes(text));
    for (const known of [refused, nameless, unclaimable]) expect(found(known.id)).toBe(true);
    const personal = ['eichmann', 'etersen', 'nders@', 'indner', 'people.example', 'rita@sales'];
    expect(personal.filter(found)).toEqual([]);
  });
});
