import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  ParentClosePolicy,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { plan, sendMail } from './activities.ts';
import { createAlarm } from './alarm.ts';
import { handoff } from './handoff.ts';
import { look } from './look.ts';
import { handoffWorkflowId } from './names.ts';

/**
 * The life of a lead, as one durable workflow: plan, do what is due, hand over to sales when the plan says so, and
 * sleep until the next instant at which the plan can change or until there is news. What to do is decided in `plan`
 * and recorded, so that a lead that sleeps for a year wakes under new code.
 */
export async function leadJourney({ leadId }: { readonly leadId: string }): Promise<void> {
  let looked = false;
  setHandler(look, () => {
    looked = true;
  });
  const alarm = createAlarm();
  for (;;) {
    looked = false;
    const next = await plan({ leadId, notBefore: Math.max(Date.now(), alarm.reset()) });
    if (next.handoff !== null) await startHandoff(next.handoff);
    if (next.send.length > 0) {
      await Promise.all(next.send.map((messageId) => sendMail({ messageId, notBefore: next.plannedAt })));
    } else if (next.closed) {
      if (!looked) return;
    } else {
      alarm.set(next.nextLookAt);
      await condition(() => looked || alarm.rang());
    }
    // The new run begins with a plan, which sees whatever this one was told.
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof leadJourney>({ leadId });
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
