import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import type { MachineKind } from '../domain/interaction/machine.ts';
import type { HitReason } from '../domain/tracking/hit.ts';
import type { Database } from './database.ts';
import { lockLeadIfAny } from './lock-lead.ts';
import { raiseAttention } from './raise-attention.ts';
import { recordAudit } from './record-audit.ts';
import { at, sql } from './sql.ts';

/** A person said so. */
const BY_HAND = 'by-hand';

interface Discount {
  readonly interactionId: number;
  readonly as: MachineKind | null;
  /** What says so, as a code; default: a person did. */
  readonly why?: HitReason | typeof BY_HAND;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Says that a machine, not the person, made an interaction (or, with `as: null`, that the person did after all). The
 * lead's history is folded anew: points that it gave, and those that it confirmed, are revoked; ledger rows are
 * superseded. What was done because of it (a mail that left, an offer) stands.
 *
 * Throws `not-found`.
 */
export async function discountInteraction(database: Database, discount: Discount): Promise<void> {
  for (let done = false; !done; ) done = await tryDiscount(database, discount);
}

/** False where the interaction came to another lead meanwhile (it was linked, leads were merged): then once more. */
async function tryDiscount(database: Database, discount: Discount): Promise<boolean> {
  const { interactionId, as, actor, now } = discount;
  const why = as === null ? null : (discount.why ?? BY_HAND);
  return database.transaction(async (transaction) => {
    const [before] = await transaction.query<Owner>(
      sql`SELECT lead_id AS "leadId" FROM interaction WHERE id = ${interactionId}::bigint`,
    );
    if (before === undefined) throw new TendError('not-found', `There is no interaction ${interactionId}.`);
    const lead = before.leadId === null ? null : await lockLeadIfAny(transaction, before.leadId);
    // Linking gives it a lead by an update of this row, which waits from here on.
    const [present] = await transaction.query<Owner>(
      sql`SELECT lead_id AS "leadId" FROM interaction WHERE id = ${interactionId}::bigint FOR NO KEY UPDATE`,
    );
    if (present?.leadId !== before.leadId) return false;
    // Assessed with it: a discounted interaction waits for no fold of its own, and one that counts after all for one,
    // where it has no lead yet.
    const changed = await transaction.query(sql`
      UPDATE interaction SET discounted_as = ${as}, discounted_at = ${as === null ? null : at(now)}, discounted_why = ${why},
             assessed_at = CASE WHEN ${as}::text IS NULL AND lead_id IS NULL THEN NULL ELSE coalesce(assessed_at, ${at(now)}) END
      WHERE id = ${interactionId}::bigint AND discounted_as IS DISTINCT FROM ${as} RETURNING 1`);
    if (changed.length === 0) return true;
    if (lead !== null) {
      await transaction.query(sql`UPDATE lead SET refold = true WHERE id = ${lead.id}::uuid`);
      await raiseAttention(transaction, [lead.id]);
      await transaction.notify('tend_interaction');
    }
    await recordAudit(transaction, {
      actor,
      at: now,
      action: as === null ? 'interaction.counted' : 'interaction.discounted',
      subjectKind: 'interaction',
      subjectId: String(interactionId),
      detail: { as, why },
    });
    return true;
  });
}

interface Owner {
  readonly leadId: string | null;
}
