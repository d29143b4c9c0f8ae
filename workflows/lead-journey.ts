import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  defineSignal,
  ParentClosePolicy,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlanActivities } from '../activities/plan.ts';
import type { SendActivities } from '../activities/send-mail.ts';
import { createAlarm } from './alarm.ts';
import { handoff } from './handoff.ts';
import { handoffWorkflowId, LOOK, MAIL_QUEUE } from './names.ts';

export const look = defineSignal(LOOK);

const { plan } = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds', maximumInterval: '10 seconds' },
});

const { sendMail } = proxyActivities<SendActivities>({
  taskQueue: MAIL_QUEUE,
  // The SMTP attempt and the recording of its result; a worker that dies is noticed by its silence much earlier.
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
});

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
