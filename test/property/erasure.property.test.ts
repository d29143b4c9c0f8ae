import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MINUTE } from '../../domain/instant.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Database } from '../../store/database.ts';
import { continueErasure, eraseLead } from '../../store/erase-lead.ts';
import { dropLateEvents } from '../../store/erased-identities.ts';
import { readErasure } from '../../store/erasures.ts';
import { ingestInteractions, type NewInteraction } from '../../store/ingest-interactions.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { recordLeadAttributes } from '../../store/record-attributes.ts';
import { recordHit } from '../../store/record-hit.ts';
import { recordSendResult } from '../../store/record-send-result.ts';
import { at, sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { dumpOf } from '../support/dump.ts';
import { type Actor, createInterleaver, type Interleaver } from '../support/interleave.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const CASES = 200 * SCALE;
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'Europe/Berlin',
  threshold: 1_000,
  rules: [{ id: 'a', on: { event: 'A' }, points: 10 }],
};
const hello = {
  key: 'hello',
  name: 'Hello',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [{ id: 'hello', kind: 'send', template: 'hello' }],
};

type DueLead = TestLead & { readonly messageId: string };

/**
 * A person is erased while a mail is being sent to them, their events come in and are linked, their plan is made, a rep says
 * something of them, they turn out to be the same as somebody else. Real transactions, a barrier before every statement.
 */
describe(`erasing over random interleavings (seed ${SEED})`, () => {
  let database: Database;
  let lane: Interleaver;
  const clock = testClock(NOON);

  beforeAll(async () => {
    database = await createTestDatabase();
    lane = createInterleaver(database.url, 5);
    await foundCompany(database, { now: NOON, model, sequences: [hello], templates: ['hello'] });
  });
  afterAll(async () => {
    await lane.close();
    await database.close();
  });

  it(`leaves nothing of the person after ${CASES} interleavings, and sends nothing once it has begun`, {
    timeout: 600_000 * SCALE,
  }, async () => {
    const random = randomFrom(SEED);
    const [ids, outcomes] = [[] as string[], { underWay: 0, claimed: 0, merged: 0 }];
    for (let i = 0; i < CASES; i += 1) {
      const trace = `erna${i}trace`;
      const lead = await due(`${trace}@people.example`);
      const other = await addLead(database, { now: NOON, email: `zora${i}@people.example` });
      await database.query(sql`
        INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
        VALUES ('user_id', ${`zora-${i}`}, ${other.id}::uuid, ${at(NOON)}, ${at(NOON)})`);
      const actors = [
        erasing(lead),
        // Every other time the mail is on its way already, and only its result is still to come.
        i % 2 === 0 ? sending(lead) : recording(lead, await claim(database, lead)),
        ...pickSome(random, [
          ingesting(lead, trace),
          linking(lead, other, i),
          planning(lead),
          saying(lead, trace),
          looking(lead),
        ]),
      ];
      // The erasing comes first in these, mostly: it is long, and the result of a mail is short.
      const favoured = i % 2 === 1;
      await lane.run(actors, (ready) => (favoured && random.below(4) > 0 ? 0 : random.below(ready)));
      const erasure = await readErasure(database, lead.id);
      const { claimedAfter, claims, underWay } = await claimsOf(lead, erasure?.leadIds ?? []);
      expect(claimedAfter, `case ${i}`).toBe(0);
      outcomes.claimed += claims;
      outcomes.underWay += underWay;
      outcomes.merged += (erasure?.leadIds.length ?? 1) > 1 ? 1 : 0;
      ids.push(lead.id);
    }
    clock.set(NOON + 2 * MINUTE);
    for (const id of ids)
      for (let tries = 0; !(await continueErasure(database, clock, id)); tries += 1)
        if (tries > 5) throw new Error(`the erasure of ${id} does not end`);
    await assessAll(database, clock);
    await dropLateEvents(database, clock);
    const left = [...(await dumpOf(database))].flatMap(([table, rows]) =>
      rows.filter((row) => /erna\d+trace/i.test(row)).map((row) => `${table}: ${row}`),
    );
    expect(left).toEqual([]);
    const [rows] = await database.query(sql`
      WITH gone AS (SELECT unnest(lead_ids) AS id FROM erasure)
      SELECT (SELECT count(*)::int FROM interaction WHERE lead_id IN (SELECT id FROM gone)) AS interactions,
             (SELECT count(*)::int FROM identity WHERE lead_id IN (SELECT id FROM gone)) AS identities,
             (SELECT count(*)::int FROM attribute WHERE lead_id IN (SELECT id FROM gone)) AS attributes,
             (SELECT count(*)::int FROM consent WHERE lead_id IN (SELECT id FROM gone)) AS consents,
             (SELECT count(*)::int FROM mail_hit JOIN message ON message.id = message_id WHERE lead_id IN (SELECT id FROM gone)) AS hits`);
    expect(rows).toEqual({ interactions: 0, identities: 0, attributes: 0, consents: 0, hits: 0 });
    // Each of these happened to some, or nothing was tested.
    for (const [what, count] of Object.entries(outcomes)) expect(count, what).toBeGreaterThan(CASES / 40);
  });

  /** A lead with a mail that is due. */
  async function due(email: string): Promise<DueLead> {
    const lead = await addLead(database, { now: NOON, email });
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, address, source, actor, at)
      VALUES (${lead.id}::uuid, 'email', 'tracking', 'granted', ${email}, 'api', 'test', ${at(NOON)})`);
    await interact(database, { email, event: 'Signed Up', at: NOON });
    await assessAll(database, clock);
    const { send } = await planLead(database, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' });
    const [messageId] = send;
    if (messageId === undefined) throw new Error('no mail is due');
    return { ...lead, messageId };
  }

  const erasing = (lead: TestLead): Actor => ({
    name: 'erase',
    run: (on) => eraseLead(on, clock, { leadId: lead.id, actor: tester, keepHash: true }).then(() => {}),
  });

  /** The claim's token; null: it was not to be had. */
  async function claim(on: Database, { messageId }: { readonly messageId: string }): Promise<string | null> {
    const token = newId();
    const mailFrom = 'Shop <shop@shop.example>';
    const answer = await claimMessage(on, clock, { messageId, token, leaseMs: MINUTE, notBefore: 0, mailFrom });
    return answer.kind === 'claimed' ? token : null;
  }

  const sending = (lead: DueLead): Actor => ({
    name: 'send',
    run: async (on) => recording(lead, await claim(on, lead)).run(on),
  });

  const recording = (lead: DueLead, token: string | null): Actor => ({
    name: 'result',
    async run(on) {
      if (token === null) return;
      const result = { state: 'accepted', reason: null, providerId: lead.email, reply: `250 <${lead.email}>` } as const;
      await recordSendResult(on, clock, { messageId: lead.messageId, token }, result);
    },
  });

  const ingesting = (lead: TestLead, trace: string): Actor => ({
    name: 'ingest',
    async run(on) {
      await ingestInteractions(on, [event(lead.email, 'Page', { url: `https://shop.example/${lead.email}` })]);
      await ingestInteractions(on, [identify(lead.email, { email: lead.email, name: trace }, `browser-${trace}`)]);
    },
  });

  const linking = (lead: TestLead, other: TestLead, i: number): Actor => ({
    name: 'merge',
    async run(on) {
      const said = identify(other.email, { email: lead.email }, `browser-${i}`);
      await ingestInteractions(on, [{ ...said, context: { ...said.context, userId: `zora-${i}` } }]);
      await linkIdentities(on, clock);
    },
  });

  const planning = (lead: TestLead): Actor => ({
    name: 'plan',
    run: (on) => planLead(on, clock, lead.id, { notBefore: 0, messageIdDomain: 'tend.test' }).then(() => {}),
  });

  const saying = (lead: TestLead, trace: string): Actor => ({
    name: 'say',
    async run(on) {
      const report = {
        leadId: lead.id,
        lead: { remark: trace },
        source: 'rep',
        confidence: 1,
        actor: tester,
        now: NOON,
      } as const;
      await recordLeadAttributes(on, report).catch((error: { code?: string }) => {
        if (error.code !== 'not-found') throw error;
      });
    },
  });

  const looking = (lead: DueLead): Actor => ({
    name: 'look',
    async run(on) {
      const hit = {
        messageId: lead.messageId,
        kind: 'open',
        url: null,
        method: 'GET',
        userAgent: 'Mail',
        ip: '203.0.113.1',
      } as const;
      await recordHit(on, { ...hit, now: NOON });
    },
  });

  /** Claims that committed after the request did, and mails that were leaving when it did. */
  async function claimsOf(lead: TestLead, leadIds: readonly string[]) {
    const ids = [lead.id, ...leadIds];
    const [row] = await database.query<{ claims: number; claimedAfter: number; underWay: number }>(sql`
      WITH asked AS (
        SELECT min(pg_xact_commit_timestamp(xmin)) AS at FROM audit
        WHERE action = 'lead.erasure-requested' AND subject_id = ANY(${ids}::text[])
      ), event AS (
        SELECT message_id, message_event.state, pg_xact_commit_timestamp(message_event.xmin) AS at
        FROM message_event JOIN message ON message.id = message_id WHERE lead_id = ANY(${ids}::uuid[])
      )
      SELECT (count(*) FILTER (WHERE state = 'claimed'))::int AS claims,
             (count(*) FILTER (WHERE state = 'claimed' AND event.at > asked.at))::int AS "claimedAfter",
             (count(*) FILTER (WHERE state = 'claimed' AND event.at <= asked.at AND NOT EXISTS (
               SELECT FROM event AS later WHERE later.message_id = event.message_id AND later.state <> 'claimed' AND later.at > event.at AND later.at <= asked.at)))::int AS "underWay"
      FROM event CROSS JOIN asked`);
    if (row === undefined) throw new Error('no row');
    return row;
  }
});

function pickSome(random: ReturnType<typeof randomFrom>, actors: readonly Actor[]): Actor[] {
  const left = [...actors];
  return Array.from({ length: 2 }, () => left.splice(random.below(left.length), 1)[0] as Actor);
}

function event(email: string, name: string, properties: NewInteraction['properties']): NewInteraction {
  const rest = { source: 'shop', messageId: newId(), kind: 'track', context: null, claimedAt: null } as const;
  return { ...rest, identity: { kind: 'email', value: email }, name, properties, occurredAt: NOON, receivedAt: NOON };
}

function identify(email: string, traits: { readonly [name: string]: string }, anonymousId: string): NewInteraction {
  return { ...event(email, 'Identified', {}), kind: 'identify', context: { traits, anonymousId } };
}
