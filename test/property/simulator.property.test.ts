import { afterAll, describe, expect, it } from 'vitest';
import { DAY, type Instant } from '../../domain/instant.ts';
import type { Happening } from '../../domain/simulation/happening.ts';
import { liveLead } from '../../domain/simulation/lead-life.ts';
import { entriesOf, type Life } from '../../domain/simulation/life.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import type { Database } from '../../store/database.ts';
import { enrolLead } from '../../store/enrol-lead.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, interact, publish, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';
import { asWorld, type Company, randomCompany, randomHistory, ZONES } from './simulated-company.ts';

/** A Monday; the clocks of Berlin go back on the third day before the end, and 1 November is a holiday in parts of Germany. */
const START = Date.UTC(2026, 9, 12, 6);
const PUBLISHED = START - DAY;
const DAYS = 12;
const UNTIL = START + 20 * DAY;
const COMPANIES = 12 * SCALE;
const LEADS_EACH = 6;

/**
 * The simulator is the real engine on another clock: whatever a company publishes and whatever happens to a lead, both
 * give the same mails at the same instants, hold the same ones back for the same reasons, and pass the same steps.
 */
describe(`the simulator and the real engine agree (seed ${SEED})`, () => {
  const databases: Database[] = [];
  afterAll(async () => {
    for (const database of databases) await database.close();
  });

  it(`over ${COMPANIES} companies with ${LEADS_EACH} leads each`, { timeout: 400_000 * SCALE }, async () => {
    const random = randomFrom(SEED);
    const seen = {
      mails: 0,
      withheld: new Set<string>(),
      outcomes: new Set<string>(),
      steps: new Set<string>(),
      offers: 0,
    };
    for (let index = 0; index < COMPANIES; index += 1) {
      const company = randomCompany(random);
      const world = asWorld(company);
      const kinds = new Map(
        world.sequences.flatMap(({ definition }) => definition.steps.map(({ id, kind }) => [id, kind])),
      );
      const database = await createTestDatabase();
      databases.push(database);
      await found(database, company);
      for (let number = 1; number <= LEADS_EACH; number += 1) {
        const history = randomHistory(random, START, DAYS);
        const timeZone = random.below(2) === 0 ? random.pick(ZONES) : null;
        const purposes = random.pick([
          ['newsletter'],
          ['newsletter', 'offers'],
          ['newsletter', 'offers'],
          ['newsletter', 'offers'],
          [],
        ]);
        const promise = random.below(4) === 0 ? { max: 1, days: 2 } : undefined;
        const lead = await addLead(database, { now: START, purpose: null });
        await database.query(sql`UPDATE lead SET time_zone = ${timeZone} WHERE id = ${lead.id}::uuid`);
        const consents = purposes.map(
          (purpose): Happening => ({ at: START, kind: 'consent', action: 'granted', purpose, promise }),
        );
        const happenings = [...consents, ...history];
        await live(database, lead, happenings);
        const simulated = liveLead(
          world,
          { number, persona: '', id: lead.id, arrivesAt: START, address: lead.email, timeZone },
          { happenings },
          UNTIL,
        );
        const told = JSON.stringify({ company: { ...company, templates: [] }, timeZone, happenings });
        expect(asRecorded(simulated), told).toEqual(await recorded(database, lead));
        for (const { reason } of [...entriesOf(simulated, 'delayed'), ...entriesOf(simulated, 'withheld')])
          seen.withheld.add(reason);
        for (const { outcome, step } of entriesOf(simulated, 'step')) {
          seen.outcomes.add(outcome ?? '');
          seen.steps.add(kinds.get(step) ?? '');
        }
        seen.mails += entriesOf(simulated, 'mail').length;
        seen.offers += entriesOf(simulated, 'offered').length;
      }
    }
    // The histories are worth their time only where much of what can happen does.
    expect(seen.mails).toBeGreaterThan(COMPANIES * LEADS_EACH);
    expect(seen.offers).toBeGreaterThan(COMPANIES);
    expect([...seen.withheld]).toEqual(
      expect.arrayContaining([
        'spacing',
        'window',
        'cap',
        'no-consent',
        'another-first',
        'sales-has-the-lead',
        'deadline-passed',
      ]),
    );
    expect([...seen.steps]).toEqual(
      expect.arrayContaining([
        'send',
        'wait',
        'waitFor',
        'branch',
        'split',
        'update',
        'ask',
        'goTo',
        'enrol',
        'leave',
        'handOff',
      ]),
    );
    expect([...seen.outcomes]).toEqual(
      expect.arrayContaining(['event', 'timeout', 'date-unknown', 'already-received']),
    );
  });

  const clock = testClock(START);

  async function found(
    database: Database,
    { sequences, models, attributes, templates, pacing }: Company,
  ): Promise<void> {
    for (const template of templates) await publish(database, 'template', template, PUBLISHED);
    await publish(database, 'attributes', attributes, PUBLISHED);
    for (const model of models) await publish(database, 'scoring_model', model, PUBLISHED);
    if (pacing !== null) await publish(database, 'pacing', pacing, PUBLISHED);
    // Sequences name each other: what is named has to be there.
    const empty = { entry: [], streams: [], steps: [{ id: 'only', kind: 'end' }] };
    for (const sequence of sequences) await publish(database, 'sequence', { ...sequence, ...empty }, PUBLISHED);
    for (const sequence of sequences) await publish(database, 'sequence', sequence, PUBLISHED);
    await database.query(sql`
      INSERT INTO rep (key, name, email, created_at) VALUES ('rita', 'Rita', 'rita@sales.example', ${at(PUBLISHED)}) ON CONFLICT DO NOTHING`);
  }

  /** Lives a history in PostgreSQL on the test's clock, which jumps to the earliest of the next happening and the next look. */
  async function live(database: Database, lead: TestLead, happenings: readonly Happening[]): Promise<void> {
    const waiting = [...happenings];
    clock.set(START);
    await runJourney(database, clock, lead.id);
    for (;;) {
      const nextLook = await nextLookOf(database, lead);
      const next = Math.min(waiting[0]?.at ?? Number.POSITIVE_INFINITY, nextLook ?? Number.POSITIVE_INFINITY);
      if (next > UNTIL) return;
      clock.set(next);
      while (waiting[0] !== undefined && waiting[0].at === next) await happen(database, lead, waiting.shift()!);
      for (let look = nextLook === next; ; look = false) {
        await assessAll(database, clock);
        if (!look && !(await wasRaised(database, lead))) break;
        await runJourney(database, clock, lead.id);
      }
    }
  }

  async function happen(database: Database, lead: TestLead, happening: Happening): Promise<void> {
    const { at: now } = happening;
    const refused = (error: { code?: string }) => {
      if (error.code !== 'conflict' && error.code !== 'not-found') throw error;
    };
    switch (happening.kind) {
      case 'interaction': {
        const { event, as: kind, properties, occurredAt = now, messageId = '' } = happening;
        await interact(database, {
          email: lead.email,
          event,
          at: occurredAt,
          kind,
          properties,
          messageId: `${messageId} ${lead.id}`,
        });
        return;
      }
      case 'reaction': {
        const [mail] = await database.query<{ id: string; step: string; sequence: string }>(sql`
          SELECT message.id, message.step_id AS step, sequence_key AS sequence FROM message JOIN enrolment ON enrolment.id = enrolment_id
          WHERE message.lead_id = ${lead.id}::uuid AND message.state = 'accepted' AND template_key = ${happening.mail}
          ORDER BY claimed_at DESC, message.id DESC LIMIT 1`);
        if (mail === undefined) return;
        const clicks = happening.reaction === 'clicks';
        await interact(database, {
          email: lead.email,
          event: clicks ? 'Email Link Clicked' : 'Email Opened',
          at: now,
          kind: 'tend',
          properties: { message: mail.id, template: happening.mail, sequence: mail.sequence, step: mail.step },
        });
        return;
      }
      case 'told':
        await recordLeadAttributes(database, {
          leadId: lead.id,
          lead: happening.values,
          source: happening.source as 'api',
          confidence: 1,
          at: new Date(happening.saidAt ?? now).toISOString(),
          actor: tester,
          now,
        });
        return;
      case 'consent': {
        const { action, purpose, promise } = happening;
        const instant = new Date(now).toISOString();
        await recordConsent(database, {
          leadId: lead.id,
          evidence: {
            channel: 'email',
            purpose,
            action,
            wording: 'Yes',
            formUrl: 'https://shop.example/form',
            ip: '127.0.0.1',
            requestedAt: instant,
            confirmedAt: instant,
            ...(promise !== undefined && { promise }),
          },
          source: 'api',
          actor: tester,
          now,
        });
        return;
      }
      case 'enrol':
        await enrolLead(database, { leadId: lead.id, sequence: happening.sequence, actor: tester, now }).catch(refused);
        return;
      case 'outcome': {
        const [open] = await database.query<{ id: string }>(
          sql`SELECT id FROM handoff WHERE lead_id = ${lead.id}::uuid AND state <> 'closed'`,
        );
        if (open === undefined || happening.outcome === 'rejected') return;
        await acceptHandoff(database, { handoffId: open.id, rep: 'rita', actor: tester, now });
        const { outcome } = happening;
        await recordOutcome(database, { handoffId: open.id, outcome, reason: null, rep: 'rita', actor: tester, now });
        return;
      }
      case 'answer':
      case 'accept':
        throw new Error(`histories have no "${happening.kind}"`);
    }
  }

  async function nextLookOf(database: Database, lead: TestLead): Promise<Instant | null> {
    const [row] = await database.query<{ at: Instant | null }>(
      sql`SELECT next_look_at AS at FROM lead WHERE id = ${lead.id}::uuid`,
    );
    return row?.at ?? null;
  }

  async function wasRaised(database: Database, lead: TestLead): Promise<boolean> {
    const rows = await database.query(
      sql`SELECT FROM lead WHERE id = ${lead.id}::uuid AND attention_rev <> planned_rev`,
    );
    return rows.length > 0;
  }
});

/** What PostgreSQL holds of a lead's life. */
async function recorded(database: Database, { id }: TestLead) {
  const mails = await database.query<object>(sql`
    SELECT step_id AS step, template_key AS template, lineage, due_at AS due, claimed_at AS sent FROM message
    WHERE lead_id = ${id}::uuid AND recipient_kind = 'lead' AND state = 'accepted' ORDER BY claimed_at, step_id, visit`);
  const withheld = await database.query<object>(sql`
    SELECT step_id AS step, event.state, event.reason, event.at, event.until FROM message_event AS event JOIN message ON message.id = message_id
    WHERE lead_id = ${id}::uuid AND recipient_kind = 'lead' AND event.state IN ('delayed', 'dropped', 'superseded') ORDER BY event.at, step_id, event.id`);
  const steps = await database.query<object>(sql`
    SELECT sequence_key AS sequence, step_pass.step_id AS step, step_pass.visit, entered_at AS entered, passed_at AS passed, outcome
    FROM step_pass JOIN enrolment ON enrolment.id = enrolment_id
    WHERE lead_id = ${id}::uuid ORDER BY sequence_key, passed_at, entered_at, step_pass.step_id, step_pass.visit`);
  const handoffs = await database.query<object>(sql`
    SELECT offered_at AS at, outcome FROM handoff WHERE lead_id = ${id}::uuid ORDER BY offered_at`);
  const ended = await database.query<object>(sql`
    SELECT sequence_key AS sequence, state, end_reason AS reason, ended_at AS at FROM enrolment
    WHERE lead_id = ${id}::uuid AND ended_at IS NOT NULL ORDER BY ended_at, sequence_key, started_at`);
  const running = await database.query<{ sequence: string; step: string }>(sql`
    SELECT sequence_key AS sequence, step_id AS step FROM enrolment WHERE lead_id = ${id}::uuid AND ended_at IS NULL`);
  const [lead] = await database.query<{ stage: string }>(sql`SELECT stage FROM lead WHERE id = ${id}::uuid`);
  return {
    stage: lead?.stage,
    mails,
    withheld,
    steps,
    handoffs,
    ended,
    running: Object.fromEntries(running.map(({ sequence, step }) => [sequence, step])),
  };
}

/** A simulated life as PostgreSQL would hold it. */
function asRecorded(life: Life) {
  const outcomes = new Map(entriesOf(life, 'closed').map(({ handoff, outcome }) => [handoff, outcome]));
  const turned = entriesOf(life, 'turned-away').filter(({ by }) => by === 'event');
  return {
    stage: life.end.stage,
    mails: sorted(
      entriesOf(life, 'mail').map(({ step, template, lineage, dueAt: due, at: sent }) => ({
        step,
        template,
        lineage,
        due,
        sent,
      })),
      ['sent', 'step'],
    ),
    withheld: sorted(
      life.entries.flatMap((entry) =>
        entry.kind === 'delayed'
          ? [{ step: entry.step, state: 'delayed', reason: entry.reason, at: entry.at, until: entry.until }]
          : entry.kind === 'withheld'
            ? [{ step: entry.step, state: entry.state, reason: entry.reason, at: entry.at, until: null }]
            : [],
      ),
      ['at', 'step'],
    ),
    steps: sorted(
      entriesOf(life, 'step').map(({ sequence, step, visit, enteredAt: entered, at: passed, outcome }) => ({
        sequence,
        step,
        visit,
        entered,
        passed,
        outcome,
      })),
      ['sequence', 'passed', 'entered', 'step', 'visit'],
    ),
    handoffs: entriesOf(life, 'offered').map(({ at, handoff }) => ({ at, outcome: outcomes.get(handoff) ?? null })),
    ended: sorted(
      [
        ...entriesOf(life, 'ended').map(({ sequence, state, reason, at }) => ({ sequence, state, reason, at })),
        ...turned.map(({ sequence, reason, at }) => ({ sequence, state: 'turned-away', reason, at })),
      ],
      ['at', 'sequence'],
    ),
    running: life.end.running,
  };
}

function sorted<T extends object>(rows: readonly T[], keys: readonly (keyof T)[]): T[] {
  return [...rows].sort((a, b) => {
    for (const key of keys) {
      if (a[key] < b[key]) return -1;
      if (a[key] > b[key]) return 1;
    }
    return 0;
  });
}
