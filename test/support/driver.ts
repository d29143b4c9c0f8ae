import type { Instant } from '../../domain/instant.ts';
import { assessLeads } from '../../store/assess-leads.ts';
import { claimMessage } from '../../store/claim-message.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { linkIdentities } from '../../store/link-identities.ts';
import { newId } from '../../store/new-id.ts';
import { type JourneyCommands, planLead } from '../../store/plan-lead.ts';
import { recordSendResult } from '../../store/record-send-result.ts';

/** A clock that a test sets. */
export interface TestClock extends Clock {
  set(instant: Instant): void;
}

export function testClock(start: Instant): TestClock {
  let instant = start;
  return {
    now: () => instant,
    set(next) {
      instant = next;
    },
  };
}

/** Links and folds until nothing is left. */
export async function assessAll(database: Database, clock: Clock): Promise<void> {
  for (;;) {
    const linked = await linkIdentities(database, clock);
    const batch = await assessLeads(database, clock);
    if (linked === 0 && batch.interactions === 0 && !batch.more && batch.skipped === 0) return;
  }
}

/** Does what a journey's workflow does between two sleeps: plan, send what is to be sent, plan again. */
export async function runJourney(
  database: Database,
  clock: Clock,
  leadId: string,
  onSent: (messageId: string, at: Instant) => void = () => {},
): Promise<JourneyCommands> {
  for (;;) {
    const commands = await planLead(database, clock, leadId, { notBefore: 0, messageIdDomain: 'tend.test' });
    if (commands.send.length === 0) return commands;
    for (const messageId of commands.send) {
      const token = newId();
      const claim = await claimMessage(database, clock, {
        messageId,
        token,
        leaseMs: 60_000,
        notBefore: commands.plannedAt,
        mailFrom: 'Tend <tend@tend.test>',
      });
      if (claim.kind !== 'claimed') continue;
      onSent(messageId, clock.now());
      await recordSendResult(
        database,
        clock,
        { messageId, token },
        { state: 'accepted', reason: null, providerId: null, reply: null },
      );
    }
  }
}
