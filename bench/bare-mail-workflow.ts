import { proxyActivities } from '@temporalio/workflow';

const { sendMail } = proxyActivities<{ sendMail(): Promise<void> }>({ startToCloseTimeout: '1 minute' });

/** The least that a durable mail can be: a workflow with one activity that sends. It weighs nothing and records nothing. */
export async function bareMail(): Promise<void> {
  await sendMail();
}
