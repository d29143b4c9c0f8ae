import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPlanActivities } from '../../activities/plan.ts';
import { SECOND } from '../../domain/instant.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import { claimMessage } from '../../store/claim-message.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestLead } from '../support/company.ts';
import { createTestDatabase, TEST_HASH_KEY } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const MOST_STATEMENTS = 40;
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 100,
  rules: [{ id: 'a', on: { event: 'Signed Up' }, points: 5 }],
};
const sequence = {
  key: 's',
  name: 'S',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [{ id: 'one', kind: 'send', template: 'one' }],
};

/**
 * The connection to PostgreSQL ends before the first statement of an operation, before the second, and so on up to its
 * commit. The operation fails or not; the lead is never blamed for it, and the next try does all of the work, once.
 */
describe('a connection that ends in the middle of an operation', () => {
  let database: Database;
  /** What the operation under test runs on. */
  let victim: Database;
  let countdown = Number.POSITIVE_INFINITY;
  /** Statements from the first break to a second. */
  let gap = Number.POSITIVE_INFINITY;
  let broken = 0;
  const clock = testClock(NOON);

  beforeEach(async () => {
    countdown = Number.POSITIVE_INFINITY;
    database = await createTestDatabase();
    const url = new URL(database.url);
    url.searchParams.set('application_name', 'victim');
    victim = openDatabase({
      url: url.href,
      hashKey: TEST_HASH_KEY,
      poolSize: 2,
      async beforeStatement() {
        countdown -= 1;
        if (countdown !== 0) return;
        broken += 1;
        if (broken === 1) countdown = gap;
        await database.query(sql`
          SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'victim'`);
        // Half of the time the process has heard of it before its next statement.
        await new Promise((resolve) => setTimeout(resolve, breaks % 2 === 0 ? 0 : 10));
      },
    });
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: ['one'] });
  });
  afterEach(async () => {
    await victim.close();
    await database.close();
  });

  let breaks = 0;
  /** Breaks `operation` before its first statement, its second, …, until it gets through; a new lead each time. */
  async function breakEverywhere(
    prepare: (lead: TestLead) => Promise<() => Promise<unknown>>,
    check: (lead: TestLead) => Promise<void>,
    secondAfter = Number.POSITIVE_INFINITY,
  ) {
    gap = secondAfter;
    for (breaks = 1; ; breaks += 1) {
      const lead = await addLead(database, { now: NOON });
      await interact(database, { email: lead.email, event: 'Signed Up', at: NOON });
      const operation = await prepare(lead);
      countdown = breaks;
      broken = 0;
      await operation().catch(() => {});
      const wasBroken = broken > 0;
      countdown = Number.POSITIVE_INFINITY;
      const [row] = await database.query<{ parked: string | null }>(
        sql`SELECT parked_error AS parked FROM lead WHERE id = ${lead.id}::uuid`,
      );
      expect(row?.parked).toBeNull();
      await operation();
      await check(lead);
      if (!wasBroken) break;
      expect(breaks).toBeLessThan(MOST_STATEMENTS);
    }
    expect(breaks).toBeGreaterThan(3);
  }

  const pointsOf = async (lead: TestLead) =>
    database.query(sql`SELECT points FROM score_ledger WHERE lead_id = ${lead.id}::uuid AND superseded_at IS NULL`);
  const messagesOf = async (lead: TestLead) =>
    database.query<{ id: string; state: string; claims: number }>(sql`
      SELECT id, state, (SELECT count(*) FROM message_event WHERE message_id = message.id AND state = 'claimed') AS claims
      FROM message WHERE lead_id = ${lead.id}::uuid`);
  const plan = (on: Database, lead: TestLead) =>
    createPlanActivities({ database: on, clock, messageIdDomain: 'x', handoffAcceptMs: SECOND }).plan({
      leadId: lead.id,
      notBefore: 0,
    });

  it('while leads are assessed, and again while it is found out whose fault it was: each interaction is scored once', async () => {
    for (const secondAfter of [2, 8, 11]) {
      await breakEverywhere(
        async () => () => assessLeads(victim, clock),
        async (lead) => {
          expect(await pointsOf(lead)).toEqual([{ points: 5 }]);
          expect(await database.query(sql`SELECT FROM enrolment WHERE lead_id = ${lead.id}::uuid`)).toHaveLength(1);
        },
        secondAfter,
      );
    }
  });

  it('while a journey is planned: there is one intent', async () => {
    await breakEverywhere(
      async (lead) => {
        await assessAll(database, clock);
        return () => plan(victim, lead);
      },
      async (lead) => {
        expect(await messagesOf(lead)).toMatchObject([{ state: 'due' }]);
      },
    );
  });

  it('while a mail is claimed and its result recorded: it is claimed once, and never sent by a claim that is not sure', async () => {
    await breakEverywhere(
      async (lead) => {
        await assessAll(database, clock);
        const { send } = await plan(database, lead);
        const messageId = send[0] ?? '';
        return async () => {
          const token = newId();
          const claim = await claimMessage(victim, clock, {
            messageId,
            token,
            leaseMs: 60_000,
            notBefore: 0,
            mailFrom: 'Tend <tend@tend.test>',
          });
          if (claim.kind !== 'claimed') return;
          const result = { state: 'accepted', reason: null, providerId: null, reply: null } as const;
          const record = () => recordSendResult(victim, clock, { messageId, token }, result);
          await record().catch(record);
        };
      },
      async (lead) => {
        const [message] = await messagesOf(lead);
        expect(message?.claims).toBe(1);
        expect(message?.state).toBe('accepted');
      },
    );
  });
});
