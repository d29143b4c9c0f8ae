import { TendError } from '../domain/errors.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import type { Queryable } from './database.ts';
import { sql } from './sql.ts';

/** How a sequence does, over all of its versions. Test leads are not counted. */
export interface SequenceReport {
  readonly sequence: string;
  /** Passes through it, ended or not. */
  readonly entered: number;
  /** Whom an event brought and whose audience has not been asked yet. */
  readonly entering: number;
  /** Who was not let in. */
  readonly turnedAway: number;
  readonly active: number;
  /** In it, and held by a pause. */
  readonly held: number;
  /** Went to the end. */
  readonly completed: number;
  readonly goal: number;
  readonly left: Readonly<Record<string, number>>;
  readonly steps: readonly StepReport[];
}

export interface StepReport {
  readonly step: string;
  /** Null: the live version has no such step. */
  readonly kind: string | null;
  readonly active: number;
  readonly passed: number;
  readonly mails: MailsOfStep | null;
}

export interface MailsOfStep {
  readonly sent: number;
  /** About to be sent, or being sent. */
  readonly due: number;
  /** Held back by a rule or by the mail server. */
  readonly delayed: number;
  readonly dropped: number;
  readonly superseded: number;
  readonly refused: number;
  readonly unknown: number;
  /** Of the delayed and dropped ones. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Throws `not-found`. */
export async function reportSequence(queryable: Queryable, key: string): Promise<SequenceReport> {
  const live = await readLiveSequence(queryable, key);
  const enrolments = await queryable.query<EnrolmentRow>(sql`
    SELECT enrolment.state, end_reason AS reason, CASE WHEN ended_at IS NULL THEN step_id END AS step, ended_at IS NULL AND held AS held, count(*) AS count
    FROM enrolment JOIN lead ON lead.id = lead_id AND NOT lead.test JOIN enrolment_hold ON enrolment_hold.id = enrolment.id
    WHERE sequence_key = ${key} GROUP BY 1, 2, 3, 4`);
  const passes = await queryable.query<{ step: string; count: number }>(sql`
    SELECT step_pass.step_id AS step, count(*) AS count FROM step_pass
    JOIN enrolment ON enrolment.id = enrolment_id JOIN lead ON lead.id = lead_id AND NOT lead.test
    WHERE sequence_key = ${key} GROUP BY 1`);
  const mails = await queryable.query<MailRow>(sql`
    SELECT message.step_id AS step, message.state, reason, count(*) AS count FROM message
    JOIN enrolment ON enrolment.id = enrolment_id JOIN lead ON lead.id = message.lead_id AND NOT lead.test
    WHERE sequence_key = ${key} AND recipient_kind = 'lead' GROUP BY 1, 2, 3`);
  const count = (where: (row: EnrolmentRow) => boolean) => sum(enrolments.filter(where));
  const left: Record<string, number> = {};
  for (const row of enrolments)
    if (row.state === 'left') left[row.reason ?? 'unknown'] = (left[row.reason ?? 'unknown'] ?? 0) + row.count;
  const seen = [...passes, ...mails, ...enrolments].flatMap(({ step }) => step ?? []);
  const steps = [...new Set([...live.steps.map(({ id }) => id), ...seen.sort()])].map((step): StepReport => {
    const ofStep = mails.filter((row) => row.step === step);
    return {
      step,
      kind: live.steps.find(({ id }) => id === step)?.kind ?? null,
      active: count((row) => row.state === 'active' && row.step === step),
      passed: sum(passes.filter((row) => row.step === step)),
      mails: ofStep.length === 0 ? null : mailsOf(ofStep),
    };
  });
  return {
    sequence: key,
    entered: count(({ state }) => state !== 'turned-away' && state !== 'entering'),
    entering: count(({ state }) => state === 'entering'),
    turnedAway: count(({ state }) => state === 'turned-away'),
    active: count(({ state }) => state === 'active'),
    held: count(({ held }) => held),
    completed: count(({ state, reason }) => state === 'completed' && reason !== 'goal'),
    goal: count(({ state, reason }) => state === 'completed' && reason === 'goal'),
    left,
    steps,
  };
}

interface EnrolmentRow {
  readonly state: string;
  readonly reason: string | null;
  readonly step: string | null;
  readonly held: boolean;
  readonly count: number;
}

interface MailRow {
  readonly step: string;
  readonly state: string;
  readonly reason: string | null;
  readonly count: number;
}

function mailsOf(rows: readonly MailRow[]): MailsOfStep {
  const count = (...states: readonly string[]) => sum(rows.filter(({ state }) => states.includes(state)));
  const reasons: Record<string, number> = {};
  for (const { state, reason, count } of rows)
    if (reason !== null && ['delayed', 'deferred', 'dropped'].includes(state))
      reasons[reason] = (reasons[reason] ?? 0) + count;
  return {
    sent: count('accepted'),
    due: count('due', 'claimed'),
    delayed: count('delayed', 'deferred'),
    dropped: count('dropped'),
    superseded: count('superseded'),
    refused: count('refused'),
    unknown: count('unknown'),
    reasons,
  };
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

/** The live version of a sequence. Throws `not-found`. */
export async function readLiveSequence(queryable: Queryable, key: string): Promise<Sequence> {
  const [row] = await queryable.query<{ content: Sequence }>(sql`
    SELECT version.content FROM definition JOIN definition_version AS version ON version.id = live_version_id
    WHERE definition.kind = 'sequence' AND definition.key = ${key}`);
  if (row === undefined) throw new TendError('not-found', `There is no published sequence "${key}".`);
  return row.content;
}
