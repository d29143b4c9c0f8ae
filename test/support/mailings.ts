import type { Instant } from '../../domain/instant.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { runMailings } from '../../store/run-mailing.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { at, sql } from '../../store/sql.ts';
import { runJourney } from './driver.ts';

/** Does what the workers do for mailings, until nothing is left to be done now. Returns the mails that went. */
export async function runWorkers(database: Database, clock: Clock): Promise<number> {
  let sent = 0;
  for (;;) {
    const { more } = await runMailings(database, clock);
    const job = await runSequenceJob(database, clock);
    const planned = await planDue(database, clock, () => {
      sent += 1;
    });
    if (!more && !job && planned === 0) return sent;
  }
}

/** Plans, and sends for, every lead with news or an instant that has come. Returns how many there were. */
export async function planDue(database: Database, clock: Clock, onSent: () => void = () => {}): Promise<number> {
  const due = await database.query<{ id: string }>(sql`
    SELECT id FROM lead WHERE attention_rev <> planned_rev OR next_look_at <= ${at(clock.now())} ORDER BY id`);
  // Four at once, as the waker does.
  let next = 0;
  const plan = async (): Promise<void> => {
    for (let lead = due[next++]; lead !== undefined; lead = due[next++])
      await runJourney(database, clock, lead.id, onSent);
  };
  await Promise.all([plan(), plan(), plan(), plan()]);
  return due.length;
}

/** Many leads at once, each with an address, and a consent to the newsletter unless told otherwise. Their ids. */
export async function addCrowd(
  database: Database,
  count: number,
  now: Instant,
  { purpose = 'newsletter' as string | null } = {},
): Promise<string[]> {
  const rows = await database.query<{ id: string }>(sql`
    INSERT INTO lead (id, created_at) SELECT gen_random_uuid(), ${at(now)} FROM generate_series(1, ${count}::int) RETURNING id`);
  const ids = rows.map(({ id }) => id);
  await database.query(sql`
    INSERT INTO identity (kind, value, lead_id, linked_at, created_at)
    SELECT 'email', id || '@people.example', id, ${at(now)}::timestamptz, ${at(now)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
  if (purpose !== null)
    await database.query(sql`
      INSERT INTO consent (lead_id, channel, purpose, action, source, actor, at)
      SELECT id, 'email', ${purpose}::text, 'granted', 'api', 'test', ${at(now)}::timestamptz FROM unnest(${ids}::uuid[]) AS new(id)`);
  return ids;
}
