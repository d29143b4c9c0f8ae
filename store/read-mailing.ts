import type { Instant } from '../domain/instant.ts';
import type { ShownState } from '../domain/mailing/mailing-state.ts';
import type { MailingTime } from '../domain/mailing/mailing-time.ts';
import type { Database, Queryable } from './database.ts';
import { type MailingRun, readLastRun } from './mailing-run.ts';
import { sql } from './sql.ts';

/** How far a mailing's last run is. Numbers of people; test leads are not among them. */
export interface MailingProgress {
  readonly state: ShownState;
  readonly version: number;
  readonly time: MailingTime;
  readonly beginsAt: Instant;
  readonly scheduledAt: Instant;
  readonly scheduledBy: string;
  readonly startedAt: Instant | null;
  readonly pausedAt: Instant | null;
  readonly finishedAt: Instant | null;
  /** Why selecting failed, and it is paused; null: it did not. */
  readonly error: string | null;
  /** How many leads there are to look at, and how many were looked at. */
  readonly leads: number | null;
  readonly leadsDone: number;
  readonly audience: number;
  readonly enrolled: number;
  /** Of the audience, who was not set on their way, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly sent: number;
  /** Their plan is still to come, their own clock not there yet, or their mail just on its way. */
  readonly onTheWay: number;
  /** Mails that wait, by reason. */
  readonly delayed: Readonly<Record<string, number>>;
  /** Mails that will not be sent any more, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** What a mailing's GET shows beside its versions: its state, and its last run. */
export async function readMailing(
  database: Database,
  key: string,
): Promise<{ readonly state: ShownState; readonly run: MailingProgress | null }> {
  const run = await readLastRun(database, key);
  if (run === null) return { state: 'draft', run: null };
  return { state: run.state, run: await progressOf(database, run) };
}

export interface MailingSummary {
  readonly key: string;
  readonly state: ShownState;
  readonly time: MailingTime | null;
  readonly audience: number;
  readonly enrolled: number;
}

/** The last run of every mailing, by key. */
export async function listMailings(database: Database): Promise<MailingSummary[]> {
  return database.query<MailingSummary>(sql`
    SELECT definition.key, coalesce(run.state, 'draft') AS state, run.time, coalesce(audience, 0) AS audience, coalesce(enrolled, 0) AS enrolled
    FROM definition LEFT JOIN LATERAL (
      SELECT * FROM mailing_run WHERE mailing_key = definition.key ORDER BY scheduled_at DESC, id DESC LIMIT 1) AS run ON true
    WHERE definition.kind = 'mailing' ORDER BY definition.key`);
}

/** The run's own numbers, and what became of its mails. */
export async function progressOf(queryable: Queryable, run: MailingRun): Promise<MailingProgress> {
  const { state, time, beginsAt, scheduledAt, scheduledBy, startedAt, pausedAt, finishedAt, error } = run;
  const { leads, leadsDone, audience, enrolled, skipped } = run;
  const [definition] = await queryable.query<{ version: number }>(sql`
    SELECT version FROM definition_version WHERE id = ${run.versionId}::bigint`);
  const rows = await queryable.query<{
    state: string | null;
    reason: string | null;
    going: boolean;
    people: number;
  }>(sql`
    SELECT message.state, coalesce(message.reason, end_reason) AS reason, ended_at IS NULL AS going, count(*) AS people
    FROM (SELECT DISTINCT ON (lead_id) id, lead_id, ended_at, end_reason FROM enrolment
          WHERE sequence_version_id = ${run.versionId}::bigint AND entered_by = 'mailing' ORDER BY lead_id, id DESC) AS last
    JOIN lead ON lead.id = last.lead_id LEFT JOIN message ON message.enrolment_id = last.id
    WHERE NOT test GROUP BY 1, 2, 3`);
  const delayed: Record<string, number> = {};
  const dropped: Record<string, number> = {};
  let sent = 0;
  let onTheWay = 0;
  const add = (counts: Record<string, number>, reason: string, people: number) => {
    counts[reason] = (counts[reason] ?? 0) + people;
  };
  for (const { state: of, reason, going, people } of rows) {
    switch (of) {
      case 'accepted':
        sent += people;
        break;
      case 'delayed':
      case 'deferred':
        add(delayed, reason ?? of, people);
        break;
      case 'dropped':
      case 'superseded':
        add(dropped, reason ?? of, people);
        break;
      case 'refused':
      case 'unknown':
        break;
      default:
        if (going) onTheWay += people;
        // It ended before there was a mail.
        else if (of === null) add(dropped, reason === 'completed' ? 'already-received' : (reason ?? 'ended'), people);
    }
  }
  const numbers = { leads, leadsDone, audience, enrolled, skipped, sent, onTheWay, delayed, dropped };
  const version = definition?.version ?? 0;
  return {
    state,
    version,
    time,
    beginsAt,
    scheduledAt,
    scheduledBy,
    startedAt,
    pausedAt,
    finishedAt,
    error,
    ...numbers,
  };
}
