import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../config/log.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { recordHit } from '../../store/record-hit.ts';
import { at, sql } from '../../store/sql.ts';
import { startHitJudge } from '../../worker/hit-judge.ts';
import type { Loop } from '../../worker/loop.ts';
import { addLead } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { eventually } from '../support/engine.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const clock = testClock(NOON);
let database: Database;
let judge: Loop;
beforeAll(async () => {
  database = await createTestDatabase();
  judge = startHitJudge({ database, clock, log: createLog('silent', 'test') });
});
afterAll(async () => {
  await judge.stop();
  await database.close();
});

async function mailRead(agent: string): Promise<string> {
  const { id: lead, email } = await addLead(database, { now: NOON });
  await database.query(sql`
    INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
    VALUES (${lead}::uuid, 'email', 'tracking', 'granted', 'api', 'test', ${at(NOON)})`);
  const messageId = newId();
  await database.query(sql`
    INSERT INTO message (id, recipient_kind, lead_id, address, channel, purpose, template_key, lineage, state, due_at, claimed_at,
                         finished_at, message_id_header, created_at)
    VALUES (${messageId}::uuid, 'lead', ${lead}::uuid, ${email}, 'email', 'newsletter', 'n', 'n', 'accepted', ${at(NOON)}, ${at(NOON)},
            ${at(NOON)}, ${`<${messageId}@test>`}, ${at(NOON)})`);
  const hit = { kind: 'click', url: 'https://shop.example/', method: 'GET', ip: '192.0.2.7' } as const;
  expect(await recordHit(database, { ...hit, messageId, userAgent: agent, now: clock.now() })).toBe(true);
  return messageId;
}
const verdictOf = async (messageId: string) => {
  const [row] = await database.query<{ why: string | null; judged: boolean; discounted: string | null }>(sql`
    SELECT why, judged_at IS NOT NULL AS judged, discounted_why AS discounted
    FROM mail_hit JOIN interaction ON interaction.message_id = interaction_message_id AND source = 'tend'
    WHERE mail_hit.message_id = ${messageId}::uuid`);
  return row;
};

it('judges what has settled, and one mail that cannot be judged holds up no other', { timeout: 30_000 }, async () => {
  clock.set(NOON + 60_000);
  // The database refuses this one verdict.
  await database.query(
    sql`ALTER TABLE interaction ADD CONSTRAINT no_programs CHECK (discounted_why IS DISTINCT FROM 'program')`,
  );
  const [bad, good, person] = [
    await mailRead('curl/8.5.0'),
    await mailRead('Barracuda Sentinel (EE)'),
    await mailRead('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'),
  ];
  clock.set(clock.now() + 21_000);
  await eventually('all to be judged', async () => {
    const verdicts = await Promise.all([bad, good, person].map(verdictOf));
    return verdicts.every((verdict) => verdict?.judged) ? true : null;
  });
  expect(await verdictOf(good)).toEqual({ why: 'known-scanner', judged: true, discounted: 'known-scanner' });
  expect(await verdictOf(person)).toEqual({ why: null, judged: true, discounted: null });
  expect(await verdictOf(bad)).toEqual({ why: null, judged: true, discounted: null });
});
