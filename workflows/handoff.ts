import { condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
import { planHandoff, sendMail } from './activities.ts';
import { createAlarm } from './alarm.ts';
import { look } from './look.ts';

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
