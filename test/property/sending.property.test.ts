import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY } from '../../domain/instant.ts';
import { emptyState, type FoldState } from '../../domain/scoring/fold-state.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { changePreferences } from '../../store/change-preferences.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordConsent } from '../../store/record-consent.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { at, sql } from '../../store/sql.ts';
import { suppressAddress } from '../../store/suppress-address.ts';
import { unsubscribe } from '../../store/unsubscribe.ts';
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
/** Two sequences of one purpose: both of their mails are due, and one a week was promised. */
const sequences = ['s', 't'].map((key) => ({
  key,
  name: key,
  purpose: 'newsletter',
  steps: [{ id: 'one', kind: 'send', template: `${key}-one` }],
}));

type Random = ReturnType<typeof randomFrom>;

/**
 * Done-line of lawful mail, on real transactions: claims of two mails that must not both go, while consent is withdrawn or
 * given, the address written off, a pause asked for, and sales takes the lead and gives it back. A barrier stands before
 * every statement; the order of commits is read from PostgreSQL itself.
 */
describe(`who may be written to, over random interleavings (seed ${SEED})`, () => {
  let database: Database;
  let lanes: Interleaver[];
  const clock = testClock(NOON);

  beforeAll(async () => {
    database = await createTestDatabase();
    lanes = Array.from({ length: LANES }, () => createInterleaver(database.url, 5));
    await foundCompany(database, { now: NOON, model, sequences, templates: ['s-one', 't-one'] });
  });
  afterAll(async () => {
    await Promise.all(lanes.map((lane) => lane.close()));
    await database.close();
  });

  it(`${CASES} interleavings: no mail without consent, over its promise, in a pause, to who is written off, or while sales has the lead`, {
    timeout: 300_000 * SCALE,
  }, async () => {
    const leads = await makeLeads(CASES);
    const met = new Map<string, number>();
    await Promise.all(
      lanes.map(async (lane, index) => {
        const random = randomFrom(SEED + index);
        for (let i = index; i < leads.length; i += LANES)
          for (const what of await playOne(lane, random, leads[i]!)) met.set(what, (met.get(what) ?? 0) + 1);
      }),
    );
    // Each kind of news came before a claim and after one, often enough.
    for (const what of ['offer', 'withdrawn', 'granted', 'changed', 'suppressed'])
      for (const order of [`${what} first`, `${what} after a claim`])
        expect(met.get(order) ?? 0, order).toBeGreaterThan(CASES / 100);
  });

  /** Returns what came before the first claim, and what after one. */
  async function playOne(lane: Interleaver, random: Random, lead: TestLead): Promise<Set<string>> {
    const actors: Actor[] = [
      claim(random, lead, 0),
      claim(random, lead, 1),
      ...[0, 1, 2].map(() => random.pick([planning, leaving, returning, pausing, writingOff, selling])(lead)),
    ];
    await lane.run(actors, (ready) => random.below(ready));
    return check(lead);
  }

  const planning = ({ id }: TestLead): Actor => ({
    name: 'plan',
    run: (on) => planLead(on, clock, id, { notBefore: 0, messageIdDomain: 'x' }).then(() => {}),
  });
  const claim = (random: Random, lead: TestLead, which: 0 | 1): Actor => ({
    name: 'claim',
    async run(on) {
      const token = newId();
      const messageId = lead.messages[which];
      const request = { messageId, token, leaseMs: 60_000, notBefore: 0, mailFrom: 'Tend <tend@tend.test>' };
      const answer = await claimMessage(on, clock, request);
      if (answer.kind !== 'claimed') return;
      const state = random.pick(['accepted', 'accepted', 'deferred', 'refused', 'unknown'] as const);
      await recordSendResult(on, clock, { messageId, token }, { state, reason: null, providerId: null, reply: null });
    },
  });
  const leaving = ({ messages: [messageId] }: TestLead): Actor => ({
    name: 'unsubscribe',
    run: (on) =>
      unsubscribe(on, { messageId, how: { by: 'one-click' }, ip: null, userAgent: null, now: NOON }).then(() => {}),
  });
  const returning = ({ id }: TestLead): Actor => ({
    name: 'consent',
    async run(on) {
      // Later by the clock: a grant of the same millisecond as a withdrawal is not the last word.
      const instant = new Date(NOON + 1).toISOString();
      await recordConsent(on, {
        leadId: id,
        evidence: {
          channel: 'email',
          purpose: 'newsletter',
          action: 'granted',
          wording: 'One a week, please.',
          requestedAt: instant,
          confirmedAt: instant,
          promise: { max: 1, days: 7 },
        },
        source: 'form',
        actor: tester,
        now: NOON + 1,
      });
    },
  });
  const pausing = ({ messages: [messageId] }: TestLead): Actor => ({
    name: 'pause',
    async run(on) {
      const page = { language: 'en', url: 'https://tend.test/p/', agreements: null } as const;
      const wishes = { pausedUntil: NOON + 14 * DAY };
      const from = { messageId, mailFrom: 'shop@shop.example', ip: null, userAgent: null };
      await changePreferences(on, { ...from, page, wishes, now: NOON });
    },
  });
  const writingOff = ({ address }: TestLead): Actor => ({
    name: 'suppress',
    run: (on) =>
      on
        .transaction((transaction) =>
          suppressAddress(transaction, { address, reason: 'manual', actor: tester, now: NOON }),
        )
        .then(() => {}),
  });
  const selling = ({ id }: TestLead): Actor => ({
    name: 'sales',
    async run(on) {
      const [open] = await on.query<{ id: string }>(
        sql`SELECT id FROM handoff WHERE lead_id = ${id}::uuid AND state <> 'closed'`,
      );
      if (open === undefined) return;
      await acceptHandoff(on, { handoffId: open.id, rep: 'rita', actor: tester, now: NOON });
      const outcome = { outcome: 'recycled', reason: null, rep: 'rita', actor: tester, now: NOON } as const;
      await recordOutcome(on, { handoffId: open.id, ...outcome });
    },
  });

  interface TestLead {
    readonly id: string;
    readonly address: string;
    readonly messages: readonly [string, string];
  }

  /** Leads with two due mails, over the threshold, not yet offered, and with no attention raised: the hardest case for a claim. */
  async function makeLeads(count: number): Promise<TestLead[]> {
    const versions = await database.query<{ key: string; id: number }>(
      sql`SELECT key, max(id) AS id FROM definition_version WHERE kind IN ('scoring_model', 'sequence') GROUP BY key`,
    );
    const versionOf = (key: string) => versions.find((version) => version.key === key)?.id ?? 0;
    const leads = Array.from({ length: count }, (_, index): TestLead & { enrolments: [string, string] } => ({
      id: newId(),
      address: `lead-${index}@people.example`,
      messages: [newId(), newId()],
      enrolments: [newId(), newId()],
    }));
    const ids = leads.map(({ id }) => id);
    await database.query(
      sql`INSERT INTO lead (id, created_at) SELECT *, ${at(NOON)}::timestamptz FROM unnest(${ids}::uuid[])`,
    );
    await database.query(sql`
      INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
      SELECT 'email', address, id, ${at(NOON)}::timestamptz, ${at(NOON)}::timestamptz
      FROM unnest(${ids}::uuid[], ${leads.map(({ address }) => address)}::text[]) AS new(id, address)`);
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at, promise_max, promise_days)
      SELECT id, 'email', 'newsletter', 'granted', 'api', 'test', ${at(NOON - 1)}::timestamptz, 1, 7 FROM unnest(${ids}::uuid[]) AS new(id)`);
    const ready: FoldState = { ...emptyState, sums: { '': { steady: { firm: 10, open: 0, at: NOON } } } };
    await database.query(sql`
      INSERT INTO standing (lead_id, model_version_id, model_key, points, firm_points, qualified, qualified_since, fold_state, standing_at, interactions, assessed_at)
      SELECT id, ${versionOf('m')}::bigint, 'm', 10, 10, true, ${at(NOON)}::timestamptz, ${JSON.stringify(ready)}::jsonb, ${at(NOON)}::timestamptz, 1, ${at(NOON)}::timestamptz
      FROM unnest(${ids}::uuid[]) AS new(id)`);
    for (const [index, key] of (['s', 't'] as const).entries()) {
      const enrolments = leads.map((lead) => lead.enrolments[index as 0 | 1]);
      const messages = leads.map((lead) => lead.messages[index as 0 | 1]);
      await database.query(sql`
        INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, step_entered_at, awaits, started_at)
        SELECT enrolment, lead, ${key}, ${versionOf(key)}::bigint, 'api', 'active', 'one', ${at(NOON)}::timestamptz, '{}', ${at(NOON)}::timestamptz
        FROM unnest(${enrolments}::uuid[], ${ids}::uuid[]) AS new(enrolment, lead)`);
      await database.query(sql`
        INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, enrolment_id, step_id, visit, template_key, lineage, state, due_at, message_id_header, created_at)
        SELECT message, 'lead', lead, address, 'email', 'newsletter', enrolment, 'one', 1, ${`${key}-one`}, ${`${key}-one`}, 'due', ${at(NOON)}::timestamptz, message::text, ${at(NOON)}::timestamptz
        FROM unnest(${messages}::uuid[], ${enrolments}::uuid[], ${ids}::uuid[], ${leads.map(({ address }) => address)}::text[]) AS new(message, enrolment, lead, address)`);
    }
    return leads;
  }

  interface Event {
    /** claim | result | offer | outcome | suppressed, or a consent's action. */
    readonly what: string;
    readonly message: string | null;
    readonly state: string | null;
    readonly pausedUntil: string | null;
  }

  /** The lead's history in the order in which its transactions committed; throws on the first claim that should not be. */
  async function check(lead: TestLead): Promise<Set<string>> {
    const events = await database.query<Event>(sql`
      SELECT what, message, state, "pausedUntil" FROM (
        SELECT CASE message_event.state WHEN 'claimed' THEN 'claim' ELSE 'result' END AS what, message_id::text AS message, message_event.state,
               NULL AS "pausedUntil", pg_xact_commit_timestamp(message_event.xmin) AS position, message_event.id AS number
        FROM message_event JOIN message ON message.id = message_id WHERE lead_id = ${lead.id}::uuid AND recipient_kind = 'lead'
        UNION ALL
        SELECT CASE action WHEN 'handoff.offered' THEN 'offer' ELSE 'outcome' END, NULL, NULL, NULL, pg_xact_commit_timestamp(audit.xmin), 0
        FROM audit JOIN handoff ON handoff.id::text = subject_id WHERE handoff.lead_id = ${lead.id}::uuid AND action IN ('handoff.offered', 'handoff.recycled')
        UNION ALL
        SELECT action, NULL, NULL, change->>'pausedUntil', pg_xact_commit_timestamp(xmin), id FROM consent WHERE lead_id = ${lead.id}::uuid
        UNION ALL
        SELECT 'suppressed', NULL, NULL, NULL, pg_xact_commit_timestamp(xmin), 0 FROM suppression WHERE address_hash = ${database.keyedHash(lead.address)}
      ) AS events ORDER BY position, number`);
    const met = new Set<string>();
    const counted = new Set<string>();
    let [claimed, granted, offered, suppressed, paused] = [false, false, false, false, false];
    for (const { what, message, state, pausedUntil } of events) {
      met.add(claimed ? `${what} after a claim` : `${what} first`);
      if (what === 'claim') {
        const wrong = offered
          ? 'sales has the lead'
          : suppressed
            ? 'the address is written off'
            : !granted
              ? 'consent was withdrawn'
              : paused
                ? 'a pause was asked for'
                : counted.size > 0
                  ? 'more than one a week'
                  : null;
        if (wrong !== null) throw new Error(`claimed although ${wrong}: ${JSON.stringify(events)}`);
        claimed = true;
        counted.add(message ?? '');
      } else if (what === 'result') {
        if (state !== 'accepted' && state !== 'unknown') counted.delete(message ?? '');
      } else if (what === 'offer') offered = true;
      else if (what === 'outcome') offered = false;
      else if (what === 'suppressed') suppressed = true;
      else if (what === 'granted') granted = true;
      else if (what === 'withdrawn') granted = false;
      else if (what === 'changed') paused = pausedUntil !== null && Date.parse(pausedUntil) > NOON;
    }
    return met;
  }
});
