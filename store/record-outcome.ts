import type { Actor } from '../domain/actor.ts';
import { TendError } from '../domain/errors.ts';
import type { HandoffOutcome } from '../domain/handoff/outcome.ts';
import type { Instant } from '../domain/instant.ts';
import { closeHandoff } from './close-handoff.ts';
import type { Database } from './database.ts';
import { type HandoffView, readHandoff } from './list-handoffs.ts';
import { activeRep, withHandoff } from './lock-handoff.ts';

export interface OutcomeInput {
  readonly handoffId: string;
  readonly outcome: Exclude<HandoffOutcome, 'rejected'>;
  readonly reason: string | null;
  /** Who reports it; by default nobody in particular. */
  readonly rep: string | null;
  readonly actor: Actor;
  readonly now: Instant;
}

/**
 * Sales is done with a lead that it had taken. The same outcome again changes nothing.
 *
 * Throws `not-found`, `invalid-request` and `conflict`: not accepted yet, closed otherwise, or another's lead.
 */
export async function recordOutcome(database: Database, input: OutcomeInput): Promise<HandoffView> {
  const { handoffId, outcome, reason, actor, now } = input;
  await withHandoff(database, handoffId, async (transaction, handoff, lead) => {
    if (input.rep !== null) {
      const rep = await activeRep(transaction, input.rep);
      if (handoff.state !== 'offered' && handoff.owner !== rep.key) {
        throw new TendError(
          'conflict',
          `This is ${handoff.ownerName ?? handoff.owner}'s (${handoff.owner}) lead: the outcome is theirs to report.`,
        );
      }
    }
    if (handoff.state === 'closed') {
      if (handoff.outcome === outcome) return;
      throw new TendError('conflict', `This handoff is closed already: ${handoff.outcome}.`);
    }
    if (handoff.state === 'offered') {
      throw new TendError('conflict', 'Nobody has accepted this handoff yet: accept it first, or reject it.');
    }
    await closeHandoff(transaction, handoff, lead, { outcome, reason, actor, now });
  });
  return readHandoff(database, handoffId);
}
