import { TendError } from '../domain/errors.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import { EMAIL_LINK_CLICKED, EMAIL_OPENED, TEND_SOURCE, UNSUBSCRIBED } from '../domain/interaction/interaction.ts';
import type { Database } from './database.ts';
import { readLastRun } from './mailing-run.ts';
import { type MailingProgress, progressOf } from './read-mailing.ts';
import { at, sql } from './sql.ts';

/** A handoff within this time after the mail is counted with it. */
const HANDOFF_WITHIN_MS = 7 * DAY;

/** What became of a mailing's last run, in numbers of people. Test leads are not among them. */
export interface MailingReport extends MailingProgress {
  readonly key: string;
  /** Refused by the mail server for good, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Their attempt ended without an answer. */
  readonly unknown: number;
  /** Of those it was sent to. Scanners and privacy proxies open mails that nobody reads. */
  readonly opened: number;
  readonly clicked: number;
  readonly unsubscribed: number;
  /** Offered to sales within seven days after the mail, for whatever reason. */
  readonly handoffs: number;
}

/** Throws `not-found`, and `conflict` where it was never scheduled. */
export async function reportMailing(database: Database, key: string): Promise<MailingReport> {
  const [definition] = await database.query(sql`SELECT 1 FROM definition WHERE kind = 'mailing' AND key = ${key}`);
  if (definition === undefined) throw new TendError('not-found', `There is no mailing "${key}".`);
  const run = await readLastRun(database, key);
  if (run === null)
    throw new TendError('conflict', `The mailing "${key}" was never scheduled: there is nothing to report yet.`);
  const progress = await progressOf(database, run);
  const refused = await database.query<{ reason: string; people: number }>(sql`
    SELECT coalesce(message.reason, message.state) AS reason, count(*) AS people
    FROM enrolment JOIN lead ON lead.id = enrolment.lead_id JOIN message ON message.enrolment_id = enrolment.id
    WHERE sequence_version_id = ${run.versionId}::bigint AND entered_by = 'mailing' AND NOT test AND message.state = 'refused' GROUP BY 1`);
  const reactions = await readReactions(database, run.versionId, run.startedAt ?? run.beginsAt);
  return {
    key,
    ...progress,
    refused: Object.fromEntries(refused.map(({ reason, people }) => [reason, people])),
    ...reactions,
  };
}

type Reactions = Pick<MailingReport, 'unknown' | 'opened' | 'clicked' | 'unsubscribed' | 'handoffs'>;

async function readReactions(database: Database, versionId: number, since: Instant): Promise<Reactions> {
  const [reactions] = await database.query<Reactions>(sql`
    WITH mail AS MATERIALIZED (
      SELECT message.id::text AS id, message.lead_id, claimed_at, message.state
      FROM enrolment JOIN lead ON lead.id = enrolment.lead_id JOIN message ON message.enrolment_id = enrolment.id
      WHERE sequence_version_id = ${versionId}::bigint AND entered_by = 'mailing' AND NOT test AND message.state IN ('accepted', 'unknown')),
    reaction AS (
      SELECT name, mail.lead_id FROM mail JOIN interaction ON interaction.lead_id = mail.lead_id
      WHERE kind = 'tend' AND source = ${TEND_SOURCE} AND name IN (${EMAIL_OPENED}, ${EMAIL_LINK_CLICKED}, ${UNSUBSCRIBED})
        AND occurred_at >= ${at(since)} AND discounted_at IS NULL AND properties->>'message' = mail.id)
    SELECT (SELECT count(*) FROM mail WHERE state = 'unknown') AS unknown,
           (SELECT count(DISTINCT lead_id) FROM reaction WHERE name = ${EMAIL_OPENED}) AS opened,
           (SELECT count(DISTINCT lead_id) FROM reaction WHERE name = ${EMAIL_LINK_CLICKED}) AS clicked,
           (SELECT count(DISTINCT lead_id) FROM reaction WHERE name = ${UNSUBSCRIBED}) AS unsubscribed,
           (SELECT count(DISTINCT mail.lead_id) FROM mail JOIN handoff ON handoff.lead_id = mail.lead_id
            WHERE offered_at >= claimed_at AND offered_at < claimed_at + ${HANDOFF_WITHIN_MS}::bigint * interval '1 millisecond') AS handoffs`);
  return reactions ?? { unknown: 0, opened: 0, clicked: 0, unsubscribed: 0, handoffs: 0 };
}
