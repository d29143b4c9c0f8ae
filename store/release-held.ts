import { nothingKnown } from '../domain/attributes/history.ts';
import { DAY, type Instant } from '../domain/instant.ts';
import { type Standing, standingAt } from '../domain/scoring/fold.ts';
import { asksForAttributes, profileOverTime } from '../domain/scoring/profile-over-time.ts';
import type { Clock } from './clock.ts';
import type { Database, Transaction } from './database.ts';
import { type LiveModel, loadLiveDefinitions } from './load-live-definitions.ts';
import { raiseAttentionQuietly } from './raise-attention.ts';
import { readStandings } from './read-assessment.ts';
import { type LeadOfHistory, readAttributeHistories } from './read-attribute-histories.ts';
import { at, sql } from './sql.ts';

/** So few at a time that the leads of the moment never wait behind those that a publishing made ready. */
const LEADS_A_ROUND = 20;

/**
 * Gives leads their turn whom a publishing made ready for sales and who are held back: of each live model at most
 * `perDay` in any 24 hours, those with the most points first. Their attention is raised, quietly: the caller wakes them,
 * behind all others. Who cannot be offered just now (sales has the lead, or gave it back since it qualified) is left
 * aside, and takes nobody's place. For the sweep, which calls it every few seconds. Returns those that were released.
 */
export async function releaseHeld(database: Database, clock: Clock): Promise<string[]> {
  const { models } = await loadLiveDefinitions(database);
  const released: string[] = [];
  for (const model of models) {
    if (model.publication?.changed !== 'hand-off') continue;
    released.push(...(await database.transaction((transaction) => releaseOf(transaction, model, clock.now()))));
  }
  return released;
}

async function releaseOf(transaction: Transaction, model: LiveModel, now: Instant): Promise<string[]> {
  const { versionId } = model;
  if (!(await somebodyIsHeld(transaction, versionId))) return [];
  // Two workers that release at the same time would both count the same places as free.
  const [mine] = await transaction.query(sql`
    SELECT 1 FROM definition_version WHERE id = ${versionId}::bigint FOR NO KEY UPDATE SKIP LOCKED`);
  if (mine === undefined) return [];
  const places = await freePlaces(transaction, model, now);
  if (places <= 0) return [];
  const leads = await lockNext(transaction, model);
  if (leads.length === 0) return [];
  const { ready, fallen } = await weigh(transaction, model, leads, places, now);
  // Time alone has taken these back below the threshold: what was held back is over, and they may qualify anew.
  await transaction.query(sql`
    UPDATE standing SET held = NULL WHERE model_version_id = ${versionId}::bigint AND lead_id = ANY(${fallen}::uuid[])`);
  await transaction.query(sql`
    UPDATE standing SET held = NULL, released_at = ${at(now)}
    WHERE model_version_id = ${versionId}::bigint AND lead_id = ANY(${ready}::uuid[])`);
  await raiseAttentionQuietly(transaction, [...ready, ...fallen]);
  return ready;
}

async function somebodyIsHeld(transaction: Transaction, versionId: number): Promise<boolean> {
  const held = await transaction.query(sql`
    SELECT 1 FROM standing WHERE model_version_id = ${versionId}::bigint AND held = 'hand-off' LIMIT 1`);
  return held.length > 0;
}

/** How many may be released now: a round's, or what the last 24 hours, under whatever version, have left of the number a day. */
async function freePlaces(
  transaction: Transaction,
  { definition, publication }: LiveModel,
  now: Instant,
): Promise<number> {
  const perDay = publication?.perDay ?? null;
  if (perDay === null) return LEADS_A_ROUND;
  const [row] = await transaction.query<{ used: number }>(sql`
    SELECT count(DISTINCT lead_id) AS used FROM standing
    WHERE model_key = ${definition.key} AND released_at > ${at(now - DAY)}`);
  return Math.min(LEADS_A_ROUND, perDay - (row?.used ?? 0));
}

/**
 * Locks the next in line, as everybody who decides about a lead does; one that is held by somebody else waits a round.
 * A whole round of them whatever the places, since some may have fallen back. In the order of their turn.
 */
async function lockNext(transaction: Transaction, { versionId }: LiveModel): Promise<LeadOfHistory[]> {
  const next = await transaction.query<{ id: string }>(sql`
    SELECT lead.id FROM held_back JOIN lead ON lead.id = lead_id
    WHERE model_version_id = ${versionId}::bigint AND held = 'hand-off' AND parked_at IS NULL AND NOT refold AND attention_rev = planned_rev
    ORDER BY firm_points DESC, lead.id LIMIT ${LEADS_A_ROUND}::int`);
  const locked = await transaction.query<LeadOfHistory>(sql`
    SELECT id, stage, account_id AS "accountId" FROM lead
    WHERE id = ANY(${next.map(({ id }) => id)}::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`);
  const byId = new Map(locked.map((lead) => [lead.id, lead]));
  return next.flatMap(({ id }) => byId.get(id) ?? []);
}

/** Who of them is still held and ready for sales at `now`, as many as there are places; read after they were locked. */
async function weigh(
  transaction: Transaction,
  { versionId, definition }: LiveModel,
  leads: readonly LeadOfHistory[],
  places: number,
  now: Instant,
): Promise<{ readonly ready: string[]; readonly fallen: string[] }> {
  const ids = leads.map(({ id }) => id);
  const standings = await readStandings(transaction, ids, [versionId]);
  const histories = await readAttributeHistories(transaction, asksForAttributes(definition) ? leads : []);
  const ready: string[] = [];
  const fallen: string[] = [];
  /** Null where it can't be told: its plan fails too, which parks it, and it keeps its place. */
  const isReady = (stored: Standing, id: string): boolean | null => {
    try {
      const profile = profileOverTime(definition, histories.get(id) ?? nothingKnown);
      return standingAt(definition, stored, Math.max(now, stored.at ?? now), profile).standing.qualified;
    } catch {
      return null;
    }
  };
  for (const id of ids) {
    const stored = standings.get(`${id} ${versionId}`);
    if (stored?.held !== 'hand-off') continue;
    const isStillReady = isReady(stored.standing, id);
    if (isStillReady === false) fallen.push(id);
    else if (isStillReady && ready.length < places) ready.push(id);
  }
  return { ready, fallen };
}
