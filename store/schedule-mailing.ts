import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { MailingTime } from '../domain/mailing/mailing-time.ts';
import type { Database } from './database.ts';
import { loadDraftMailing, loadMailing } from './mailing-run.ts';
import { publishDefinition } from './publish-definition.ts';
import { assertToCome, scheduleRun } from './schedule-run.ts';
import { sql } from './sql.ts';

export interface ScheduleInput {
  readonly key: string;
  /** Default: what the mailing itself says. */
  readonly time: MailingTime | undefined;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Publishes a mailing's draft and sets when it goes; one that is scheduled already and has not begun goes then instead.
 *
 * Throws `not-found`, `invalid-request` (no time, or a past one), `definition-invalid`, and `conflict` (it is being sent, or
 * this very version was).
 */
export async function scheduleMailing(database: Database, { key, time, actor, now }: ScheduleInput): Promise<void> {
  const draft = await loadDraftMailing(database, key);
  if (time === undefined && draft.at === undefined)
    throw new TendError('invalid-request', `The mailing "${key}" does not say when it goes.`, [
      { path: 'at', problem: 'say when, for example 2026-12-01T10:00+01:00, or now' },
    ]);
  if (time !== undefined) assertToCome(time, now, 'invalid-request');
  const { published } = await publishDefinition(database, {
    kind: 'mailing',
    key,
    actor,
    now,
    ...(time !== undefined && { mailingTime: time }),
  });
  if (published) return;
  await database.transaction(async (transaction) => {
    const [live] = await transaction.query<{ versionId: number; version: number }>(sql`
      SELECT version.id AS "versionId", version.version FROM definition JOIN definition_version AS version ON version.id = live_version_id
      WHERE definition.kind = 'mailing' AND definition.key = ${key} FOR UPDATE OF definition`);
    if (live === undefined) throw new TendError('not-found', `There is no published mailing "${key}".`);
    const mailing = await loadMailing(transaction, live.versionId);
    await scheduleRun(transaction, { ...live, mailing, time: time ?? mailing.at, actor, now, code: 'invalid-request' });
  });
}
