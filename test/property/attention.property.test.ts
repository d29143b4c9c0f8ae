import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { findOrCreateAccount } from '../../store/find-account.ts';
import { ingestInteractions } from '../../store/ingest-interactions.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { noteStarted, planAhead } from '../../store/plan-lead.ts';
import { recordAccountAttributes } from '../../store/record-attributes.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { sql } from '../../store/sql.ts';
import { howToWake } from '../../worker/waker.ts';
import { addLead, foundCompany, interact, publish, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { runJourney, testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { model, ofLargeCompanies, once, sequences, templates } from './attention-company.ts';

const companyOf = ({ id }: TestLead) => `${id}.example`;
const MONDAY = Date.UTC(2026, 5, 1, 10);
const HISTORIES = 120 * SCALE;
const EVENTS = ['Signed Up', 'Clicked', 'Asked', 'Product Viewed', 'Noise', 'Branch Searched'] as const;

type Happening =
  | {
      readonly at: Instant;
      readonly kind: 'event';
      readonly event: (typeof EVENTS)[number];
      readonly right: boolean;
      readonly lateBy: number;
      readonly id: string;
    }
  | {
      readonly at: Instant;
      readonly kind: 'consent';
      readonly action: 'granted' | 'withdrawn';
      readonly promise: boolean;
    }
  | { readonly at: Instant; readonly kind: 'enrol' }
  | { readonly at: Instant; readonly kind: 'company'; readonly employees: number; readonly lateBy: number }
  | {
      readonly at: Instant;
      readonly kind: 'identify';
      readonly traits: { readonly interest: string; readonly start: string };
      readonly lateBy: number;
      /** Folded before what it says was applied. */
      readonly linkedLate: boolean;
      readonly id: string;
    }
  | { readonly at: Instant; readonly kind: 'outcome'; readonly outcome: 'won' | 'lost' | 'recycled' };

/**
 * Invariant 7: leaving the signal out where the assessor says "nothing to see" never changes what a journey does. The
 * same random history is lived three times: by a lead that is planned after everything that happens in the world, by one
 * that is planned only when its attention was raised or its next look is due, and by one whose workflow is woken as the
 * waker does it, and otherwise hears nothing but its own timer.
 */
describe(`attention is sound (seed ${SEED})`, () => {
  let database: Database;
  const clock = testClock(MONDAY);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, {
      now: MONDAY,
      model,
      sequences,
      templates,
      once,
    });
    await publish(database, 'scoring_model', ofLargeCompanies, MONDAY);
  });
  afterAll(async () => database.close());

  it(`over ${HISTORIES} random histories`, { timeout: 300_000 * SCALE }, async () => {
    const random = randomFrom(SEED);
    let mails = 0;
    for (let i = 0; i < HISTORIES; i += 1) {
      const history = randomHistory(random);
      const promise = random.below(2) === 0 ? { max: 1, days: 2 } : undefined;
      clock.set(MONDAY);
      const always = await addEmployee(promise);
      const told = await addEmployee(promise);
      const woken = await addEmployee(promise);
      await live(always, history, true);
      await live(told, history, false);
      await liveWoken(woken, history);
      const [expected, got] = [await lifeOf(always), await lifeOf(told)];
      expect(got, JSON.stringify(history)).toEqual(expected);
      expect(await lifeOf(woken), JSON.stringify(history)).toEqual(expected);
      mails += expected.messages.length;
    }
    expect(mails).toBeGreaterThan(HISTORIES);
    // Some were offered by time alone, hours after anything happened.
    const [offers] = await database.query<{ total: number; later: number }>(sql`
      SELECT count(*) AS total, count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM interaction WHERE interaction.lead_id = handoff.lead_id AND received_at BETWEEN offered_at - interval '1 second' AND offered_at)) AS later
      FROM handoff`);
    expect(offers?.later).toBeGreaterThan(0);
  });

  /** A lead with a company of its own. */
  async function addEmployee(promise: { max: number; days: number } | undefined): Promise<TestLead> {
    const lead = await addLead(database, { now: MONDAY, ...(promise && { promise }) });
    await database.transaction(async (transaction) => {
      const account = await findOrCreateAccount(transaction, companyOf(lead), MONDAY);
      await transaction.query(sql`UPDATE lead SET account_id = ${account}::uuid WHERE id = ${lead.id}::uuid`);
    });
    return lead;
  }

  function randomHistory(random: ReturnType<typeof randomFrom>): Happening[] {
    return Array.from({ length: 4 + random.below(12) }, (_, index): Happening => {
      const at = MONDAY + random.below(8 * 24) * HOUR;
      switch (random.below(13)) {
        case 0:
          return { at, kind: 'consent', action: random.pick(['granted', 'withdrawn']), promise: random.below(2) === 0 };
        case 1:
          return { at, kind: 'enrol' };
        case 2:
          return { at, kind: 'outcome', outcome: random.pick(['won', 'lost', 'recycled']) };
        case 3:
          return {
            at,
            kind: 'company',
            employees: random.below(3) === 0 ? 20 : 400,
            lateBy: random.below(2) * random.below(60) * HOUR,
          };
        case 4:
        case 5:
          return {
            at,
            kind: 'identify',
            traits: {
              interest: random.pick(['cloud', 'print', 'none']),
              start: new Date(MONDAY + random.below(10) * DAY).toISOString().slice(0, 10),
            },
            lateBy: random.below(3) === 0 ? random.below(30) * HOUR : 0,
            linkedLate: random.below(2) === 0,
            id: `${index}`,
          };
        default:
          return {
            at,
            kind: 'event',
            event: random.pick(EVENTS),
            right: random.below(3) > 0,
            lateBy: random.below(4) === 0 ? random.below(30) * HOUR : 0,
            id: `${index}`,
          };
      }
    }).sort((a, b) => a.at - b.at);
  }

  /** Lives a history on the test's clock, up to two weeks after its start, stopping at each instant at which anything is due. */
  async function live(lead: TestLead, history: readonly Happening[], always: boolean): Promise<void> {
    const waiting = [...history];
    clock.set(MONDAY);
    await look(lead);
    for (;;) {
      const nextLook = await nextLookOf(lead);
      const next = Math.min(waiting[0]?.at ?? Number.POSITIVE_INFINITY, nextLook ?? Number.POSITIVE_INFINITY);
      if (next > MONDAY + 14 * DAY) return;
      clock.set(next);
      while (waiting[0] !== undefined && waiting[0].at === next) await happen(lead, waiting.shift()!);
      await assessLeads(database, clock);
      if (always || (await wasRaised(lead)) || nextLook === next) await look(lead);
    }
  }

  /** The same with a workflow that is woken as `worker/waker.ts` decides, and knows no instant but its timer's. */
  async function liveWoken(lead: TestLead, history: readonly Happening[]): Promise<void> {
    const waiting = [...history];
    let timer: Instant | null = null;
    const run = async () => {
      timer = (await look(lead)).nextLookAt;
    };
    for (;;) {
      const next = Math.min(waiting[0]?.at ?? Number.POSITIVE_INFINITY, timer ?? Number.POSITIVE_INFINITY);
      if (next > MONDAY + 14 * DAY) return;
      clock.set(next);
      while (waiting[0] !== undefined && waiting[0].at === next) await happen(lead, waiting.shift()!);
      await assessLeads(database, clock);
      if (timer === next) await run();
      if (!(await wasRaised(lead))) continue;
      const ahead = await planAhead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'x' });
      const wake = howToWake(ahead);
      if (wake === 'start') {
        await noteStarted(database, lead.id, ahead.commands);
        timer = ahead.commands.nextLookAt;
      }
      if (wake === 'signal' || ahead.commands.send.length > 0) await run();
    }
  }

  const look = (lead: TestLead) => runJourney(database, clock, lead.id);

  async function happen(lead: TestLead, happening: Happening): Promise<void> {
    const now = clock.now();
    const refused = (error: { code?: string }) => {
      if (error.code !== 'conflict') throw error;
    };
    switch (happening.kind) {
      case 'event': {
        const { event, right, lateBy, id } = happening;
        await interact(database, {
          email: lead.email,
          event,
          at: now - lateBy,
          properties: { right },
          messageId: `${id} ${lead.id}`,
        });
        return;
      }
      case 'consent': {
        const promise = happening.promise && happening.action === 'granted' ? { promise: { max: 2, days: 3 } } : {};
        await recordConsent(database, {
          leadId: lead.id,
          evidence: {
            channel: 'email',
            purpose: 'newsletter',
            action: happening.action,
            wording: 'Yes',
            formUrl: 'https://shop.example/form',
            ip: '127.0.0.1',
            requestedAt: new Date(now).toISOString(),
            confirmedAt: new Date(now).toISOString(),
            ...promise,
          },
          source: 'api',
          actor: tester,
          now,
        });
        return;
      }
      case 'company':
        await recordAccountAttributes(database, {
          domain: companyOf(lead),
          values: { employees: happening.employees },
          source: 'agency',
          confidence: 1,
          at: new Date(now - happening.lateBy).toISOString(),
          actor: tester,
          now,
        });
        return;
      case 'identify': {
        const { traits, lateBy, linkedLate, id } = happening;
        await ingestInteractions(database, [
          {
            source: 'website',
            messageId: `${id} ${lead.id}`,
            identity: { kind: 'email', value: lead.email },
            kind: 'identify',
            name: 'Identified',
            properties: {},
            context: { traits: { email: lead.email, ...traits } },
            occurredAt: now - lateBy,
            receivedAt: now,
            claimedAt: null,
          },
        ]);
        if (linkedLate) await assessLeads(database, clock);
        await linkIdentities(database, clock);
        return;
      }
      case 'enrol':
        await enrolLead(database, { leadId: lead.id, sequence: 'welcome', actor: tester, now }).catch(refused);
        return;
      case 'outcome': {
        const [open] = await database.query<{ id: string }>(
          sql`SELECT id FROM handoff WHERE lead_id = ${lead.id}::uuid AND state <> 'closed'`,
        );
        if (open === undefined) return;
        await acceptHandoff(database, { handoffId: open.id, rep: 'rita', actor: tester, now });
        await recordOutcome(database, {
          handoffId: open.id,
          outcome: happening.outcome,
          reason: null,
          rep: 'rita',
          actor: tester,
          now,
        });
      }
    }
  }

  async function nextLookOf(lead: TestLead): Promise<Instant | null> {
    const [row] = await database.query<{ at: Instant | null }>(
      sql`SELECT next_look_at AS at FROM lead WHERE id = ${lead.id}::uuid`,
    );
    return row?.at ?? null;
  }

  async function wasRaised(lead: TestLead): Promise<boolean> {
    const rows = await database.query(
      sql`SELECT FROM lead WHERE id = ${lead.id}::uuid AND attention_rev <> planned_rev`,
    );
    return rows.length > 0;
  }

  async function lifeOf(lead: TestLead) {
    const messages = await database.query<object>(sql`
      SELECT template_key, step_id, state, reason, due_at, claimed_at, finished_at FROM message
      WHERE lead_id = ${lead.id}::uuid AND recipient_kind = 'lead' ORDER BY due_at, template_key, claimed_at`);
    const handoffs = await database.query<object>(sql`
      SELECT offered_at, outcome, closed_at, round((trigger->>'points')::numeric, 6) AS points FROM handoff WHERE lead_id = ${lead.id}::uuid ORDER BY offered_at`);
    const enrolments = await database.query<object>(sql`
      SELECT sequence_key, state, step_id, step_entered_at, ended_at FROM enrolment WHERE lead_id = ${lead.id}::uuid ORDER BY sequence_key, started_at, ended_at, step_id`);
    return { messages, handoffs, enrolments };
  }
});
