import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import type { Properties } from '../../domain/interaction/interaction.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import type { Database } from '../../store/database.ts';
import { type IdentityReference, ingestInteractions } from '../../store/ingest-interactions.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { newId } from '../../store/new-id.ts';
import { planLead } from '../../store/plan-lead.ts';
import { sql } from '../../store/sql.ts';
import { foundCompany } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, runJourney, testClock } from '../support/driver.ts';
import { createInterleaver } from '../support/interleave.ts';
import { randomFrom, SCALE, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'UTC',
  threshold: 1_000,
  rules: [{ id: 'view', on: { event: 'Viewed' }, points: 1 }],
};
const sequence = {
  key: 's',
  name: 'S',
  purpose: 'newsletter',
  entry: [{ event: 'Signed Up' }],
  steps: [{ id: 'wait', kind: 'wait', for: { days: 3 } }],
};

describe('whose an interaction is', () => {
  let database: Database;
  const clock = testClock(NOON);
  let people = 0;
  const someone = () => {
    people += 1;
    return { email: `p${people}@people.example`, user: `user-${people}`, browser: `browser-${people}` };
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [sequence], templates: [] });
  });
  afterAll(async () => database.close());

  type Person = { userId?: string; anonymousId?: string; traits?: Properties };
  const identify = (on: Database, identity: IdentityReference, context: Person, occurredAt = NOON) =>
    ingestInteractions(on, [
      {
        source: 'website',
        messageId: newId(),
        identity,
        kind: 'identify',
        name: 'Identified',
        properties: {},
        context: context as Properties,
        occurredAt,
        receivedAt: NOON,
        claimedAt: null,
      },
    ]);
  const track = (on: Database, identity: IdentityReference, name = 'Viewed') =>
    ingestInteractions(on, [
      {
        source: 'website',
        messageId: newId(),
        identity,
        kind: 'track',
        name,
        properties: {},
        context: null,
        occurredAt: NOON,
        receivedAt: NOON,
        claimedAt: null,
      },
    ]);
  const anonymous = (value: string) => ({ kind: 'anonymous_id', value }) as const;
  const user = (value: string) => ({ kind: 'user_id', value }) as const;
  const email = (value: string) => ({ kind: 'email', value }) as const;
  const leadOf = async (value: string) => {
    const [row] = await database.query<{ leadId: string | null }>(
      sql`SELECT lead_id AS "leadId" FROM identity WHERE value = ${value}`,
    );
    return row?.leadId ?? null;
  };
  const pointsOf = async (leadId: string | null) => {
    const [row] = await database.query<{ points: number }>(
      sql`SELECT points FROM standing WHERE lead_id = ${leadId}::uuid`,
    );
    return row?.points ?? null;
  };

  it('stores what an unknown browser does, unscored, and scores it once somebody says who it is', async () => {
    const { browser, email: address } = someone();
    await track(database, anonymous(browser));
    await track(database, anonymous(browser));
    await assessAll(database, clock);
    expect(await leadOf(browser)).toBeNull();
    await identify(database, anonymous(browser), {
      anonymousId: browser,
      traits: { email: address, firstName: 'Tanja' },
    });
    await assessAll(database, clock);
    expect(await leadOf(browser)).toBe(await leadOf(address));
    expect(await pointsOf(await leadOf(browser))).toBe(2);
  });

  it('makes no lead of an identify without user id or address', async () => {
    const { browser } = someone();
    await identify(database, anonymous(browser), { anonymousId: browser, traits: { colour: 'blue' } });
    await assessAll(database, clock);
    expect(await leadOf(browser)).toBeNull();
  });

  it('merges two leads that turn out to be one person, folds both histories, and ends the journey of the one', async () => {
    const { browser, user: userId, email: address } = someone();
    await identify(database, email(address), { traits: { email: address } });
    await track(database, email(address), 'Signed Up');
    await track(database, email(address));
    await identify(database, user(userId), { userId });
    await track(database, user(userId));
    await assessAll(database, clock);
    const [older, younger] = [await leadOf(address), await leadOf(userId)];
    expect(older).not.toBe(younger);
    await runJourney(database, clock, older!);
    await identify(database, user(userId), { userId, anonymousId: browser, traits: { email: address } });
    await assessAll(database, clock);
    for (const value of [address, userId, browser]) expect(await leadOf(value)).toBe(older);
    expect(await pointsOf(older)).toBe(2);
    expect((await planLead(database, clock, younger!, { notBefore: 0, messageIdDomain: 'x' })).closed).toBe(true);
    expect((await runJourney(database, clock, older!)).nextLookAt).toBe(NOON + 3 * 24 * HOUR);
  });

  it('keeps two user ids apart that share an address', async () => {
    const [one, two] = [someone(), someone()];
    await identify(database, user(one.user), { userId: one.user, traits: { email: one.email } });
    await identify(database, user(two.user), { userId: two.user, traits: { email: two.email } });
    await assessAll(database, clock);
    await identify(database, user(two.user), { userId: two.user, traits: { email: one.email } });
    await assessAll(database, clock);
    expect(await leadOf(one.email)).toBe(await leadOf(one.user));
    expect(await leadOf(two.user)).not.toBe(await leadOf(one.user));
  });

  it('goes on past an identify that cannot be applied, and puts it on record', async () => {
    const [bad, good] = [someone(), someone()];
    const endless = Array.from({ length: 400 }, () => newId()).join('');
    await identify(database, email(bad.email), { traits: { email: bad.email, [endless]: 1 } });
    await identify(database, email(good.email), { traits: { email: good.email } });
    await assessAll(database, clock);
    expect(await leadOf(good.email)).not.toBeNull();
    const failed = await database.query(sql`SELECT FROM audit WHERE action = 'identify.failed'`);
    expect(failed).toHaveLength(1);
  });

  it('makes no new row of a trait that says nothing new', async () => {
    const { email: address } = someone();
    for (let i = 0; i < 3; i += 1)
      await identify(database, email(address), { traits: { email: address, city: 'Berlin' } }, NOON + i);
    await identify(database, email(address), { traits: { email: address, city: 'Bonn' } }, NOON + 10);
    await assessAll(database, clock);
    const rows = await database.query<{ value: string }>(sql`
      SELECT value FROM attribute WHERE lead_id = ${await leadOf(address)}::uuid AND name = 'city' ORDER BY at`);
    expect(rows.map(({ value }) => value)).toEqual(['Berlin', 'Bonn']);
  });

  it('never waits crosswise with the assessor, which marks the identify that is being applied', async () => {
    const deadlocks = async () => {
      const [row] = await database.query<{ count: number }>(
        sql`SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()`,
      );
      return row?.count;
    };
    const interleaver = createInterleaver(database.url, 2);
    const random = randomFrom(SEED);
    const before = await deadlocks();
    try {
      const { email: address } = someone();
      await identify(database, email(address), { traits: { email: address } });
      await assessAll(database, clock);
      for (let i = 0; i < 60; i += 1) {
        await identify(database, email(address), { traits: { email: address, visit: i } });
        const links = { name: 'link', run: async (on: Database) => void (await linkIdentities(on, clock)) };
        const assesses = { name: 'assess', run: async (on: Database) => void (await assessLeads(on, clock)) };
        await interleaver.run([links, assesses], (ready) => random.below(ready));
      }
    } finally {
      await interleaver.close();
    }
    expect(await deadlocks()).toBe(before);
  });

  it(`never leaves an interaction ownerless beside an owner, over ${300 * SCALE} interleavings (seed ${SEED})`, {
    timeout: 120_000 * SCALE,
  }, async () => {
    const interleaver = createInterleaver(database.url, 3);
    const random = randomFrom(SEED);
    try {
      for (let i = 0; i < 300 * SCALE; i += 1) {
        const { browser, email: address, user: userId } = someone();
        const tracks = { name: 'track', run: async (on: Database) => void (await track(on, anonymous(browser))) };
        const links = { name: 'link', run: async (on: Database) => void (await linkIdentities(on, clock)) };
        if (i % 2 === 0) {
          await identify(database, anonymous(browser), { anonymousId: browser, traits: { email: address } });
        } else {
          // The browser belongs to a lead that is merged meanwhile by an identify that does not name the browser.
          await identify(database, user(userId), { userId });
          await identify(database, email(address), { anonymousId: browser, traits: { email: address } });
          await linkIdentities(database, clock);
          await identify(database, user(userId), { userId, traits: { email: address } });
        }
        await interleaver.run([tracks, links, tracks], (ready) => random.below(ready));
      }
    } finally {
      await interleaver.close();
    }
    await assessAll(database, clock);
    const stray = await database.query(sql`
      SELECT FROM interaction JOIN identity ON identity.id = identity_id
      WHERE identity.lead_id IS NOT NULL AND (interaction.lead_id IS DISTINCT FROM identity.lead_id OR assessed_at IS NULL)`);
    expect(stray).toHaveLength(0);
  });
});
