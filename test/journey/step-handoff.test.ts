import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyInWords } from '../../api/why-in-words.ts';
import { readDefinitionFiles } from '../../cli/definition-files.ts';
import { packageRoot } from '../../config/package-root.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { calibrateModel } from '../../store/calibrate-model.ts';
import { explainScore } from '../../store/explain-score.ts';
import { explainWhy } from '../../store/explain-why.ts';
import { type HandoffView, listHandoffs } from '../../store/list-handoffs.ts';
import { readLastClosed } from '../../store/read-assessment.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, publish, type TestLead, tester } from '../support/company.ts';
import { eventually, startEngine, type TestEngine } from '../support/engine.ts';

const model = {
  key: 'cloud',
  name: 'Cloud',
  timeZone: 'Europe/Berlin',
  threshold: 20,
  rules: [
    { id: 'paper', on: { event: 'White Paper Downloaded' }, points: 5 },
    { id: 'price', on: { event: 'Prices Viewed' }, points: 30 },
  ],
};
const steps = [
  { id: 'call', kind: 'handOff', reason: 'Wants to be called about the cloud' },
  { id: 'after', kind: 'send', template: 'after', deadline: { days: 30 } },
  { id: 'rest', kind: 'wait', for: { days: 30 } },
];
const papers = {
  key: 'papers',
  name: 'White papers',
  purpose: 'newsletter',
  entry: [{ event: 'White Paper Downloaded' }],
  steps,
};
const both = {
  ...papers,
  key: 'both',
  name: 'Leads and customers',
  stages: ['lead', 'customer'],
  entry: [{ event: 'Call Wanted' }],
};

describe('a step that hands a lead to sales', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
    const now = Date.now();
    await foundCompany(engine.database, { now, model, sequences: [papers, both], templates: ['after'] });
    for (const { kind, key, content } of await readDefinitionFiles([path.join(packageRoot, 'templates', 'team')]))
      if (kind === 'partial' || kind === 'layout' || kind === 'template')
        await publish(engine.database, kind, { ...content, key }, now);
  });
  afterAll(async () => engine.stop());

  const messagesOf = (lead: TestLead) =>
    engine.database.query<{ state: string; reason: string | null }>(sql`
      SELECT state, reason FROM message WHERE lead_id = ${lead.id}::uuid AND recipient_kind = 'lead' ORDER BY created_at, id`);
  const enrolmentsOf = (lead: TestLead) =>
    engine.database.query<{ state: string; step: string; reason: string | null }>(sql`
      SELECT state, step_id AS step, end_reason AS reason FROM enrolment WHERE lead_id = ${lead.id}::uuid`);
  const handoffsOf = (lead: TestLead) => listHandoffs(engine.database, { leadId: lead.id, limit: 10 });
  const does = (lead: TestLead, event: string) =>
    interact(engine.database, { email: lead.email, event, at: Date.now() });

  async function handOver(event: string): Promise<{ lead: TestLead; handoff: HandoffView }> {
    const lead = await addLead(engine.database, { now: Date.now() });
    await does(lead, event);
    const handoff = await eventually('the offer', async () =>
      (await handoffsOf(lead)).find(({ owner }) => owner !== null),
    );
    await eventually('the withheld mail', async () => (await messagesOf(lead)).length === 1);
    return { lead, handoff };
  }

  async function close(handoff: HandoffView, outcome: 'won' | 'recycled') {
    const given = { handoffId: handoff.id, rep: 'rita', actor: tester, now: Date.now() };
    await acceptHandoff(engine.database, given);
    await recordOutcome(engine.database, { ...given, outcome, reason: null });
  }

  it('says which step and why, to the API and to the representative, and silences marketing', async () => {
    const { lead, handoff } = await handOver('White Paper Downloaded');
    expect(handoff).toMatchObject({
      state: 'offered',
      trigger: {
        sequence: 'papers',
        step: 'call',
        reason: 'Wants to be called about the cloud',
        points: 5,
        threshold: null,
        inFlight: [],
      },
    });
    expect(handoff.trigger).not.toHaveProperty('modelKey');
    expect(await messagesOf(lead)).toEqual([{ state: 'delayed', reason: 'sales-has-the-lead' }]);
    const mail = await eventually('the mail', async () =>
      engine.mailbox.mails.find(({ to, source }) => to === 'rita@sales.example' && source.includes(handoff.id)),
    );
    const text = mail.source.replace(/=\r?\n/g, '').replace(/\s+/g, ' ');
    for (const part of ['the sequence', 'White papers', 'Why now:', 'Wants to be called about the cloud'])
      expect(text).toContain(part);
    const words = whyInWords(await explainWhy(engine.database, lead.id, Date.now()), Date.now());
    expect(words[0]).toMatch(
      /^It is offered to Rita of sales since .*; marketing is silent until the outcome is recorded\. The step "call" of the sequence "papers" handed it over: Wants to be called about the cloud\.$/,
    );
    // No model routed it: its score is explained by the version that is live.
    expect(await explainScore(engine.database, { leadId: lead.id, at: Date.now() })).toMatchObject([
      { model: 'cloud', because: 'live' },
    ]);
  });

  it('goes on after "recycled": what was withheld is sent, and what it qualified for meanwhile is no second offer', async () => {
    const { lead, handoff } = await handOver('White Paper Downloaded');
    await does(lead, 'Prices Viewed');
    await eventually(
      'the score',
      async () =>
        (await engine.database.query(sql`SELECT FROM standing WHERE lead_id = ${lead.id}::uuid AND qualified`)).length,
    );
    await close(handoff, 'recycled');
    await eventually('the mail', async () => (await messagesOf(lead))[0]?.state === 'accepted');
    expect(engine.mailbox.mails.filter(({ to }) => to === lead.email)).toHaveLength(1);
    await eventually('the next step', async () => (await enrolmentsOf(lead))[0]?.step === 'rest');
    const [closed, ...more] = await handoffsOf(lead);
    expect(more).toEqual([]);
    // Whoever publishes a model asks whether sales gave the lead back: it did, whatever the model.
    const lastClosed = await engine.database.transaction((transaction) => readLastClosed(transaction, [lead.id]));
    expect(lastClosed(lead.id, 'cloud')).toBe(closed?.closedAt);
    expect(lastClosed(lead.id, 'another')).toBe(closed?.closedAt);
  });

  it('leaves on "won" a sequence for leads, and not one for customers too', async () => {
    const [forLeads, forBoth] = [await handOver('White Paper Downloaded'), await handOver('Call Wanted')];
    await close(forLeads.handoff, 'won');
    await close(forBoth.handoff, 'won');
    await eventually('the end', async () => (await enrolmentsOf(forLeads.lead))[0]?.state === 'left');
    expect(await enrolmentsOf(forLeads.lead)).toMatchObject([{ reason: 'left-the-stage' }]);
    expect(await messagesOf(forLeads.lead)).toEqual([{ state: 'superseded', reason: 'left-the-stage' }]);
    await eventually('the mail', async () => (await messagesOf(forBoth.lead))[0]?.state === 'accepted');
    await eventually('the next step', async () => (await enrolmentsOf(forBoth.lead))[0]?.step === 'rest');
  });

  it('is no verdict on any scoring model: calibration leaves it out', async () => {
    const report = await calibrateModel(engine.database, {
      key: 'cloud',
      since: 0,
      outcomes: ['won', 'lost', 'recycled', 'rejected'],
      now: Date.now(),
    });
    expect(report).toMatchObject({ open: 0, byOutcome: {} });
  });
});
