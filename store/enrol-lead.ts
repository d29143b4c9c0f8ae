import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { type Sequence, sequenceSchema } from '../domain/sequence/definition.ts';
import { entryBarrier, inAudience, NO_PASSES, type TurnedAway } from '../domain/sequence/entry.ts';
import type { Database, Transaction } from './database.ts';
import { type LockedLead, lockLead } from './lock-lead.ts';
import { newId } from './new-id.ts';
import { raiseAttention } from './raise-attention.ts';
import { readEnrolments } from './read-enrolments.ts';
import { readJourney } from './read-journey.ts';
import { recordAudit } from './record-audit.ts';
import { assertId } from './resolve-lead.ts';
import { at, sql } from './sql.ts';

export interface EnrolInput {
  readonly leadId: string;
  readonly sequence: string;
  /** Whatever the sequence says of coming in again. Default: no. */
  readonly again?: boolean;
  /** Whoever the sequence is for. Default: its audience is asked. */
  readonly ignoreAudience?: boolean;
  /** How it came in. Default: by the API. */
  readonly by?: 'api' | 'import';
  readonly actor: Actor;
  readonly now: Instant;
}

export interface NewEnrolmentRow {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: string;
  readonly version: number;
  readonly step: string;
}

/**
 * Puts a lead into a published sequence, at its first step. Its mails pass the same gate as any.
 *
 * Throws `not-found` (lead or sequence) and `conflict`: in it already, had it and may not again, not in a stage that
 * the sequence is for, not in its audience.
 */
export async function enrolLead(
  database: Database,
  { leadId, sequence: key, again = false, ignoreAudience = false, by = 'api', actor, now: worldNow }: EnrolInput,
): Promise<NewEnrolmentRow> {
  assertId('lead', leadId);
  return database.transaction(async (transaction) => {
    const lead = await lockLead(transaction, leadId);
    const [live] = await transaction.query<{
      versionId: number;
      version: number;
      content: unknown;
    }>(sql`
      SELECT version.id AS "versionId", version.version, version.content
      FROM definition JOIN definition_version AS version ON version.id = definition.live_version_id
      WHERE definition.kind = 'sequence' AND definition.key = ${key}`);
    if (live === undefined) throw new TendError('not-found', `There is no published sequence "${key}".`);
    const now = worldNow + lead.clockOffset;
    const sequence = sequenceSchema.parse(live.content);
    const entry = again ? { ...sequence, reentry: 'after-end' as const } : sequence;
    await checkMayEnter(transaction, lead, { sequence: entry, ignoreAudience }, now);
    const [first] = sequence.steps;
    if (first === undefined) throw new Error(`sequence ${key} has no steps`);
    const id = newId();
    await transaction.query(sql`
      INSERT INTO enrolment (id, lead_id, sequence_key, sequence_version_id, entered_by, state, step_id, visit, step_entered_at, awaits, started_at)
      VALUES (${id}::uuid, ${lead.id}::uuid, ${key}, ${live.versionId}::bigint, ${by}, 'active', ${first.id}, 1, ${at(now)}, '{}', ${at(now)})`);
    const detail = { enrolment: id, sequence: key, version: live.version, again, ignoreAudience };
    await recordAudit(transaction, {
      actor,
      at: now,
      action: 'lead.enrolled',
      subjectKind: 'lead',
      subjectId: lead.id,
      detail,
    });
    await raiseAttention(transaction, [lead.id]);
    return { id, leadId: lead.id, sequence: key, version: live.version, step: first.id };
  });
}

async function checkMayEnter(
  transaction: Transaction,
  lead: LockedLead,
  { sequence, ignoreAudience }: { readonly sequence: Sequence; readonly ignoreAudience: boolean },
  now: Instant,
): Promise<void> {
  if (lead.erasedAt !== null) throw new TendError('not-found', `There is no lead ${lead.id}.`);
  const { passes } = await readEnrolments(transaction, lead.id);
  const barrier = entryBarrier(sequence, lead.stage, passes.get(sequence.key) ?? NO_PASSES, now);
  if (barrier !== null) throw new TendError('conflict', barrierInWords(barrier, sequence, lead));
  if (ignoreAudience || sequence.audience === undefined) return;
  const row = { ...lead, gone: false, journeyOpen: false, armedLookAt: null };
  // Who is let in again by hand is asked although the sequence itself would not ask them any more.
  const { facts } = await readJourney(transaction, row, now, [sequence.audience]);
  if (!inAudience(sequence, facts)) throw new TendError('conflict', barrierInWords('audience', sequence, lead));
}

function barrierInWords(barrier: TurnedAway, { key, stages }: Sequence, { stage }: LockedLead): string {
  switch (barrier) {
    case 'stage':
      return `The sequence "${key}" is for the stage ${stages.join(' or ')}; this lead's is ${stage}.`;
    case 'already-in':
      return `The lead is in the sequence "${key}" already.`;
    case 'no-reentry':
      return `The lead has been through "${key}", which allows no second time (reentry: never): say again to enrol it all the same.`;
    case 'too-soon':
      return `The lead has been through "${key}", which allows a second time only some time after (reentry: after): say again to enrol it all the same.`;
    case 'audience':
      return `The lead is not in the audience of "${key}": say ignoreAudience to enrol it all the same.`;
  }
}
