import { existsSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createPlanActivities } from '../activities/plan.ts';
import { createSendMail } from '../activities/send-mail.ts';
import type { Log } from '../config/log.ts';
import { packageRoot } from '../config/package-root.ts';
import type { ComposeOptions } from '../mail/compose.ts';
import type { MailTransport } from '../mail/transport.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { JOURNEY_QUEUE, MAIL_QUEUE } from '../workflows/names.ts';
import { activityInterceptors } from './activity-interceptors.ts';
import { startAssessor } from './assessor.ts';
import { startConsentKeeper } from './consent-keeper.ts';
import { startEraser } from './eraser.ts';
import { startHitJudge } from './hit-judge.ts';
import { type InboundSettings, startInbound } from './inbound/inbound.ts';
import { startLinker } from './linker.ts';
import { listen } from './listen.ts';
import { startMailer } from './mailer.ts';
import { startReplayer } from './replayer.ts';
import { startSequenceChanger } from './sequence-changer.ts';
import { startSweeper } from './sweeper.ts';
import { startWaker } from './waker.ts';
import { startWebhookSender } from './webhook-sender.ts';

export interface WorkerContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly transport: MailTransport;
  readonly log: Log;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly compose: ComposeOptions;
  readonly messageIdDomain: string;
  readonly leaseMs: number;
  readonly handoffAcceptMs: number;
  readonly sweepMs: number;
  readonly smtpConnections: number;
  /** By which ways mail that comes back is taken in; default: none. */
  readonly inbound?: InboundSettings;
  /** Lets webhooks go to addresses that are not of the public internet; default: no. */
  readonly webhookAllowPrivate?: boolean;
}

export interface RunningWorker {
  /** Rejects when a Temporal worker fails for good; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything that a worker process does: workflows, deciding activities, mail, linker, assessor, replayer, mailer, waker, webhooks, sweep. */
export async function startWorker(context: WorkerContext): Promise<RunningWorker> {
  const { database, clock, log, transport, compose, leaseMs } = context;
  const native = await NativeConnection.connect({ address: context.temporalAddress });
  // Signals too go through the native connection: gRPC in JavaScript took 1.7 ms of this thread for each (docs/benchmarks.md).
  const client = new Client({ connection: native, namespace: context.temporalNamespace });
  const shared = {
    connection: native,
    namespace: context.temporalNamespace,
    interceptors: { activity: [activityInterceptors] },
    shutdownGraceTime: '15 seconds',
  };
  const journeys = await Worker.create({
    ...shared,
    taskQueue: JOURNEY_QUEUE,
    workflowBundle: { codePath: workflowBundlePath() },
    activities: { ...createPlanActivities(context) },
    maxCachedWorkflows: 2_000,
  });
  const mails = await Worker.create({
    ...shared,
    taskQueue: MAIL_QUEUE,
    activities: { ...createSendMail({ database, clock, transport, compose, leaseMs }) },
    maxConcurrentActivityTaskExecutions: context.smtpConnections * 2,
  });
  const waker = startWaker({ database, clock, client, log, messageIdDomain: context.messageIdDomain });
  const assessor = startAssessor({
    database,
    clock,
    log,
    onAttention: (leads) => waker.leads(leads),
  });
  const linker = startLinker({ database, clock, log });
  const replayer = startReplayer({ database, clock, log });
  const hitJudge = startHitJudge({ database, clock, log });
  const changer = startSequenceChanger({ database, clock, log });
  const eraser = startEraser({ database, clock, log });
  const { signingSecret, from: mailFrom } = compose;
  const inbound = await startInbound(
    { database, clock, log, signingSecret, mailFrom, messageIdDomain: context.messageIdDomain },
    context.inbound,
  );
  const consentKeeper = startConsentKeeper({ database, clock, log, messageIdDomain: context.messageIdDomain });
  const mailer = startMailer({ database, clock, log, onEnrolled: (leads) => waker.leadsLater(leads) });
  const webhooks = startWebhookSender({ database, clock, log, allowPrivate: context.webhookAllowPrivate ?? false });
  const sweeper = startSweeper({ database, clock, waker, log, everyMs: context.sweepMs });
  const listener = await listen(
    database.url,
    {
      tend_interaction: () => {
        linker.news();
        assessor.news();
      },
      tend_attention: (leadId) => waker.leads([leadId]),
      tend_handoff: (handoffId) => waker.handoffs([handoffId]),
      tend_webhook: () => webhooks.news(),
    },
    () => assessor.news(),
  );
  const ended = Promise.all([journeys.run(), mails.run()]).then(() => {});
  return {
    ended,
    async stop() {
      await listener.close();
      await sweeper.stop();
      await Promise.all([
        linker.stop(),
        assessor.stop(),
        replayer.stop(),
        hitJudge.stop(),
        changer.stop(),
        eraser.stop(),
        inbound.stop(),
        consentKeeper.stop(),
        mailer.stop(),
        webhooks.stop(),
      ]);
      await waker.stop();
      if (journeys.getState() === 'RUNNING') journeys.shutdown();
      if (mails.getState() === 'RUNNING') mails.shutdown();
      await ended;
      transport.close();
      await native.close();
    },
  };
}

/** The workflows' code as `npm run build` bundled it. */
export function workflowBundlePath(): string {
  const bundle = path.join(packageRoot, 'dist', 'workflow-bundle.cjs');
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run "npm run build"`);
  return bundle;
}
