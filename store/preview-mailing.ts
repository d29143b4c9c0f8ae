import { setImmediate as turn } from 'node:timers/promises';
import { basisOf } from '../domain/consent/policy.ts';
import { durationMs, type Instant } from '../domain/instant.ts';
import type { Mailing } from '../domain/mailing/mailing.ts';
import { instantIn, type MailingTime } from '../domain/mailing/mailing-time.ts';
import { count, emptyTally, type MailingPreview, type PreviewTally, previewOf } from '../domain/mailing/preview.ts';
import { outOfReach, prospect } from '../domain/mailing/reach.ts';
import type { Database, Transaction } from './database.ts';
import { loadContents } from './load-contents.ts';
import { loadLiveDefinitions } from './load-live-definitions.ts';
import { loadDraftMailing, readLastRun } from './mailing-run.ts';
import { readReach } from './read-reach.ts';
import { type Candidate, selectAudience } from './select-audience.ts';
import { sql } from './sql.ts';

/** Above this many leads a preview looks at about so many, chosen by chance, and says so. */
const MOST_LOOKED_AT = 10_000;
/** So few that whatever else this process does waits some milliseconds only. */
const LEADS_A_BATCH = 200;

export interface PreviewInput {
  readonly key: string;
  readonly now: Instant;
  /** Default: when it is scheduled, else what it says itself, else now. */
  readonly time?: MailingTime | undefined;
}

export interface Preview extends MailingPreview {
  readonly key: string;
  /** The time it was worked out for. */
  readonly time: MailingTime;
}

/**
 * What would become of a mailing as it was stored last, from what is known now: who is in the audience, who would be
 * withheld and why, and when the mails would go. What sequences send until then, and the throttle, are not foreseen.
 *
 * Throws `not-found`.
 */
export async function previewMailing(
  database: Database,
  { key, now, time: asked }: PreviewInput,
  mostLookedAt = MOST_LOOKED_AT,
): Promise<Preview> {
  const mailing = await loadDraftMailing(database, key);
  const run = await readLastRun(database, key);
  const scheduled = run !== null && (run.state === 'scheduled' || run.state === 'paused') ? run.time : undefined;
  const time = asked ?? scheduled ?? mailing.at ?? new Date(now).toISOString();
  const leads = await countLeads(database, mailing);
  const tally = emptyTally();
  for (let after: string | null = null; ; await turn()) {
    const batch: readonly Candidate[] = await nextLeads(database, mailing, after, Math.ceil(leads / mostLookedAt));
    await database.transaction((transaction) => tallyBatch(transaction, tally, { mailing, time, now }, batch));
    if (batch.length < LEADS_A_BATCH) break;
    after = batch.at(-1)?.id ?? null;
  }
  return { key, time, ...previewOf(tally, leads) };
}

async function countLeads(database: Database, { stages }: Mailing): Promise<number> {
  const [row] = await database.query<{ leads: number }>(sql`
    SELECT count(*) AS leads FROM lead
    WHERE merged_into IS NULL AND erased_at IS NULL AND NOT test AND stage = ANY(${stages}::text[])`);
  return row?.leads ?? 0;
}

/** Every `nth` lead by a hash: ids are in the order of creation, and the first thousands would be the oldest only. */
async function nextLeads(
  database: Database,
  { stages }: Mailing,
  after: string | null,
  nth: number,
): Promise<Candidate[]> {
  return database.query<Candidate>(sql`
    SELECT id, stage, account_id AS "accountId", time_zone AS "timeZone" FROM lead
    WHERE (${after}::uuid IS NULL OR id > ${after}::uuid) AND merged_into IS NULL AND erased_at IS NULL AND NOT test
      AND stage = ANY(${stages}::text[]) AND (uuid_hash(id)::bigint & 2147483647) % ${Math.max(1, nth)}::bigint = 0
    ORDER BY id LIMIT ${LEADS_A_BATCH}::int`);
}

async function tallyBatch(
  transaction: Transaction,
  tally: PreviewTally,
  { mailing, time, now }: { readonly mailing: Mailing; readonly time: MailingTime; readonly now: Instant },
  leads: readonly Candidate[],
): Promise<void> {
  const { purpose, template, deadline } = mailing;
  const content = (await loadContents(transaction)).get(template) ?? { lineage: template, repeatable: false };
  const { pacing, consent: policy } = await loadLiveDefinitions(transaction);
  const audience = await selectAudience(transaction, mailing, leads, now);
  const reachOf = await readReach(
    transaction,
    audience.map(({ id }) => id),
    purpose,
    policy,
  );
  const mail = { purpose, basis: basisOf(policy, purpose), content };
  tally.looked += leads.length;
  for (const { id, calendar } of audience) {
    const lead = { ...reachOf(id), calendar };
    const own = instantIn(time, calendar.zone);
    const times = { dueAt: Math.max(own, now), deadlineAt: own + durationMs(deadline) };
    const reason = outOfReach(lead, mail, now);
    count(tally, reason === null ? prospect(lead, mail, pacing, times) : { kind: 'never', reason });
  }
}
