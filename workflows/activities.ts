import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { PlanActivities } from '../activities/plan.ts';
import type { SendActivities } from '../activities/send-mail.ts';
import { MAIL_QUEUE } from './names.ts';

/** The decisions: one transaction of some milliseconds each, made by the worker that holds the workflow's task. */
export const { plan, planHandoff } = proxyLocalActivities<PlanActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds', maximumInterval: '10 seconds' },
});

export const { sendMail } = proxyActivities<SendActivities>({
  taskQueue: MAIL_QUEUE,
  // The SMTP attempt and the recording of its result; a worker that dies is noticed by its silence much earlier.
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
});
