import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact } from '../support/company.ts';
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

describe('journeys on a real Temporal server', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine({ leaseMs: 3_000 });
    await foundCompany(engine.database, { now: Date.now(), model, sequences: [welcome], templates: ['hello', 'more'] });
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

  it('keeps personal data out of Temporal, failures included', async () => {
    const { database } = engine;
    const refused = await addLead(database, { now: Date.now(), email: 'refuse-frau.teichmann@people.example' });
    const fine = await addLead(database, { now: Date.now(), email: 'herr.anders@people.example' });
    await interact(
      database,
      { email: refused.email, event: 'Signed Up', at: Date.now(), properties: { lastName: 'Teichmann' } },
      { email: fine.email, event: 'Signed Up', at: Date.now(), properties: { lastName: 'Anders' } },
    );
    await eventually('the refusal', async () => (await messagesOf(refused.id))[0]?.state === 'refused');
    await eventually('the mail', async () => mailsTo(fine.email).length === 1);
    const folder = inject('temporalFolder');
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(path.join(folder, name))));
    const found = (text: string) => files.some((file) => file.includes(text));
    expect(found(refused.id)).toBe(true);
    for (const personal of ['teichmann', 'Teichmann', 'anders@people', 'people.example', 'rita@sales'])
      expect(found(personal), personal).toBe(false);
  });
});
