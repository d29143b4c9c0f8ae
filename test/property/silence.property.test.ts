import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyState, type FoldState } from '../../domain/scoring/fold-state.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { at, sql } from '../../store/sql.ts';
import { foundCompany, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { type Actor, createInterleaver, type Interleaver } from '../support/interleave.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const CASES = 2_000 * SCALE;
/** Interleavings at once: most of their time is waiting for one another. */
const LANES = 4;
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 10,
  rules: [{ id: 'a', on: { event: 'A' }, points: 10 }],
};
const sequence = {
  key: 's',
  name: 'S',
  purpose: 'newsletter',
  steps: [
    { id: 'one', kind: 'send', template: 'one' },
    { id: 'two', kind: 'send', template: 'two' },
  ],
};

/**
 * Invariant 1: once a handoff's offer has committed, no marketing mail is claimed until its outcome is recorded. Real
 * transactions, with a barrier before every statement; the order of commits is read from PostgreSQL itself.
 */
describe(`silence over random interleavings (seed ${SEED})`, () => {
  let database: Database;
  let lanes: Interleaver[];
  const clock = testClock(NOON);

  beforeAll(async () => {
    database = await createTestDatabase();
    lanes = Array.from({ length: LANES }, () => createInterleaver(database.url, 4));
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: ['one', 'two'] });
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
    await database.close();
  });

  it(`holds in ${CASES} interleavings of plan, claim, accept, outcome and late results`, {
    timeout: 300_000 * SCALE,
  }, async () => {
    const leads = await makeLeads(CASES);
    const both = await Promise.all(
      lanes.map(async (lane, index) => {
        const random = randomFrom(SEED + index);
        let count = 0;
        for (let i = index; i < leads.length; i += LANES) if (await playOne(lane, random, leads[i]!)) count += 1;
        return count;
      }),
    );
    // Offer and claim both happened to a good part of the leads, or nothing was tested.
    expect(both.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(CASES / 20);
  });

  /** True when the lead was both offered and claimed for. */
  async function playOne(
    lane: Interleaver,
    random: ReturnType<typeof randomFrom>,
    lead: { id: string; messageId: string },
  ): Promise<boolean> {
    const plan: Actor = {
      name: 'plan',
      run: (on) => planLead(on, clock, lead.id, { notBefore: 0, messageIdDomain: 'x' }).then(() => {}),
    };
    const claim: Actor = {
      name: 'claim',
      async run(on) {
        const token = newId();
        const answer = await claimMessage(on, clock, {
          messageId: lead.messageId,
          token,
          leaseMs: 60_000,
          notBefore: 0,
          mailFrom: 'Tend <tend@tend.test>',
        });
        if (answer.kind !== 'claimed') return;
        const state = random.pick(['accepted', 'deferred', 'refused', 'unknown'] as const);
        await recordSendResult(
          on,
          clock,
          { messageId: lead.messageId, token },
          { state, reason: null, providerId: null, reply: null },
        );
      },
    };
    const sales: Actor = {
      name: 'sales',
      async run(on) {
        const [open] = await on.query<{ id: string }>(
          sql`SELECT id FROM handoff WHERE lead_id = ${lead.id}::uuid AND state <> 'closed'`,
        );
        if (open === undefined) return;
        await acceptHandoff(on, { handoffId: open.id, rep: 'rita', actor: tester, now: NOON });
        await recordOutcome(on, {
          handoffId: open.id,
          outcome: 'recycled',
          reason: null,
          rep: 'rita',
          actor: tester,
          now: NOON,
        });
      },
    };
    const actors = [plan, claim, random.pick([plan, claim]), sales];
    await lane.run(actors, (ready) => random.below(ready));
    return checkSilence(lead.id);
  }

  /** Leads with a due mail, over the threshold, not yet offered, and with no attention raised: the hardest case for the claim. */
  async function makeLeads(count: number): Promise<{ id: string; messageId: string }[]> {
    const [{ modelVersion, sequenceVersion } = { modelVersion: 0, sequenceVersion: 0 }] = await database.query<{
      modelVersion: number;
      sequenceVersion: number;
    }>(sql`
      SELECT max(id) FILTER (WHERE kind = 'scoring_model') AS "modelVersion", max(id) FILTER (WHERE kind = 'sequence') AS "sequenceVersion" FROM definition_version`);
    const leads = Array.from({ length: count }, () => ({ id: newId(), enrolmentId: newId(), messageId: newId() }));
    const ids = leads.map(({ id }) => id);
    await database.query(
      sql`INSERT INTO lead (id, created_at) SELECT *, ${at(NOON)}::timestamptz FROM unnest(${ids}::uuid[])`,
    );
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      SELECT 'email', id || '@people.example', id, ${at(NOON)}::timestamptz, ${at(NOON)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      SELECT id, 'email', 'newsletter', 'granted', 'api', 'test', ${at(NOON)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
    const ready: FoldState = { ...emptyState, sums: { '': { steady: { firm: 10, open: 0, at: NOON } } } };
    await database.query(sql`
      INSERT INTO standing (lead_id, model_version_id, model_key, points, firm_points, qualified, qualified_since, fold_state, standing_at, interactions, assessed_at)
      SELECT id, ${modelVersion}::bigint, 'm', 10, 10, true, ${at(NOON)}::timestamptz, ${JSON.stringify(ready)}::jsonb, ${at(NOON)}::timestamptz, 1, ${at(NOON)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
    await database.query(sql`
      INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, step_entered_at, awaits, started_at)
      SELECT enrolment, lead, 's', ${sequenceVersion}::bigint, 'api', 'active', 'one', ${at(NOON)}::timestamptz, '{}', ${at(NOON)}::timestamptz
      FROM unnest(${leads.map(({ enrolmentId }) => enrolmentId)}::uuid[], ${ids}::uuid[]) AS new(enrolment, lead)`);
    await database.query(sql`
      INSERT INTO message (id, recipient_kind, lead_id, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state, due_at, message_id_header, created_at)
      SELECT message, 'lead', lead, 'email', 'newsletter', enrolment, 'one', 1, 'one', 'one', 'due', ${at(NOON)}::timestamptz, message::text, ${at(NOON)}::timestamptz
      FROM unnest(${leads.map(({ messageId }) => messageId)}::uuid[], ${leads.map(({ enrolmentId }) => enrolmentId)}::uuid[], ${ids}::uuid[]) AS new(message, enrolment, lead)`);
    return leads;
  }

  async function checkSilence(leadId: string): Promise<boolean> {
    const rows = await database.query<{ what: string; position: number }>(sql`
      SELECT what, position::float8 FROM (
        SELECT 'claim' AS what, extract(epoch FROM pg_xact_commit_timestamp(message_event.xmin)) AS position
        FROM message_event JOIN message ON message.id = message_id WHERE lead_id = ${leadId}::uuid AND message_event.state = 'claimed' AND recipient_kind = 'lead'
        UNION ALL
        SELECT CASE action WHEN 'handoff.offered' THEN 'offer' ELSE 'outcome' END, extract(epoch FROM pg_xact_commit_timestamp(audit.xmin))
        FROM audit JOIN handoff ON handoff.id::text = subject_id WHERE handoff.lead_id = ${leadId}::uuid AND action IN ('handoff.offered', 'handoff.recycled')
      ) AS events ORDER BY position`);
    const open = await database.query(sql`SELECT FROM handoff WHERE lead_id = ${leadId}::uuid AND state <> 'closed'`);
    expect(open.length).toBeLessThanOrEqual(1);
    let offered = false;
    for (const { what } of rows) {
      if (what === 'offer') offered = true;
      if (what === 'outcome') offered = false;
      if (what === 'claim' && offered) throw new Error(`claimed while sales has the lead: ${JSON.stringify(rows)}`);
    }
    return rows.some(({ what }) => what === 'offer') && rows.some(({ what }) => what === 'claim');
  }
});
