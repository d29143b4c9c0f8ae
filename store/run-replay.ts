import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { type KnownOverTime, nothingKnown } from '../domain/attributes/history.ts';
import { OUTCOME_EVENTS } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import { compareFoldOrder, type Interaction, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { ScoringModel } from '../domain/scoring/model.ts';
import { asksForAttributes, profileOverTime } from '../domain/scoring/profile-over-time.ts';
import { replayLead } from '../domain/scoring/replay.ts';
import { addToReport, emptyReport, type ReplayReport } from '../domain/scoring/replay-report.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { isTransient } from './is-transient.ts';
import { loadModelVersion } from './load-live-definitions.ts';
import { errorCode } from './park-lead.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';
import { at, sql } from './sql.ts';

/** So many leads' histories are in memory at once. */
const LEADS_A_BATCH = 100;
/** How long folding may hold up whatever else this process does: scoring takes many short turns, and waits before each. */
const TURN_MS = 1;
/** A turn of the event loop that took longer than this had work of somebody else in it … */
const BUSY_MS = 0.3;
/** … who is given this time before folding goes on. Where nobody else works, nothing is lost. */
const STAND_BACK_MS = 6;

/**
 * Plays one batch of leads of the replay that was asked for first, and adds what it finds to its report. The replay's
 * row is locked meanwhile: other workers pass it by, a cancelling waits for the batch, and with a process that dies the
 * lock goes and the batch is as if it had never begun. Returns whether there was one.
 */
export async function replayBatch(database: Database, clock: Clock, batchSize = LEADS_A_BATCH): Promise<boolean> {
  let id: string | undefined;
  try {
    return await database.transaction(async (transaction) => {
      const replay = await takeReplay(transaction);
      if (replay === undefined) return false;
      id = replay.id;
      await playBatch(transaction, replay, clock, batchSize);
      return true;
    });
  } catch (error) {
    if (id === undefined || isTransient(error)) throw error;
    // It would fail again, and keep all others waiting.
    await database.query(sql`
      UPDATE model_replay SET state = 'failed', error = ${errorCode(error)}, finished_at = ${at(clock.now())}
      WHERE id = ${id}::uuid AND state IN ('waiting', 'running')`);
    return true;
  }
}

interface OpenReplay {
  readonly id: string;
  readonly versionId: number;
  readonly againstVersionId: number | null;
  readonly askedAt: Instant;
  readonly after: string | null;
  readonly leads: number;
  readonly report: ReplayReport | null;
}

async function takeReplay(transaction: Transaction): Promise<OpenReplay | undefined> {
  const [replay] = await transaction.query<OpenReplay>(sql`
    SELECT id, version_id AS "versionId", against_version_id AS "againstVersionId", asked_at AS "askedAt", after, leads, report
    FROM model_replay WHERE state IN ('waiting', 'running') ORDER BY asked_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED`);
  return replay;
}

async function playBatch(transaction: Transaction, replay: OpenReplay, clock: Clock, batchSize: number): Promise<void> {
  // Folding may take longer than a transaction may stand idle; should this process hang, the row's lock harms nobody.
  await transaction.query(sql`SET LOCAL idle_in_transaction_session_timeout = '10min'`);
  const until = replay.askedAt;
  const total = replay.report === null ? await countLeads(transaction, until) : replay.leads;
  const report = replay.report ?? emptyReport(until);
  const leads = await transaction.query<LeadOfHistory>(sql`
    SELECT id, stage, account_id AS "accountId" FROM lead
    WHERE (${replay.after}::uuid IS NULL OR id > ${replay.after}::uuid)
      AND merged_into IS NULL AND erased_at IS NULL AND NOT test AND created_at <= ${at(until)}
    ORDER BY id LIMIT ${batchSize}::int`);
  await playLeads(transaction, replay, report, leads);
  const finished = leads.length < batchSize;
  await transaction.query(sql`
    UPDATE model_replay SET state = ${finished ? 'done' : 'running'}, leads = ${total}::int, leads_done = leads_done + ${leads.length}::int,
           after = ${leads.at(-1)?.id ?? replay.after}::uuid, report = ${JSON.stringify(report)}::jsonb,
           finished_at = ${finished ? at(clock.now()) : null}
    WHERE id = ${replay.id}::uuid`);
}

/** Adds `leads` to the report; whose history cannot be folded is counted, and holds up nobody. */
async function playLeads(
  transaction: Transaction,
  { versionId, againstVersionId, askedAt: until }: OpenReplay,
  report: ReplayReport,
  leads: readonly LeadOfHistory[],
): Promise<void> {
  const model = await loadModelVersion(transaction, versionId);
  const against = againstVersionId === null ? null : await loadModelVersion(transaction, againstVersionId);
  const asks = asksForAttributes(model) || (against !== null && asksForAttributes(against));
  const attributes = await readAttributeHistories(transaction, asks ? leads : []);
  const histories = await readHistories(
    transaction,
    leads.map(({ id }) => id),
    until,
  );
  let since = performance.now();
  for (const lead of leads) {
    try {
      playLead(report, lead, histories.get(lead.id) ?? [], attributes.get(lead.id) ?? nothingKnown, { model, against });
    } catch {
      report.failed += 1;
    }
    histories.delete(lead.id);
    if (performance.now() - since < TURN_MS) continue;
    await letOthersWork();
    since = performance.now();
  }
}

async function letOthersWork(): Promise<void> {
  const began = performance.now();
  await turn();
  if (performance.now() - began > BUSY_MS) await pause(STAND_BACK_MS);
}

function playLead(
  report: ReplayReport,
  { id, stage }: LeadOfHistory,
  history: Interaction[],
  attributes: KnownOverTime,
  { model, against }: { readonly model: ScoringModel; readonly against: ScoringModel | null },
): void {
  history.sort(compareFoldOrder);
  const play = (version: ScoringModel) =>
    replayLead(version, history, profileOverTime(version, attributes), report.until);
  addToReport(report, {
    lead: id,
    scored: stage === 'lead',
    countsUntil: countsUntil(stage, history, report.until),
    firstSeen: history[0]?.occurredAt ?? null,
    before: against === null ? null : play(against),
    after: play(model),
  });
}

/** A customer was a lead until the handoff was won, which is part of its history. */
function countsUntil(stage: LeadOfHistory['stage'], history: readonly Interaction[], until: Instant): Instant | null {
  switch (stage) {
    case 'lead':
      return until;
    case 'customer':
      return (
        history.find(({ source, name }) => source === TEND_SOURCE && name === OUTCOME_EVENTS.won)?.occurredAt ?? null
      );
    case 'disqualified':
      return null;
  }
}

async function readHistories(
  transaction: Transaction,
  leadIds: readonly string[],
  until: Instant,
): Promise<Map<string, Interaction[]>> {
  const rows = await transaction.query<Interaction & { readonly leadId: string }>(sql`
    SELECT id, lead_id AS "leadId", source, message_id AS "messageId", kind, name, properties, occurred_at AS "occurredAt"
    FROM interaction WHERE lead_id = ANY(${leadIds}::uuid[]) AND discounted_at IS NULL AND occurred_at <= ${at(until)}`);
  const histories = new Map<string, Interaction[]>();
  for (const row of rows) {
    const history = histories.get(row.leadId);
    if (history === undefined) histories.set(row.leadId, [row]);
    else history.push(row);
  }
  return histories;
}

async function countLeads(transaction: Transaction, until: Instant): Promise<number> {
  const [row] = await transaction.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM lead WHERE merged_into IS NULL AND erased_at IS NULL AND NOT test AND created_at <= ${at(until)}`);
  return row?.leads ?? 0;
}
