import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import { normaliseEmail } from '../domain/identity/normalise.ts';
import type { Instant } from '../domain/instant.ts';
import { needsGround, type SuppressionReason } from '../domain/sending/suppression.ts';
import type { Transaction } from './database.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

export interface SuppressInput {
  readonly address: string;
  readonly reason: SuppressionReason;
  readonly actor: Actor;
  readonly now: Instant;
  /** Nothing personal: it outlives the person's erasure. A status code, the key of an import. */
  readonly detail?: string | null;
}

/**
 * Writes an address off: from this commit on no claim passes the gate for it, and who has it is planned anew, which drops
 * the mails that wait. Once for each reason, however often it is called. Returns whether it is new.
 *
 * Throws `invalid-request`: this is no mail address. The error doesn't quote it.
 */
export async function suppressAddress(transaction: Transaction, input: SuppressInput): Promise<boolean> {
  const { reason, actor, now, detail = null } = input;
  const address = normalised(input.address);
  const [added] = await transaction.query<{ id: number }>(sql`
    INSERT INTO suppression (channel, address_hash, reason, detail, at, actor)
    VALUES ('email', ${transaction.keyedHash(address)}, ${reason}, ${detail}, ${at(now)}, ${actor.name})
    ON CONFLICT (channel, address_hash, reason) WHERE lifted_at IS NULL DO NOTHING RETURNING id`);
  if (added === undefined) return false;
  await recordAudit(transaction, {
    actor,
    at: now,
    action: 'suppression.added',
    subjectKind: 'suppression',
    subjectId: String(added.id),
    detail: { reason },
  });
  await raiseAttention(transaction, await leadsWith(transaction, address));
  return true;
}

export interface LiftInput {
  readonly address: string;
  /** This reason only; null: all of them. */
  readonly reason: SuppressionReason | null;
  /** Why the address may be written to again. Needed where a person's own word stands against it; not a person's name. */
  readonly because: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Lifts what is in force against an address; the rows stay, with who lifted them. Returns the reasons that were lifted.
 *
 * Throws `invalid-request`: no mail address, or a reason that is a person's own word (`complaint`, `erased`) is lifted
 * without saying why.
 */
export async function liftSuppression(transaction: Transaction, input: LiftInput): Promise<SuppressionReason[]> {
  const { reason, because, actor, now } = input;
  const address = normalised(input.address);
  const inForce = await transaction.query<{ id: number; reason: SuppressionReason }>(sql`
    SELECT id, reason FROM suppression
    WHERE channel = 'email' AND address_hash = ${transaction.keyedHash(address)} AND lifted_at IS NULL
      AND (${reason}::text IS NULL OR reason = ${reason}) ORDER BY id FOR UPDATE`);
  const guarded = inForce.filter((row) => needsGround(row.reason));
  if (guarded.length > 0 && (because ?? '').trim() === '') {
    const why = guarded.map((row) => row.reason).join(', ');
    throw new TendError('invalid-request', `This address is written off for a person's own sake (${why}).`, [
      {
        path: 'because',
        problem: 'must say why the address may be written to again, such as "signed up anew on paper"',
      },
    ]);
  }
  for (const { id, reason: lifted } of inForce) {
    await transaction.query(sql`
      UPDATE suppression SET lifted_at = ${at(now)}, lifted_by = ${actor.name} WHERE id = ${id}::bigint`);
    const detail = { reason: lifted, ...(because !== null && { because }) };
    const entry = { actor, at: now, subjectKind: 'suppression', subjectId: String(id), detail };
    await recordAudit(transaction, { ...entry, action: 'suppression.lifted' });
  }
  if (inForce.length > 0) await raiseAttention(transaction, await leadsWith(transaction, address));
  return inForce.map((row) => row.reason);
}

function normalised(given: string): string {
  const address = normaliseEmail(given);
  if (address !== null) return address;
  throw new TendError('invalid-request', 'That is no mail address.', [
    { path: 'address', problem: 'must be a mail address, such as tanja@example.com' },
  ]);
}

async function leadsWith(transaction: Transaction, address: string): Promise<string[]> {
  const rows = await transaction.query<{ leadId: string }>(sql`
    SELECT lead_id AS "leadId" FROM identity WHERE kind = 'email' AND value = ${address} AND lead_id IS NOT NULL`);
  return rows.map(({ leadId }) => leadId);
}
