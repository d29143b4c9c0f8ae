import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TendError } from '../../domain/errors.ts';
import { DAY, HOUR, MINUTE } from '../../domain/instant.ts';
import type { Database } from '../../store/database.ts';
import { putDraft } from '../../store/put-draft.ts';
import { reportMailing } from '../../store/report-mailing.ts';
import { runMailings } from '../../store/run-mailing.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { scheduleMailing } from '../../store/schedule-mailing.ts';
import { sql } from '../../store/sql.ts';
import { cancelMailing, pauseMailing, resumeMailing } from '../../store/steer-mailing.ts';
import { foundCompany, publish, tester } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { testClock } from '../support/driver.ts';
import { addCrowd, planDue, runWorkers } from '../support/mailings.ts';
import { SCALE } from '../support/property.ts';

const NOW = Date.UTC(2026, 5, 2, 8);
const model = {
  key: 'shop',
  name: 'Shop',
  timeZone: 'UTC',
  threshold: 100,
  rules: [{ id: 'demo', on: { event: 'Demo' }, points: 30 }],
};

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('batch' as const), size: fc.integer({ min: 1, max: 6 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('killed' as const), statements: fc.integer({ min: 0, max: 14 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('plan' as const, 'job' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(1, 10, 300, 1_500) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'schedule' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

describe('a mailing, whatever is done to it and whenever its workers die', () => {
  it('reaches everybody at most once, says what became of each, and comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 4, maxLength: 20 }),
        fc.boolean(),
        async (operations, byOwnClock) => {
          const database = await createTestDatabase();
          try {
            await live(database, operations, byOwnClock);
          } finally {
            await database.close();
          }
        },
      ),
      { numRuns: 12 * SCALE },
    );
  });
});

async function live(database: Database, operations: readonly Operation[], byOwnClock: boolean): Promise<void> {
  const clock = testClock(NOW);
  // One that may be repeated: nothing but the mailing itself keeps it from being sent twice.
  await foundCompany(database, { now: NOW, model, sequences: [], templates: ['news'] });
  const calm = { key: 'default', name: 'Calm', timeZone: 'UTC', spacing: 'none', holidays: 'send', weekends: 'send' };
  await publish(database, 'pacing', { ...calm, throttle: { perMinute: 30 } }, NOW);
  const leads = await addCrowd(database, 12, NOW);
  await addCrowd(database, 2, NOW, { purpose: null });
  for (const [index, zone] of ['Asia/Tokyo', 'America/New_York', 'Pacific/Honolulu'].entries())
    await database.query(
      sql`UPDATE lead SET time_zone = ${zone} WHERE id = ANY(${leads.slice(index * 3, index * 3 + 3)}::uuid[])`,
    );
  const content = { key: 'june', name: 'June', purpose: 'newsletter', template: 'news' };
  await putDraft(database, { kind: 'mailing', key: 'june', content, actor: tester, now: NOW });
  const steer = () => ({ key: 'june', actor: tester, now: clock.now() });
  const schedule = () => {
    const now = clock.now();
    const date = new Date(now + DAY).toISOString().slice(0, 10);
    const time = byOwnClock ? { date, time: '10:00' } : new Date(now + MINUTE).toISOString();
    return scheduleMailing(database, { key: 'june', time, actor: tester, now });
  };
  await schedule();
  let cancelled = false;
  for (const operation of operations) {
    switch (operation.kind) {
      case 'batch':
        await runMailings(database, clock, operation.size);
        break;
      case 'killed':
        await runMailings(dyingAfter(database, operation.statements), clock, 4).catch(() => {});
        break;
      case 'plan':
        await planDue(database, clock);
        break;
      case 'job':
        await runSequenceJob(database, clock, 3);
        break;
      case 'wait':
        clock.set(clock.now() + operation.minutes * MINUTE);
        break;
      case 'pause':
        await mayConflict(pauseMailing(database, steer()));
        break;
      case 'resume':
        await mayConflict(resumeMailing(database, steer()));
        break;
      case 'cancel':
        await mayConflict(cancelMailing(database, steer()));
        cancelled = true;
        break;
      case 'schedule':
        await mayConflict(schedule());
        break;
    }
  }
  await mayConflict(resumeMailing(database, steer()));
  for (let look = 0; look < 60; look += 1) {
    await runWorkers(database, clock);
    clock.set(clock.now() + (look < 20 ? MINUTE : 2 * HOUR));
  }
  const report = await reportMailing(database, 'june');
  expect(['done', 'cancelled']).toContain(report.state);
  expect(report.finishedAt).not.toBeNull();
  expect([report.onTheWay, report.delayed]).toEqual([0, {}]);
  const [twice] = await database.query(sql`
    SELECT 1 FROM message WHERE state = 'accepted' GROUP BY lead_id HAVING count(*) > 1`);
  expect(twice).toBeUndefined();
  const [open] = await database.query(sql`
    SELECT 1 FROM enrolment WHERE ended_at IS NULL UNION ALL SELECT 1 FROM message WHERE finished_at IS NULL
    UNION ALL SELECT 1 FROM sequence_pause WHERE released_at IS NULL`);
  expect(open).toBeUndefined();
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  if (report.state === 'cancelled') return;
  expect(report).toMatchObject({ leads: 14, leadsDone: 14, audience: 14 });
  expect(report.enrolled + sum(report.skipped)).toBe(14);
  expect(report.sent + sum(report.dropped)).toBe(12);
  // A pause and a throttle delay; only a cancelling, or a start days late, drops.
  if (!cancelled && sum(report.dropped) > 0) expect(Object.keys(report.dropped)).toEqual(['deadline-passed']);
}

/** What the present state does not allow is refused; anything else is a fault. */
async function mayConflict(change: Promise<void>): Promise<void> {
  await change.catch((error: unknown) => {
    if (!(error instanceof TendError) || error.code !== 'conflict') throw error;
  });
}

/** A process that dies before its `statements`th statement. */
function dyingAfter(database: Database, statements: number): Database {
  return {
    ...database,
    transaction: (work) =>
      database.transaction((transaction) => {
        let left = statements;
        return work({
          ...transaction,
          query(statement) {
            left -= 1;
            if (left < 0) throw new Error('connection terminated: killed');
            return transaction.query(statement);
          },
        });
      }),
  };
}
