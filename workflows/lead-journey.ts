import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { condition, continueAsNew, ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { JourneyCommands } from '../activities/plan.ts';
import { plan } from './activities.ts';
import { createAlarm } from './alarm.ts';
import { handoff } from './handoff.ts';
import { handoffWorkflowId } from './names.ts';
import { listenForNews } from './news.ts';
import { createOutbox } from './outbox.ts';

export interface JourneyInput {
  readonly leadId: string;
  /** The plan that made somebody start this run, so that it need not be made again. */
  readonly first?: JourneyCommands;
}

/**
 * The life of a lead, as one durable workflow: plan, do what is due, hand over to sales when the plan says so, and
 * sleep until the next instant at which the plan can change or until there is news. What to do is decided in `plan`
 * and recorded, so that a lead that sleeps for a year wakes under new code.
 */
export async function leadJourney({ leadId, first }: JourneyInput): Promise<void> {
  const news = listenForNews();
  const mails = createOutbox(news.tell);
  const alarm = createAlarm();
  let planned = first;
  for (;;) {
    news.reset();
    const next = planned ?? (await plan({ leadId, notBefore: Math.max(Date.now(), alarm.reset()) }));
    planned = undefined;
    if (next.handoff !== null) await startHandoff(next.handoff);
    for (const messageId of next.send) mails.send(messageId, next.plannedAt);
    if (next.closed && mails.idle()) {
      if (!news.arrived()) return;
      continue;
    }
    alarm.set(next.nextLookAt);
    await condition(() => news.arrived() || alarm.rang());
    mails.check();
    // The new run begins with a plan, which sees whatever this one was told.
    if (workflowInfo().continueAsNewSuggested && mails.idle()) await continueAsNew<typeof leadJourney>({ leadId });
  }
}

/** The handoff goes on by itself, whatever becomes of this run. One that runs already is the one that was asked for. */
async function startHandoff(handoffId: string): Promise<void> {
  try {
    await startChild(handoff, {
      workflowId: handoffWorkflowId(handoffId),
      args: [{ handoffId }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
