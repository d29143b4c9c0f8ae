import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, type Instant, MINUTE } from '../../domain/instant.ts';
import { notesOn } from '../../domain/scoring/calibration/report-notes.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { calibrateModel } from '../../store/calibrate-model.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { at, sql } from '../../store/sql.ts';
import { fixedClock, type RunningApi, startApi } from '../api/running-api.ts';
import { addLead, foundCompany, interact, publish, type TestEvent, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { randomFrom } from '../support/property.ts';

const NOW = Date.UTC(2026, 8, 1, 12);
const OFFERED = NOW - 60 * DAY;

const model = {
  key: 'phones',
  name: 'Phone systems',
  timeZone: 'Europe/Berlin',
  mql: [1],
  bands: { 1: 40, 2: 20, 3: 10 },
  rules: [
    { id: 'demo', on: { event: 'Demo Booked' }, points: 20 },
    { id: 'paper', on: { event: 'Paper Downloaded' }, points: 20 },
    { id: 'fair', on: { event: 'Fair Visited' }, points: 15 },
    { id: 'visit', on: { event: 'Visited' }, points: 10 },
    { id: 'contract', on: { event: 'Contract Read' }, points: 10 },
  ],
  profile: {
    criteria: [{ id: 'size', when: { account: 'employees', atLeast: 50 }, points: 10 }],
    grades: { A: 10, B: 5, C: 1 },
  },
};

let database: Database;
let api: RunningApi;

/** A handoff as the journey and sales leave it behind. */
async function handOff(
  lead: TestLead,
  offeredAt: Instant,
  outcome: 'won' | 'lost' | 'recycled' | 'rejected' | null,
): Promise<string> {
  const id = newId();
  await database.query(sql`
    INSERT INTO handoff (id, lead_id, state, outcome, trigger, offered_at, closed_at)
    VALUES (${id}::uuid, ${lead.id}::uuid, ${outcome === null ? 'offered' : 'closed'}, ${outcome},
            ${JSON.stringify({ modelKey: 'phones', qualifiedSince: offeredAt })}::jsonb, ${at(offeredAt)}, ${at(outcome === null ? null : offeredAt + 20 * DAY)})`);
  return id;
}

const question = {
  key: 'phones',
  since: NOW - 365 * DAY,
  outcomes: ['won', 'lost', 'recycled', 'rejected'],
  now: NOW,
} as const;

describe('calibrating on PostgreSQL', () => {
  const leads: TestLead[] = [];

  /** 320 leads: those with a demo are won three times as often; the paper is noise; 7 were at the fair. */
  beforeAll(async () => {
    database = await createTestDatabase();
    api = await startApi(database, fixedClock(new Date(NOW).toISOString()));
    await publish(database, 'scoring_model', model, OFFERED - 100 * DAY);
    const random = randomFrom(42);
    const events: TestEvent[] = [];
    for (let index = 0; index < 320; index += 1) {
      const lead = await addLead(database, { now: OFFERED - 30 * DAY });
      leads.push(lead);
      const offeredAt = OFFERED + index * MINUTE;
      const did = (event: string, when: Instant) => events.push({ email: lead.email, event, at: when });
      const demo = random.below(10) < 5;
      did('Visited', offeredAt - 5 * DAY);
      if (demo) did('Demo Booked', offeredAt - DAY);
      if (random.below(10) < 5) did('Paper Downloaded', offeredAt - 2 * DAY);
      if (index < 7) did('Fair Visited', offeredAt - 3 * DAY);
      const won = random.below(100) < (demo ? 45 : 15);
      // What only winners do, and do later.
      if (won) did('Contract Read', offeredAt + HOUR);
      await handOff(lead, offeredAt, won ? 'won' : (['lost', 'recycled', 'rejected'] as const)[index % 3]!);
    }
    await interact(database, ...events);
  });
  afterAll(async () => {
    expect(api.failures).toEqual([]);
    await api.stop();
    await database.close();
  });

  it('finds the rule that predicts, does not flag noise, guards what is rare', async () => {
    const report = await calibrateModel(database, question);
    expect(report).toMatchObject({ modelVersion: 1, handoffs: 320, missing: null, cut: false, open: 0, erased: 0 });
    const lift = (id: string) => report.lifts.find((one) => one.id === id)!;
    expect(lift('demo').evidence).toMatchObject({ distinguishable: true });
    expect(lift('demo').evidence!.lift.low).toBeGreaterThan(1);
    expect(lift('paper').evidence).toMatchObject({ distinguishable: false });
    expect(lift('fair')).toMatchObject({
      with: 7,
      evidence: null,
      missing: 'not enough outcomes yet: 7 of 20 with its points',
    });
    expect(report.suggestions).toContainEqual(
      expect.objectContaining({ kind: 'points', id: 'demo', reason: 'tells-more', from: 20 }),
    );
    expect(report.suggestions.some((one) => one.kind === 'points' && one.id === 'fair')).toBe(false);
    expect(Object.values(report.byOutcome).reduce((sum, count) => sum + count, 0)).toBe(320);
  });

  it('looks at nothing that came after the offer', async () => {
    const report = await calibrateModel(database, question);
    expect(report.lifts.find(({ id }) => id === 'contract')).toMatchObject({ with: 0, without: 320, evidence: null });
  });

  it('nor at what arrived, was linked or was said later, though it dates from before', async () => {
    const lead = await addLead(database, { now: OFFERED - 30 * DAY });
    const alone = { ...question, since: OFFERED - 20 * DAY, now: OFFERED - DAY };
    const offeredAt = OFFERED - 10 * DAY;
    await handOff(lead, offeredAt, 'won');
    await interact(database, { email: lead.email, event: 'Demo Booked', at: offeredAt - DAY });
    const counts = async () => {
      const { lifts } = await calibrateModel(database, { ...alone, outcomes: ['won', 'lost'] });
      return Object.fromEntries(lifts.map(({ id, with: some }) => [id, some]));
    };
    const before = await counts();
    await interact(database, { email: lead.email, event: 'Fair Visited', at: offeredAt - DAY, messageId: 'late' });
    await database.query(sql`UPDATE interaction SET received_at = ${at(offeredAt + DAY)} WHERE message_id = 'late'`);
    await interact(database, {
      email: `browser-of-${lead.id}@people.example`,
      event: 'Fair Visited',
      at: offeredAt - DAY,
      messageId: 'unlinked',
    });
    await database.query(sql`
      WITH linked AS (
        UPDATE identity SET lead_id = ${lead.id}::uuid, linked_at = ${at(offeredAt + DAY)}
        WHERE value = ${`browser-of-${lead.id}@people.example`} RETURNING id)
      UPDATE interaction SET lead_id = ${lead.id}::uuid FROM linked WHERE identity_id = linked.id`);
    const account = newId();
    await database.query(
      sql`INSERT INTO account (id, domain, created_at) VALUES (${account}::uuid, 'firm.example', ${at(offeredAt)})`,
    );
    await database.query(sql`UPDATE lead SET account_id = ${account}::uuid WHERE id = ${lead.id}::uuid`);
    await database.query(sql`
      INSERT INTO attribute (account_id, name, value, source, at, recorded_at)
      VALUES (${account}::uuid, 'employees', '80'::jsonb, 'rep', ${at(offeredAt - DAY)}, ${at(offeredAt + DAY)})`);
    expect(await counts()).toEqual(before);
    await database.query(
      sql`UPDATE attribute SET recorded_at = ${at(offeredAt - DAY)} WHERE account_id = ${account}::uuid`,
    );
    expect(await counts()).toEqual({ ...before, size: (before.size ?? 0) + 1 });
  });

  it('counts neither what is open, nor erased, nor what Tend closed itself', async () => {
    const since = NOW - 5 * DAY;
    const [open, erased, merged] = [leads[0]!, leads[1]!, leads[2]!];
    await handOff(open, since + HOUR, null);
    await handOff(erased, since + HOUR, 'won');
    await database.query(sql`UPDATE lead SET erased_at = ${at(NOW)} WHERE id = ${erased.id}::uuid`);
    const id = await handOff(merged, since + HOUR, 'recycled');
    await database.query(sql`
      INSERT INTO audit (at, actor_kind, actor, action, subject_kind, subject_id)
      VALUES (${at(NOW)}, 'system', 'tend', 'handoff.recycled', 'handoff', ${id})`);
    const report = await calibrateModel(database, { ...question, since });
    expect(report).toMatchObject({ handoffs: 0, open: 1, erased: 1, missing: 'not enough outcomes yet: 0 of 5 won' });
    expect(notesOn(report).join('\n')).toContain('1 are still with sales');
    await database.query(sql`UPDATE lead SET erased_at = NULL WHERE id = ${erased.id}::uuid`);
  });

  it('takes a handoff as the journey makes it and sales closes it', async () => {
    const shop = { key: 'shop', name: 'Shop', timeZone: 'Europe/Berlin', threshold: 20, rules: model.rules };
    const clock = testClock(NOW - 10 * DAY);
    await foundCompany(database, { now: clock.now(), model: shop, sequences: [], templates: [] });
    const lead = await addLead(database, { now: clock.now() });
    await interact(database, { email: lead.email, event: 'Demo Booked', at: clock.now() });
    await assessAll(database, clock);
    const { handoff } = await runJourney(database, clock, lead.id);
    expect(handoff).not.toBeNull();
    clock.set(clock.now() + DAY);
    await acceptHandoff(database, { handoffId: handoff!, rep: 'rita', actor: tester, now: clock.now() });
    await interact(database, { email: lead.email, event: 'Contract Read', at: clock.now() });
    const end = { reason: null, rep: 'rita', actor: tester, now: clock.now() };
    await recordOutcome(database, { handoffId: handoff!, outcome: 'won', ...end });
    const report = await calibrateModel(database, { ...question, key: 'shop' });
    expect(report).toMatchObject({ model: 'shop', handoffs: 1, won: 1, byOutcome: { won: 1 } });
    expect(report.lifts.flatMap(({ id, with: some }) => (some > 0 ? id : []))).toEqual(['demo']);
  });

  it('takes the newest where there are too many, and says so', async () => {
    const report = await calibrateModel(database, { ...question, most: 100 });
    expect(report).toMatchObject({ handoffs: 100, cut: true });
    expect(notesOn(report)).toContain('There were more: only the newest 100 were looked at.');
  });

  it('is answered by the API, changes nothing, and says what is wrong with a question', async () => {
    const versions = () => database.query(sql`SELECT id, content_hash FROM definition_version ORDER BY id`);
    const before = await versions();
    const answer = await api.api(
      'GET',
      'scoring-models/phones/calibration?since=2026-05-01&outcomes=won,lost,rejected',
    );
    expect(answer).toMatchObject({
      status: 200,
      body: {
        model: 'phones',
        since: '2026-05-01T00:00:00.000Z',
        until: '2026-09-01T12:00:00.000Z',
        outcomes: ['won', 'lost', 'rejected'],
      },
    });
    expect(answer.body.byOutcome.recycled).toBeUndefined();
    expect(answer.body.handoffs).toBeLessThan(320);
    expect(answer.body.notes[0]).toContain('Only leads that were handed to sales');
    expect(await versions()).toEqual(before);
    expect(await api.api('GET', 'scoring-models/none/calibration')).toMatchObject({ status: 404 });
    for (const [query, field] of [
      ['outcomes=won', 'outcomes'],
      ['outcomes=lost,recycled', 'outcomes'],
      ['outcomes=won,sold', 'outcomes'],
      ['since=yesterday', 'since'],
      ['since=2027-01-01', 'since'],
      ['until=2026-01-01', ''],
    ]) {
      const wrong = await api.api('GET', `scoring-models/phones/calibration?${query}`);
      expect([query, wrong.status]).toEqual([query, 400]);
      expect(wrong.body.errors[0].path.startsWith(field)).toBe(true);
    }
    expect(await api.api('POST', 'scoring-models/phones/calibration', {})).toMatchObject({ status: 405 });
  });
});
