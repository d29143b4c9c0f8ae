import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { runSequenceJob } from '../../store/run-sequence-job.ts';
import { sql } from '../../store/sql.ts';
import { runJourney } from './driver.ts';

/** Does all jobs of sequences, as the worker does, until none is left. */
export async function runSequenceJobs(database: Database, clock: Clock, batchSize?: number): Promise<void> {
  while (await runSequenceJob(database, clock, batchSize));
}

/** Plans everybody whose attention was raised or whose look is due, as sweep and timers do, until none is left. */
export async function planAll(
  database: Database,
  clock: Clock,
  onSent?: (messageId: string, at: number) => void,
): Promise<void> {
  for (;;) {
    const leads = await database.query<{ id: string }>(sql`
      SELECT id FROM lead WHERE attention_rev <> planned_rev OR next_look_at <= ${new Date(clock.now())}`);
    if (leads.length === 0) return;
    for (const { id } of leads) await runJourney(database, clock, id, onSent);
  }
}
