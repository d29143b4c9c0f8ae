import { condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import { planHandoff } from './activities.ts';
import { createAlarm } from './alarm.ts';
import { listenForNews } from './news.ts';
import { createOutbox } from './outbox.ts';

/**
 * A lead in sales' hands: assign an owner, deliver the offer, wait for the answer, give it to the next one when nobody
 * answers, until the outcome. The offer itself is the row that made this workflow start.
 */
export async function handoff({ handoffId }: { readonly handoffId: string }): Promise<void> {
  const news = listenForNews();
  const mails = createOutbox(news.tell);
  const alarm = createAlarm();
  for (;;) {
    news.reset();
    const next = await planHandoff({ handoffId, notBefore: Math.max(Date.now(), alarm.reset()) });
    if (next.send !== null) mails.send(next.send, next.plannedAt);
    if (next.closed && mails.idle()) {
      if (!news.arrived()) return;
      continue;
    }
    alarm.set(next.nextLookAt);
    await condition(() => news.arrived() || alarm.rang());
    mails.check();
    if (workflowInfo().continueAsNewSuggested && mails.idle()) await continueAsNew<typeof handoff>({ handoffId });
  }
}
