import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUR } from '../../domain/instant.ts';
import type { Properties } from '../../domain/interaction/interaction.ts';
import { continueAccountRefolds } from '../../store/continue-account-refolds.ts';
import type { Database } from '../../store/database.ts';
import { ingestInteractions } from '../../store/ingest-interactions.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { newId } from '../../store/new-id.ts';
import { readAccount } from '../../store/read-account.ts';
import { readLead } from '../../store/read-lead.ts';
import { recordAccountAttributes } from '../../store/record-attributes.ts';
import { at, sql } from '../../store/sql.ts';
import { foundCompany, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { assessAll, testClock } from '../support/driver.ts';
import { createInterleaver } from '../support/interleave.ts';
import { randomFrom, SEED } from '../support/property.ts';

const NOON = Date.UTC(2026, 5, 1, 12);
const model = {
  key: 'm',
  name: 'M',
  timeZone: 'UTC',
  threshold: 1_000,
  rules: [{ id: 'view', on: { event: 'Viewed' }, points: 1 }],
  // What no model asks for has nobody scored anew.
  profile: {
    criteria: [
      { id: 'large', when: { account: 'employees', atLeast: 50 }, points: 10 },
      { id: 'near', when: { lead: 'city', is: 'Mainz' }, points: 10 },
    ],
    grades: { A: 20, B: 10, C: 5 },
  },
};

describe('the company that a lead belongs to', () => {
  let database: Database;
  const clock = testClock(NOON);
  let companies = 0;
  const company = () => {
    companies += 1;
    return `company${companies}.example`;
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [], templates: [] });
  });
  afterAll(async () => database.close());

  interface Event {
    readonly kind?: 'identify' | 'group' | 'track';
    readonly userId?: string;
    readonly email?: string;
    readonly traits?: Properties;
    readonly groupId?: string;
    readonly at?: number;
  }
  const send = (
    on: Database,
    { kind = 'identify', userId, email, traits = {}, groupId, at: occurredAt = NOON }: Event,
  ) =>
    ingestInteractions(on, [
      {
        source: 'website',
        messageId: newId(),
        identity: userId === undefined ? { kind: 'email', value: email ?? '' } : { kind: 'user_id', value: userId },
        kind,
        name: kind,
        properties: {},
        context:
          kind === 'group'
            ? { groupId: groupId ?? '', traits }
            : {
                traits: { ...(email === undefined ? {} : { email }), ...traits },
                ...(userId === undefined ? {} : { userId }),
              },
        occurredAt,
        receivedAt: occurredAt,
        claimedAt: null,
      },
    ]);
  const leadOf = async (value: string) => {
    const [row] = await database.query<{ id: string; accountId: string | null; refold: boolean }>(sql`
      SELECT lead.id, account_id AS "accountId", refold FROM identity JOIN lead ON lead.id = identity.lead_id WHERE value = ${value}`);
    return row;
  };
  const accountOf = async (value: string) => {
    const lead = await leadOf(value);
    return lead === undefined ? null : (await readLead(database, lead.id, NOON)).account;
  };

  it('is found by the domain of the address, and shared', async () => {
    const domain = company();
    await send(database, { email: `petersen@${domain}` });
    await send(database, { email: `boss@mail.${domain}` });
    await assessAll(database, clock);
    const [one, other] = [await accountOf(`petersen@${domain}`), await accountOf(`boss@mail.${domain}`)];
    expect(one?.domain).toBe(domain);
    expect(other?.id).toBe(one?.id);
    expect(await readAccount(database, domain, NOON)).toMatchObject({ leads: 2, name: null, attributes: [] });
  });

  it('is none at a public mailbox provider', async () => {
    await send(database, { email: 'anders@gmx.de' });
    await assessAll(database, clock);
    expect(await accountOf('anders@gmx.de')).toBeNull();
    expect(await database.query(sql`SELECT FROM account WHERE domain = 'gmx.de'`)).toHaveLength(0);
  });

  it('comes with the first address that tells one, and stays with later ones', async () => {
    const [first, second] = [company(), company()];
    await send(database, { userId: 'wanderer', email: 'wanderer@gmx.net' });
    await assessAll(database, clock);
    expect(await accountOf('wanderer')).toBeNull();
    await send(database, { userId: 'wanderer', email: `w@${first}` });
    await assessAll(database, clock);
    expect((await accountOf('wanderer'))?.domain).toBe(first);
    await send(database, { userId: 'wanderer', email: `w@${second}` });
    await assessAll(database, clock);
    expect((await accountOf('wanderer'))?.domain).toBe(first);
  });

  it('has a lead that was folded without it scored anew', async () => {
    await send(database, { userId: 'late', email: 'late@gmx.net' });
    await assessAll(database, clock);
    await send(database, { userId: 'late', email: `late@${company()}` });
    await linkIdentities(database, clock);
    expect((await leadOf('late'))?.refold).toBe(true);
    await assessAll(database, clock);
    expect((await leadOf('late'))?.refold).toBe(false);
  });

  it('is the survivor’s when two leads are merged, else the other’s', async () => {
    const [mine, theirs] = [company(), company()];
    await send(database, { email: `first@${mine}`, at: NOON });
    await send(database, { userId: 'm1', at: NOON });
    await send(database, { userId: 'm1', email: `other@${theirs}` });
    await assessAll(database, clock);
    await send(database, { userId: 'm1', email: `first@${mine}` });
    await assessAll(database, clock);
    expect((await accountOf('m1'))?.domain).toBe(mine);

    await send(database, { email: 'free@gmx.de' });
    await send(database, { userId: 'm2', email: `work@${theirs}` });
    await assessAll(database, clock);
    await send(database, { userId: 'm2', email: 'free@gmx.de' });
    await assessAll(database, clock);
    expect(await leadOf('free@gmx.de')).toEqual(await leadOf('m2'));
    expect((await accountOf('free@gmx.de'))?.domain).toBe(theirs);
  });

  it('is not taken from an address that belongs to somebody else', async () => {
    const domain = company();
    await send(database, { userId: 'owner', email: `owner@${domain}` });
    await send(database, { userId: 'typist', email: 'typist@gmx.de' });
    await assessAll(database, clock);
    await send(database, { userId: 'typist', email: `owner@${domain}` });
    await assessAll(database, clock);
    expect(await accountOf('typist')).toBeNull();
  });

  describe('a group', () => {
    it('says what the company is like, once for all its leads', async () => {
      const domain = company();
      await send(database, { userId: 'g1', email: `a@${domain}` });
      await send(database, { userId: 'g2', email: `b@${domain}` });
      await assessAll(database, clock);
      for (let i = 0; i < 3; i += 1)
        await send(database, {
          kind: 'group',
          userId: 'g1',
          groupId: 'G-77',
          traits: { name: 'Modehaus', employees: 80 },
          at: NOON + i,
        });
      await linkIdentities(database, clock);
      expect(await leadOf('g2')).toMatchObject({ refold: true });
      await assessAll(database, clock);
      const account = await readAccount(database, domain, NOON + HOUR);
      expect(account).toMatchObject({ name: 'Modehaus', leads: 2 });
      expect(
        account.attributes.map(({ name, value, source, statements }) => [name, value, source, statements.length]),
      ).toEqual([
        ['employees', 80, 'website', 1],
        ['groupId', 'G-77', 'website', 1],
        ['name', 'Modehaus', 'website', 1],
      ]);
    });

    it('whose id is a domain names the company, also of who writes from elsewhere', async () => {
      const domain = company();
      await send(database, { userId: 'g3', email: 'g3@gmx.de' });
      await send(database, { kind: 'group', userId: 'g3', groupId: `www.${domain}`, traits: { employees: 12 } });
      await assessAll(database, clock);
      expect(await accountOf('g3')).toMatchObject({ domain });
      expect((await readAccount(database, domain, NOON)).leads).toBe(1);
    });

    it('says nothing of a person whose company nobody knows', async () => {
      await send(database, { userId: 'g4', email: 'g4@gmx.de' });
      await send(database, { kind: 'group', userId: 'g4', groupId: 'G-1', traits: { employees: 12 } });
      await assessAll(database, clock);
      expect(await accountOf('g4')).toBeNull();
    });

    it('waits until it is known whose it is', async () => {
      const domain = company();
      await send(database, { kind: 'group', userId: 'g5', groupId: 'G-5', traits: { employees: 55 } });
      await assessAll(database, clock);
      await send(database, { userId: 'g5', email: `g5@${domain}` });
      await assessAll(database, clock);
      expect((await readAccount(database, domain, NOON)).attributes).toContainEqual(
        expect.objectContaining({ name: 'employees', value: 55 }),
      );
    });
  });

  it('has all its leads scored anew, in batches, also when the process ends in between', async () => {
    const domain = company();
    await recordAccountAttributes(database, saying(domain, { employees: 1 }));
    const account = await readAccount(database, domain, NOON);
    await database.query(sql`
      INSERT INTO lead (id, account_id, created_at)
      SELECT gen_random_uuid(), ${account.id}::uuid, ${at(NOON)} FROM generate_series(1, 2500)`);
    const marked = async () => {
      const [row] = await database.query<{ count: number }>(sql`
        SELECT count(*) FROM lead WHERE account_id = ${account.id}::uuid AND refold`);
      return row?.count;
    };
    let left = 2;
    const breaking: Database = {
      ...database,
      transaction: (work) => {
        left -= 1;
        // The first records the statement, the second marks a batch; then the process is gone.
        return left < 0 ? Promise.reject(new Error('gone')) : database.transaction(work);
      },
    };
    // It is recorded, and the answer says so, whatever became of the rest.
    await recordAccountAttributes(breaking, saying(domain, { employees: 2 }));
    expect(await marked()).toBe(1_000);
    expect(await continueAccountRefolds(database)).toBe(1_500);
    expect(await marked()).toBe(2_500);
    expect(await continueAccountRefolds(database)).toBe(0);
    await assessAll(database, clock);
    expect(await marked()).toBe(0);
  });

  it('is made once by two that are seen at once, and nobody waits crosswise', async () => {
    const deadlocks = async () => {
      const [row] = await database.query<{ count: number }>(
        sql`SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()`,
      );
      return row?.count;
    };
    const interleaver = createInterleaver(database.url, 3);
    const random = randomFrom(SEED);
    const before = await deadlocks();
    try {
      for (let i = 0; i < 40; i += 1) {
        const domain = company();
        await send(database, { email: `one@${domain}` });
        await send(database, { email: `two@${domain}` });
        const links = { name: 'link', run: async (on: Database) => void (await linkIdentities(on, clock)) };
        const says = {
          name: 'say',
          run: async (on: Database) => void (await recordAccountAttributes(on, saying(domain, { employees: i }))),
        };
        await interleaver.run([links, says, links], (ready) => random.below(ready));
        expect(await readAccount(database, domain, NOON)).toMatchObject({ leads: 2 });
      }
    } finally {
      await interleaver.close();
    }
    expect(await deadlocks()).toBe(before);
  });

  function saying(domain: string, values: Properties) {
    return { domain, values, source: 'import', confidence: 1, actor: tester, now: NOON } as const;
  }
});

describe('what a website says', () => {
  let database: Database;
  const clock = testClock(NOON);
  beforeAll(async () => {
    database = await createTestDatabase();
    await foundCompany(database, { now: NOON, model, sequences: [], templates: [] });
    const attributes = [
      { name: 'need', type: 'text', validFor: { days: 30 } },
      { name: 'city', type: 'text' },
    ];
    await publish(database, 'attributes', { key: 'q', name: 'Q', attributes }, NOON);
  });
  afterAll(async () => database.close());

  const identify = (traits: Properties, occurredAt: number) =>
    ingestInteractions(database, [
      {
        source: 'website',
        messageId: newId(),
        identity: { kind: 'email', value: 'tanja@gmx.de' },
        kind: 'identify',
        name: 'Identified',
        properties: {},
        context: { traits: { email: 'tanja@gmx.de', ...traits } },
        occurredAt,
        receivedAt: occurredAt,
        claimedAt: null,
      },
    ]);
  const rows = async (name: string) =>
    (
      await database.query<{ source: string }>(sql`SELECT source FROM attribute WHERE name = ${name} ORDER BY at, id`)
    ).map(({ source }) => source);

  it('is noted again after a day where its date counts, else only when it is something new', async () => {
    for (const hours of [0, 1, 25, 26]) await identify({ need: 'paint', city: 'Bonn' }, NOON + hours * HOUR);
    await assessAll(database, clock);
    expect(await rows('need')).toEqual(['website', 'website']);
    expect(await rows('city')).toEqual(['website']);
  });

  it('is noted although somebody else has said the same last', async () => {
    await database.query(sql`
      INSERT INTO attribute (lead_id, name, value, source, at, recorded_at)
      SELECT lead_id, 'hobby', '"chess"', 'agency', ${at(NOON)}, ${at(NOON)} FROM identity WHERE value = 'tanja@gmx.de'`);
    await identify({ hobby: 'chess' }, NOON + HOUR);
    await assessAll(database, clock);
    expect(await rows('hobby')).toEqual(['agency', 'website']);
  });

  it('has the lead scored again when it was folded before it was applied', async () => {
    const refolds = async (traits: Properties) => {
      await identify(traits, NOON + 30 * HOUR);
      await database.query(sql`UPDATE interaction SET assessed_at = ${at(NOON)} WHERE linked_at IS NULL`);
      await linkIdentities(database, clock);
      return (await database.query(sql`SELECT FROM lead WHERE refold`)).length;
    };
    expect(await refolds({ lastSeen: 'just now' })).toBe(0);
    expect(await refolds({ city: 'Mainz' })).toBe(1);
  });
});
