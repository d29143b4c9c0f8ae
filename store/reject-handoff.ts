import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { Instant } from '../domain/instant.ts';
import { closeHandoff } from './close-handoff.ts';
import type { Database } from './database.ts';
import { type HandoffView, readHandoff } from './list-handoffs.ts';
import { activeRep, withHandoff } from './lock-handoff.ts';

export interface RejectInput {
  readonly handoffId: string;
  readonly rep: string;
  readonly reason: string;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Sales does not take the lead: the handoff is closed as `rejected`, and marketing nurtures on. (A representative who
 * merely has no time lets it pass to the next one.) Only the one who was asked may; again it changes nothing.
 *
 * Throws `not-found`, `invalid-request` and `conflict`.
 */
export async function rejectHandoff(database: Database, input: RejectInput): Promise<HandoffView> {
  const { handoffId, reason, actor, now } = input;
  await withHandoff(database, handoffId, async (transaction, handoff, lead) => {
    const rep = await activeRep(transaction, input.rep);
    if (handoff.state === 'closed') {
      if (handoff.outcome === 'rejected' && handoff.owner === rep.key) return;
      throw new TendError('conflict', `This handoff is closed already: ${handoff.outcome}.`);
    }
    if (handoff.owner !== null && handoff.owner !== rep.key) {
      const what = handoff.state === 'accepted' ? 'has taken this lead' : 'is the one who was asked';
      throw new TendError(
        'conflict',
        `${handoff.ownerName ?? handoff.owner} (${handoff.owner}) ${what}: only they can reject it.`,
      );
    }
    if (handoff.state === 'accepted') {
      throw new TendError('conflict', 'You have accepted this lead: report an outcome (lost or recycled) instead.');
    }
    await closeHandoff(transaction, handoff, lead, { outcome: 'rejected', reason, actor, now });
  });
  return readHandoff(database, handoffId);
}
