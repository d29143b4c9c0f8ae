import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { whyInWords } from '../../api/why-in-words.ts';
import { DAY, HOUR, type Instant } from '../../domain/instant.ts';
import { acceptHandoff } from '../../store/accept-handoff.ts';
import { compareShadow } from '../../store/compare-shadow.ts';
import type { Database } from '../../store/database.ts';
import { explainWhy } from '../../store/explain-why.ts';
import { HAND_OFF_ALL, type PublicationChoice } from '../../store/make-model-live.ts';
import { publishDefinition } from '../../store/publish-definition.ts';
import { putDraft } from '../../store/put-draft.ts';
import { readModelLife } from '../../store/read-model-life.ts';
import { recordOutcome } from '../../store/record-outcome.ts';
import { releaseHeld } from '../../store/release-held.ts';
import { rollbackModel } from '../../store/rollback-model.ts';
import { dropShadow, setShadow } from '../../store/shadow-model.ts';
import { sql } from '../../store/sql.ts';
import { addLead, foundCompany, interact, type TestLead, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';

const MONDAY = Date.UTC(2026, 5, 1, 10);

const model = (threshold: number, more: object = {}) => ({
  key: 'shop',
  name: 'Shop',
  timeZone: 'Europe/Berlin',
  threshold,
  rules: [
    { id: 'demo', on: { event: 'Demo' }, points: 30 },
    { id: 'page', on: { event: 'Page' }, points: 1 },
    { id: 'careers', on: { event: 'Careers' }, points: -40 },
  ],
  ...more,
});
const choice = (changed: PublicationChoice['changed'], perDay: number | null = null): PublicationChoice => ({
  changed,
  perDay,
  note: 'agreed on Monday',
});

let database: Database;
let now: Instant = MONDAY;
const clock = testClock(MONDAY);

beforeAll(async () => {
  database = await createTestDatabase();
  await foundCompany(database, {
    now,
    model: { ...model(10), key: 'other', rules: [{ id: 'x', on: { event: 'X' }, points: 1 }] },
    sequences: [],
    templates: [],
  });
});
afterAll(async () => database.close());

/** Each test has a model of its own version history: nothing of the test before is live. */
beforeEach(async () => {
  await database.query(sql`UPDATE definition SET live_version_id = NULL, shadow_version_id = NULL WHERE key = 'shop'`);
  await database.query(sql`UPDATE lead SET stage = 'disqualified'`);
  later(DAY);
});

function later(ms: number): void {
  now += ms;
  clock.set(now);
}

let round = 0;
/** Content never stored before, so that each is a version of its own. */
async function put(threshold: number, more: object = {}): Promise<number> {
  round += 1;
  const content = model(threshold, { name: `Shop ${round}`, ...more });
  return (await putDraft(database, { kind: 'scoring_model', key: 'shop', content, actor: tester, now })).version;
}

async function publish(threshold: number, how: PublicationChoice = HAND_OFF_ALL, more: object = {}): Promise<number> {
  later(HOUR);
  const version = await put(threshold, more);
  await publishDefinition(database, { kind: 'scoring_model', key: 'shop', actor: tester, now, choice: how });
  later(HOUR);
  return version;
}

async function act(lead: TestLead, ...events: string[]): Promise<void> {
  for (const event of events) {
    later(60_000);
    await interact(database, { email: lead.email, event, at: now });
  }
}

async function person(...events: string[]): Promise<TestLead> {
  const lead = await addLead(database, { now });
  await act(lead, ...events);
  return lead;
}

async function settle(): Promise<void> {
  await assessAll(database, clock);
  const due = await database.query<{ id: string }>(sql`SELECT id FROM lead WHERE attention_rev <> planned_rev`);
  for (const { id } of due) await runJourney(database, clock, id);
}

/** The ids of all handoffs of a lead, in their order. */
async function handoffs(lead: TestLead) {
  return database.query<{ id: string; state: string; version: number }>(sql`
    SELECT handoff.id, state, version.version FROM handoff JOIN definition_version AS version ON version.id = model_version_id
    WHERE lead_id = ${lead.id}::uuid ORDER BY offered_at`);
}

const offered = async (lead: TestLead) => (await handoffs(lead)).length > 0;

async function giveBack(lead: TestLead): Promise<void> {
  const handoff = (await handoffs(lead)).at(-1);
  if (handoff === undefined) throw new Error('sales does not have this lead');
  await acceptHandoff(database, { handoffId: handoff.id, rep: 'rita', actor: tester, now });
  later(HOUR);
  await recordOutcome(database, {
    handoffId: handoff.id,
    outcome: 'recycled',
    reason: null,
    rep: 'rita',
    actor: tester,
    now,
  });
  later(HOUR);
}

describe('publishing a version that makes leads ready for sales', () => {
  it('hands them over at once, if nothing else is said', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    expect(await offered(lead)).toBe(false);
    await publish(20);
    await settle();
    expect(await offered(lead)).toBe(true);
  });

  it('hands over so many a day, the best first, and says so of those who wait', async () => {
    await publish(100);
    const leads = [];
    for (let index = 0; index < 5; index += 1) leads.push(await person('Demo', ...Array<string>(index).fill('Page')));
    await settle();
    const version = await publish(20, choice('hand-off', 2));
    await settle();
    for (const lead of leads) expect(await offered(lead)).toBe(false);
    const words = async (lead: TestLead) => whyInWords(await explainWhy(database, lead.id, now), now);
    expect(await words(leads[0]!)).toContain(
      `It is ready for sales since version ${version} of the scoring model "shop" was published, not by anything it did: it is offered when its turn comes, 2 leads a day.`,
    );
    expect(await readModelLife(database, 'shop', now)).toMatchObject({ held: { 'hand-off': 5 }, releasedLastDay: 0 });

    const releaseAndSettle = async () => {
      const released = await releaseHeld(database, clock);
      await settle();
      return released.length;
    };
    expect(await releaseAndSettle()).toBe(2);
    expect(await Promise.all(leads.map(offered))).toEqual([false, false, false, true, true]);
    expect(await releaseAndSettle()).toBe(0);
    later(DAY - 60_000);
    expect(await releaseAndSettle()).toBe(0);
    later(60_000);
    // Two workers' sweeps at the same instant share the two places.
    const both = await Promise.all([releaseHeld(database, clock), releaseHeld(database, clock)]);
    expect(both.flat()).toHaveLength(2);
    await settle();
    expect(await Promise.all(leads.map(offered))).toEqual([false, true, true, true, true]);
    expect(await readModelLife(database, 'shop', now)).toMatchObject({ held: { 'hand-off': 1 }, releasedLastDay: 2 });
  });

  it('leaves a place for those who came by themselves: they never wait', async () => {
    await publish(100);
    const held = await person('Demo');
    await settle();
    await publish(50, choice('hand-off', 1));
    const own = await person('Demo', 'Demo');
    await settle();
    expect([await offered(held), await offered(own)]).toEqual([false, true]);
  });

  it('does not use up a place for a lead that time has taken back meanwhile', async () => {
    const fading = { rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30, halfLife: { days: 2 } }] };
    await publish(100, HAND_OFF_ALL, fading);
    const old = await person('Demo');
    later(HOUR);
    const fresh = await person('Demo');
    await settle();
    await publish(29, choice('hand-off', 1), fading);
    await settle();
    later(DAY);
    expect(await releaseHeld(database, clock)).toEqual([]);
    await settle();
    expect([await offered(old), await offered(fresh)]).toEqual([false, false]);
    expect((await readModelLife(database, 'shop', now)).held['hand-off']).toBeLessThan(2);
  });

  it('on their next interaction only, where that was chosen', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20, choice('next-interaction'));
    await settle();
    await releaseHeld(database, clock);
    expect(await offered(lead)).toBe(false);
    expect((await explainWhy(database, lead.id, now)).held).toMatchObject([{ until: 'next-interaction' }]);
    await act(lead, 'Page');
    await settle();
    expect(await offered(lead)).toBe(true);
    expect((await explainWhy(database, lead.id, now)).held).toEqual([]);
  });

  it('never, where that was chosen, until they fall back and qualify anew', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20, choice('never'));
    await settle();
    await act(lead, 'Page');
    await settle();
    expect(await offered(lead)).toBe(false);
    await act(lead, 'Careers');
    await settle();
    await act(lead, 'Demo', 'Demo');
    await settle();
    expect(await offered(lead)).toBe(true);
  });

  it('lets those that an earlier publishing holds stay held, whatever the next does with its own', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20, choice('never'));
    await settle();
    await publish(10);
    await settle();
    await releaseHeld(database, clock);
    await settle();
    expect(await offered(lead)).toBe(false);
  });

  it('comes to the same whether leads are scored anew before or after they do something', async () => {
    await publish(100);
    const [before, after] = [await person('Demo'), await person('Demo')];
    await settle();
    await publish(20, choice('never'));
    await database.query(sql`UPDATE lead SET refold = false WHERE id = ${after.id}::uuid`);
    await settle();
    await act(before, 'Page');
    await act(after, 'Page');
    await settle();
    expect([await offered(before), await offered(after)]).toEqual([false, false]);
    await act(after, 'Careers', 'Demo', 'Demo');
    await settle();
    expect(await offered(after)).toBe(true);
  });

  it('leaves a lead that sales has with the version that routed it', async () => {
    const first = await publish(20);
    const lead = await person('Demo');
    await settle();
    await publish(10);
    await settle();
    await publish(100);
    await settle();
    expect(await handoffs(lead)).toMatchObject([{ state: 'offered', version: first }]);
  });
});

describe('several live models', () => {
  it('give a lead a standing in each, and sales one open handoff at most', async () => {
    await publish(20);
    const content = { ...model(25), key: 'second' };
    await putDraft(database, { kind: 'scoring_model', key: 'second', content, actor: tester, now });
    await publishDefinition(database, { kind: 'scoring_model', key: 'second', actor: tester, now });
    later(HOUR);
    const lead = await person('Demo', 'Page');
    await settle();
    const standings = await database.query(sql`
      SELECT model_key AS model, qualified FROM standing WHERE lead_id = ${lead.id}::uuid AND model_key <> 'other' ORDER BY model_key`);
    expect(standings).toEqual([
      { model: 'second', qualified: true },
      { model: 'shop', qualified: true },
    ]);
    expect(await handoffs(lead)).toMatchObject([{ state: 'offered' }]);
    await act(lead, 'Demo');
    await settle();
    expect(await handoffs(lead)).toHaveLength(1);
    await database.query(sql`UPDATE definition SET live_version_id = NULL WHERE key = 'second'`);
  });
});

describe('rolling back', () => {
  const back = (version?: number) =>
    rollbackModel(database, { key: 'shop', version, choice: HAND_OFF_ALL, actor: tester, now });
  const standing = async (lead: TestLead) =>
    database.query<{ version: number; points: number }>(sql`
      SELECT version.version, points FROM standing JOIN definition ON live_version_id = model_version_id
      JOIN definition_version AS version ON version.id = model_version_id
      WHERE lead_id = ${lead.id}::uuid AND definition.key = 'shop'`);

  it('makes the version before live again, with what happened since', async () => {
    const first = await publish(100);
    const lead = await person('Demo');
    await settle();
    const second = await publish(200, choice('never'));
    await act(lead, 'Page');
    await settle();
    expect(await standing(lead)).toEqual([{ version: second, points: 31 }]);
    expect(await back()).toEqual({ key: 'shop', version: first, published: true });
    later(HOUR);
    await settle();
    expect(await standing(lead)).toEqual([{ version: first, points: 31 }]);
    expect((await readModelLife(database, 'shop', now)).publication).toMatchObject({
      previous: second,
      earlier: [{ by: 'test' }],
    });
    const [audit] = await database.query<{ action: string; detail: object }>(
      sql`SELECT action, detail FROM audit WHERE subject_id = 'shop' ORDER BY id DESC LIMIT 1`,
    );
    expect(audit).toMatchObject({ action: 'definition.rolled-back', detail: { version: first, previous: second } });
    // Sent again, or once more: it never brings the mistake back. By its number, on purpose, it does.
    await expect(back()).rejects.toMatchObject({ code: 'conflict' });
    const again = { key: 'shop', version: undefined, from: second, choice: HAND_OFF_ALL, actor: tester, now };
    await expect(rollbackModel(database, again)).rejects.toMatchObject({ code: 'conflict' });
    expect(await back(second)).toMatchObject({ version: second, published: true });
    expect(await back(second)).toMatchObject({ published: false });
  });

  it('offers nobody twice', async () => {
    await publish(20);
    const lead = await person('Demo');
    await settle();
    await giveBack(lead);
    await settle();
    await publish(10);
    await settle();
    await back();
    later(HOUR);
    await settle();
    await act(lead, 'Page');
    await settle();
    expect(await handoffs(lead)).toHaveLength(1);
    await act(lead, 'Careers');
    await settle();
    await act(lead, 'Demo', 'Demo');
    await settle();
    expect(await handoffs(lead)).toHaveLength(2);
  });

  it('refuses what was never live, and what is not there', async () => {
    await expect(back()).rejects.toMatchObject({ code: 'not-found' });
    await publish(20);
    const draft = await put(30);
    await expect(back(draft)).rejects.toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('publish it'),
    });
    await expect(back(999)).rejects.toMatchObject({ code: 'not-found' });
    await expect(
      rollbackModel(database, { key: 'other', version: undefined, choice: HAND_OFF_ALL, actor: tester, now }),
    ).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('a shadow', () => {
  const shadow = (version?: number) => setShadow(database, { key: 'shop', version, actor: tester, now });

  it('is computed beside the live version, and nothing acts on it', async () => {
    const live = await publish(100);
    const [hot, cold] = [await person('Demo'), await person('Page')];
    await settle();
    const version = await put(20);
    expect(await shadow()).toEqual({ key: 'shop', version, set: true });
    expect(await shadow()).toMatchObject({ set: false });
    later(HOUR);
    await settle();
    const late = await person('Demo', 'Page');
    await settle();
    await releaseHeld(database, clock);
    await settle();
    for (const lead of [hot, cold, late]) expect(await offered(lead)).toBe(false);
    expect(await compareShadow(database, 'shop')).toMatchObject({
      live,
      shadow: version,
      leads: 3,
      places: { 'not ready': { ready: 2, 'not ready': 1 } },
      qualified: { live: 0, shadow: 2, both: 0 },
      onlyShadow: [late.id, hot.id],
      onlyLive: [],
    });
    expect(await readModelLife(database, 'shop', now)).toMatchObject({ shadow: { version, refold: { toScore: 0 } } });
  });

  it('that was dropped and is set again has what happened meanwhile', async () => {
    await publish(100);
    const lead = await person('Demo');
    const version = await put(20);
    await shadow();
    await settle();
    const drop = () => dropShadow(database, { key: 'shop', actor: tester, now });
    expect(await drop()).toEqual({ key: 'shop', dropped: true });
    expect(await drop()).toMatchObject({ dropped: false });
    await act(lead, 'Demo', 'Page');
    await settle();
    await shadow(version);
    // The next event comes before the lead is marked to be scored anew: it must not go on from the old standing.
    await database.query(sql`UPDATE lead SET refold = false`);
    await act(lead, 'Page');
    await settle();
    const [standing] = await database.query(sql`
      SELECT points, interactions FROM standing JOIN definition ON shadow_version_id = model_version_id WHERE lead_id = ${lead.id}::uuid`);
    expect(standing).toEqual({ points: 62, interactions: 4 });
  });

  it('that is published is a shadow no longer, and its leads are offered', async () => {
    await publish(100);
    const lead = await person('Demo');
    await put(20);
    await shadow();
    await settle();
    later(HOUR);
    await publishDefinition(database, { kind: 'scoring_model', key: 'shop', actor: tester, now });
    later(HOUR);
    await settle();
    expect(await offered(lead)).toBe(true);
    await expect(compareShadow(database, 'shop')).rejects.toMatchObject({ code: 'not-found' });
    await expect(shadow()).rejects.toMatchObject({ code: 'conflict', detail: expect.stringContaining('is live') });
  });
});

describe('who was not made ready by a publishing', () => {
  const fading = { rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30, halfLife: { days: 2 } }] };

  it('was ready before by what it did, though nobody had scored that yet: it is offered, whatever the choice', async () => {
    await publish(50);
    const lead = await person('Demo', 'Demo');
    await publish(40, choice('never'));
    await settle();
    expect(await offered(lead)).toBe(true);
  });

  it('was given back by sales: a version under which it seems to qualify later does not offer it again', async () => {
    await publish(20);
    const lead = await person('Demo');
    await settle();
    await giveBack(lead);
    await settle();
    later(10 * DAY);
    await act(lead, 'Demo');
    await settle();
    expect(await handoffs(lead)).toHaveLength(1);
    for (const how of [choice('never'), HAND_OFF_ALL]) {
      await publish(20, how, fading);
      await settle();
      expect(await handoffs(lead)).toHaveLength(1);
    }
    later(30 * DAY);
    await act(lead, 'Demo');
    await settle();
    expect(await handoffs(lead)).toHaveLength(2);
  });

  it('was held by a version before: two quick publishings lose no hold', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20, choice('never'));
    await settle();
    expect(await offered(lead)).toBe(false);
    await publish(25);
    await publish(20);
    await settle();
    expect(await offered(lead)).toBe(false);
  });

  it('waits for what the person does, not for what a system records', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20, choice('next-interaction'));
    await settle();
    later(60_000);
    await interact(database, { email: lead.email, event: 'Attributes Recorded', at: now, kind: 'tend' });
    await settle();
    expect(await offered(lead)).toBe(false);
    await act(lead, 'Page');
    await settle();
    expect(await offered(lead)).toBe(true);
  });

  it('counts for this version also where the clock of who scores is behind that of who publishes', async () => {
    await publish(100);
    const lead = await person('Demo');
    await settle();
    await publish(20);
    const present = now;
    clock.set(present - 2 * HOUR);
    await assessAll(database, clock);
    clock.set(present);
    await settle();
    expect(await offered(lead)).toBe(true);
  });
});
