import type { Instant } from '../domain/instant.ts';
import { type Properties, TEND_SOURCE } from '../domain/interaction/interaction.ts';
import type { Transaction } from './database.ts';
import { ingestWithin } from './ingest-interactions.ts';
import { sql } from './sql.ts';

/** Something that Tend itself saw happen to a lead (a handoff's outcome, an unsubscription): scored like any other. */
export interface TendInteraction {
  readonly leadId: string;
  /** Makes it unique: the same one recorded twice is one. */
  readonly messageId: string;
  readonly name: string;
  readonly properties: Properties;
  readonly occurredAt: Instant;
  /** Default: when it happened. */
  readonly receivedAt?: Instant;
  /** It occurred by the lead's own clock, which is ahead where it is a test lead. Default: by the world's. */
  readonly ownTime?: boolean;
}

/**
 * Records it within the transaction that made it happen. A lead without any identity has no interactions: then nothing is
 * recorded, and false is returned.
 */
export async function recordTendInteraction(transaction: Transaction, interaction: TendInteraction): Promise<boolean> {
  const [identity] = await transaction.query<{ id: number }>(sql`
    SELECT id FROM identity WHERE lead_id = ${interaction.leadId}::uuid ORDER BY kind = 'email' DESC, linked_at DESC, id LIMIT 1`);
  if (identity === undefined) return false;
  await ingestWithin(transaction, [
    {
      source: TEND_SOURCE,
      messageId: interaction.messageId,
      identity: { id: identity.id },
      kind: 'tend',
      name: interaction.name,
      properties: interaction.properties,
      context: null,
      occurredAt: interaction.occurredAt,
      receivedAt: interaction.receivedAt ?? interaction.occurredAt,
      claimedAt: null,
      ...(interaction.ownTime === true && { ownTime: true }),
    },
  ]);
  return true;
}
