import { system } from '../domain/actor.ts';
import { DAY, type Instant, SECOND } from '../domain/instant.ts';
import { EMAIL_REPLIED, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { MachineKind } from '../domain/interaction/machine.ts';
import type { Hit, HitKind, HitReason, Verdict } from '../domain/tracking/hit.ts';
import { FOLLOWED_MS, type HitContext, judgeHits } from '../domain/tracking/judge-hits.ts';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { discountInteraction } from './discount-interaction.ts';
import { isTransient } from './is-transient.ts';
import { resolveUnknown } from './resolve-unknown.ts';
import { at, sql } from './sql.ts';

/** A hit is judged once it is this old: by then the rest of its burst is there, and the page view that a person makes. */
export const SETTLE_MS = 20 * SECOND;
/** Hits are kept so long to judge later ones by, and no longer (Art. 5(1)(c) GDPR). The verdict stays with its interaction. */
const KEPT_MS = 90 * DAY;
/** Messages judged in one go. */
const BATCH = 50;
/** Hits looked at for messages to judge, and deleted, in one go. */
const HITS_AT_ONCE = 1_000;

export interface JudgedBatch {
  readonly messages: number;
  /** Interactions that were taken for a machine's. */
  readonly discounted: number;
  readonly more: boolean;
}

/**
 * Judges the hits that have waited long enough, message by message, with all hits of each as evidence: what a later one
 * gives away (a trap) revokes what was let pass before. An interaction of which every hit is a machine's is discounted; the
 * lead's history is folded anew. What a person said of an interaction by hand is left alone.
 *
 * Any number of processes may do this at once, and end at any instant: each step may be done twice and is then done once.
 * `onFailure` is told of messages whose hits can't be judged; they are let pass, and hold up nobody.
 */
export async function judgeWaitingHits(
  database: Database,
  clock: Clock,
  onFailure: (messageId: string, error: unknown) => void = () => {},
): Promise<JudgedBatch> {
  const now = clock.now();
  const until = now - SETTLE_MS;
  // Of a mail that is being sent nobody knows yet when it arrived; it waits for the result, or for the claim's end.
  const waiting = await database.query<{ messageId: string; known: boolean }>(sql`
    SELECT DISTINCT hit.message_id AS "messageId", message.id IS NOT NULL AS known
    FROM (SELECT message_id FROM mail_hit WHERE judged_at IS NULL AND at <= ${at(until)} ORDER BY at LIMIT ${HITS_AT_ONCE}::int) AS hit
         LEFT JOIN message ON message.id = hit.message_id
    WHERE message.state IS DISTINCT FROM 'claimed' LIMIT ${BATCH}::int`);
  let discounted = 0;
  for (const { messageId, known } of waiting) {
    try {
      if (known) discounted += await judgeMessage(database, messageId, until, now);
      else await database.query(sql`DELETE FROM mail_hit WHERE message_id = ${messageId}::uuid`);
    } catch (error) {
      if (isTransient(error)) throw error;
      onFailure(messageId, error);
      await database.query(sql`
        UPDATE mail_hit SET judged_at = ${at(now)} WHERE message_id = ${messageId}::uuid AND judged_at IS NULL AND at <= ${at(until)}`);
    }
  }
  return { messages: waiting.length, discounted, more: waiting.length === BATCH };
}

/** Returns how many interactions it discounted. */
async function judgeMessage(database: Database, messageId: string, until: Instant, now: Instant): Promise<number> {
  const hits = await readHits(database, messageId);
  const message = await readMessage(database, messageId);
  if (message === null || hits.length === 0) return 0;
  // Whatever fetched it had it from the mail: it has arrived, at the receiving server at least.
  const proof = hits.every(({ kind }) => kind === 'open') ? 'open' : 'click';
  if (!message.accepted)
    await database.transaction((transaction) => resolveUnknown(transaction, { messageId, proof, now }));
  const verdicts = judgeHits(hits, await readContext(database, messageId, message, hits));
  const judged = hits.map((hit, index) => ({ ...hit, now: verdicts[index] ?? null }));
  const fresh = judged.filter((hit) => hit.at <= until && hit.verdict === null && hit.now !== null);
  // First what follows from the verdicts, then these: who ends in between has it done once more.
  const discounted = await discountAll(database, judged, fresh, now);
  const changed = judged.filter(
    (hit) => hit.at <= until && hit.verdict === null && (hit.judgedAt === null || hit.now !== null),
  );
  await database.query(sql`
    UPDATE mail_hit SET machine = new.machine, why = new.why, judged_at = ${at(now)}
    FROM unnest(${changed.map(({ id }) => id)}::bigint[], ${changed.map((hit) => hit.now?.machine ?? null)}::text[],
                ${changed.map((hit) => hit.now?.why ?? null)}::text[]) AS new(id, machine, why)
    WHERE mail_hit.id = new.id AND mail_hit.machine IS NULL`);
  return discounted;
}

interface StoredHit extends Hit {
  readonly interaction: string | null;
  readonly judgedAt: Instant | null;
}
type JudgedHit = StoredHit & { readonly now: Verdict | null };

/** Discounts what `fresh` hits were recorded as, where no hit of it may be a person's. */
async function discountAll(
  database: Database,
  all: readonly JudgedHit[],
  fresh: readonly JudgedHit[],
  now: Instant,
): Promise<number> {
  const mayBeAPersons = new Set(all.filter((hit) => hit.now === null).map(({ interaction }) => interaction));
  const verdicts = new Map<string, Verdict>();
  for (const { interaction, now: verdict } of fresh) {
    if (interaction !== null && verdict !== null && !mayBeAPersons.has(interaction)) verdicts.set(interaction, verdict);
  }
  if (verdicts.size === 0) return 0;
  const interactions = await database.query<{ id: number; messageId: string }>(sql`
    SELECT id, message_id AS "messageId" FROM interaction
    WHERE source = ${TEND_SOURCE} AND message_id = ANY(${[...verdicts.keys()]}::text[]) AND discounted_at IS NULL ORDER BY id`);
  for (const { id, messageId } of interactions) {
    const verdict = verdicts.get(messageId);
    if (verdict === undefined) continue;
    await discountInteraction(database, {
      interactionId: id,
      as: verdict.machine,
      why: verdict.why,
      actor: system,
      now,
    });
  }
  return interactions.length;
}

async function readHits(database: Database, messageId: string): Promise<StoredHit[]> {
  const rows = await database.query<HitRow>(sql`
    SELECT id, kind, link, method, user_agent AS agent, network_hash AS network, at, machine, why, interaction_message_id AS interaction,
           judged_at AS "judgedAt"
    FROM mail_hit WHERE message_id = ${messageId}::uuid ORDER BY id`);
  return rows.map(({ machine, why, ...hit }) => ({
    ...hit,
    verdict: machine === null || why === null ? null : { machine, why },
  }));
}

interface HitRow extends Omit<StoredHit, 'verdict'> {
  readonly kind: HitKind;
  readonly machine: MachineKind | null;
  readonly why: HitReason | null;
}

interface HitMessage {
  readonly leadId: string;
  readonly accepted: boolean;
  readonly deliveredAt: Instant | null;
  readonly clockOffset: number;
}

async function readMessage(database: Database, messageId: string): Promise<HitMessage | null> {
  const [row] = await database.query<HitMessage & { acceptedAt: Instant | null; claimedAt: Instant | null }>(sql`
    SELECT lead_id AS "leadId", clock_offset_ms AS "clockOffset", state = 'accepted' AS accepted, claimed_at AS "claimedAt",
           CASE WHEN state = 'accepted' AND reason IS NULL THEN finished_at END AS "acceptedAt"
    FROM message JOIN lead ON lead.id = lead_id WHERE message.id = ${messageId}::uuid`);
  if (row === undefined) return null;
  const { acceptedAt, claimedAt, ...message } = row;
  const instant = acceptedAt ?? claimedAt;
  // A test lead's mails are dated by its own clock, hits by the world's.
  return { ...message, deliveredAt: instant === null ? null : instant - message.clockOffset };
}

async function readContext(
  database: Database,
  messageId: string,
  { leadId, clockOffset, deliveredAt }: HitMessage,
  hits: readonly Hit[],
): Promise<HitContext> {
  const first = Math.min(...hits.map((hit) => hit.at));
  const last = Math.max(...hits.map((hit) => hit.at));
  const human = await database.query<{ at: Instant }>(sql`
    SELECT at FROM (
      SELECT occurred_at - CASE WHEN own_time THEN ${clockOffset}::bigint ELSE 0 END * interval '1 millisecond' AS at
      FROM interaction
      WHERE lead_id = ${leadId}::uuid AND (kind <> 'tend' OR name = ${EMAIL_REPLIED}) AND discounted_at IS NULL
        AND occurred_at >= ${at(first)}) AS signal
    WHERE at BETWEEN ${at(first)} AND ${at(last + FOLLOWED_MS)} ORDER BY at LIMIT 1000`);
  const networks = await database.query<{ id: number; readers: number; trapped: boolean }>(sql`
    SELECT hit.id, others.readers, EXISTS (
             SELECT FROM mail_hit AS other WHERE other.network_hash = hit.network_hash AND other.kind = 'trap' AND other.message_id <> hit.message_id
               AND other.at BETWEEN hit.at - interval '10 minutes' AND hit.at + interval '10 minutes') AS trapped
    FROM mail_hit AS hit CROSS JOIN LATERAL (
      SELECT count(DISTINCT message.lead_id) AS readers FROM (
        SELECT message_id FROM mail_hit AS other
        WHERE other.network_hash = hit.network_hash AND other.kind = 'click' AND other.message_id <> hit.message_id
          AND other.at BETWEEN hit.at - interval '1 minute' AND hit.at + interval '1 minute' LIMIT 200) AS other
      JOIN message ON message.id = other.message_id WHERE message.lead_id <> ${leadId}::uuid) AS others
    WHERE hit.message_id = ${messageId}::uuid AND hit.kind <> 'trap' AND hit.machine IS NULL AND hit.network_hash IS NOT NULL`);
  return {
    deliveredAt,
    humanAt: human.map((signal) => signal.at),
    othersClicked: new Map(networks.map(({ id, readers }) => [id, readers])),
    trappedElsewhere: new Set(networks.filter(({ trapped }) => trapped).map(({ id }) => id)),
  };
}

/** Deletes hits that are no longer needed, the oldest first. Returns true where there may be more. */
export async function deleteOldHits(database: Database, clock: Clock): Promise<boolean> {
  const rows = await database.query(sql`
    DELETE FROM mail_hit
    WHERE id IN (SELECT id FROM mail_hit ORDER BY id LIMIT ${HITS_AT_ONCE}::int) AND judged_at IS NOT NULL AND at < ${at(clock.now() - KEPT_MS)}
    RETURNING 1`);
  return rows.length === HITS_AT_ONCE;
}
