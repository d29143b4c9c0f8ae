import type { Instant } from '../domain/instant.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { isTransient } from '../store/is-transient.ts';
import { parkLead } from '../store/park-lead.ts';
import { type HandoffCommands, planHandoffRow } from '../store/plan-handoff.ts';
import { type JourneyCommands, planLead } from '../store/plan-lead.ts';

export type { JourneyCommands };

export interface PlanContext {
  readonly database: Database;
  readonly clock: Clock;
  /** The right-hand side of Message-IDs. */
  readonly messageIdDomain: string;
  readonly handoffAcceptMs: number;
}

/** The deciding activities of the workflows. They run as local activities: one transaction, some milliseconds. */
export interface PlanActivities {
  plan(input: { readonly leadId: string; readonly notBefore: Instant }): Promise<JourneyCommands>;
  planHandoff(input: { readonly handoffId: string; readonly notBefore: Instant }): Promise<HandoffCommands>;
}

export function createPlanActivities({
  database,
  clock,
  messageIdDomain,
  handoffAcceptMs,
}: PlanContext): PlanActivities {
  return {
    async plan({ leadId, notBefore }) {
      try {
        return await planLead(database, clock, leadId, { notBefore, messageIdDomain });
      } catch (error) {
        if (isTransient(error)) throw error;
        // Trying for ever would only repeat it: this lead waits for a person, and the sweep tries again in a while.
        await parkLead(database, clock, leadId, error);
        return { closed: true, send: [], handoff: null, nextLookAt: null, plannedAt: notBefore };
      }
    },
    planHandoff: ({ handoffId, notBefore }) =>
      planHandoffRow(database, clock, handoffId, { notBefore, acceptWithinMs: handoffAcceptMs, messageIdDomain }),
  };
}
