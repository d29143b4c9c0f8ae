import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlanActivities } from '../activities/plan.ts';
import type { SendActivities } from '../activities/send-mail.ts';
import { createAlarm } from './alarm.ts';
import { LOOK, MAIL_QUEUE } from './names.ts';

const look = defineSignal(LOOK);

const { planHandoff } = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds', maximumInterval: '10 seconds' },
});

const { sendMail } = proxyActivities<SendActivities>({
  taskQueue: MAIL_QUEUE,
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
});

/**
 * A lead in sales' hands: assign an owner, deliver the offer, wait for the answer, give it to the next one when nobody
 * answers, until the outcome. The offer itself is the row that made this workflow start.
 */
export async function handoff({ handoffId }: { readonly handoffId: string }): Promise<void> {
  let looked = false;
  setHandler(look, () => {
    looked = true;
  });
  const alarm = createAlarm();
  for (;;) {
    looked = false;
    const next = await planHandoff({ handoffId, notBefore: Math.max(Date.now(), alarm.reset()) });
    if (next.send !== null) {
      await sendMail({ messageId: next.send, notBefore: next.plannedAt });
    } else if (next.closed) {
      if (!looked) return;
    } else {
      alarm.set(next.nextLookAt);
      await condition(() => looked || alarm.rang());
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof handoff>({ handoffId });
  }
}
