import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Log, loggable } from '../config/log.ts';
import type { Clock } from '../store/clock.ts';
import type { Database } from '../store/database.ts';
import { isTransient } from '../store/is-transient.ts';
import { parkLead } from '../store/park-lead.ts';
import { type JourneyCommands, noteStarted, type PlanAhead, planAhead } from '../store/plan-lead.ts';
import { raiseAttentionQuietly } from '../store/raise-attention.ts';
import type { handoff } from '../workflows/handoff.ts';
import type { leadJourney } from '../workflows/lead-journey.ts';
import { handoffWorkflowId, JOURNEY_QUEUE, journeyId, LOOK } from '../workflows/names.ts';
import { startQueue } from './queue.ts';

/** Plans made at once: each holds a connection of PostgreSQL and a lead's lock for some milliseconds. */
const PLANS_AT_ONCE = 4;
/** Calls to Temporal under way at once. The server batches what comes together. */
const CALLS_AT_ONCE = 40;

/**
 * Sees to leads and handoffs with news. A wake-up of a workflow is the dearest thing there is here (docs/benchmarks.md),
 * and most news, although it changes the plan, gives the workflow nothing to do: so the plan is made first, and the
 * workflow woken where it has commands to carry out, or a timer to set earlier than the one it has.
 */
export interface Waker {
  leads(ids: readonly string[]): void;
  handoffs(ids: readonly string[]): void;
  /** Finishes what is under way. */
  stop(): Promise<void>;
}

export function startWaker(context: {
  readonly database: Database;
  readonly clock: Clock;
  readonly client: Client;
  readonly log: Log;
  readonly messageIdDomain: string;
}): Waker {
  const { database, clock, client, log, messageIdDomain } = context;
  const urgent = startQueue<() => Promise<void>>({ atOnce: CALLS_AT_ONCE, work: (call) => call() });
  // Journeys that only have to wait for something are started behind those that have something to do.
  const patient = startQueue<() => Promise<void>>({ atOnce: CALLS_AT_ONCE / 2, work: (call) => call() });
  const plans = startQueue<string>({ atOnce: PLANS_AT_ONCE, work: see });
  const tellings = startQueue<string>({ atOnce: CALLS_AT_ONCE, work: wakeHandoff });

  async function see(leadId: string): Promise<void> {
    let ahead: PlanAhead;
    try {
      ahead = await planAhead(database, clock, leadId, { notBefore: 0, messageIdDomain });
    } catch (error) {
      // What PostgreSQL could not do now, the sweep finds undone; what can't be planned at all waits for a person.
      if (!isTransient(error)) await parkLead(database, clock, leadId, error);
      log.warn(loggable(error), 'a plan failed; the sweep will try again');
      return;
    }
    const wake = howToWake(ahead);
    if (wake === 'not') return;
    const { send, handoff } = ahead.commands;
    const calls = send.length > 0 || handoff !== null ? urgent : patient;
    const call = () => (wake === 'start' ? startJourney(leadId, ahead.commands) : signalJourney(leadId));
    calls.add(() => call().catch((error: unknown) => again(leadId, error)));
  }

  /** The plan has been made, so nothing else would show that the waking failed: attention does, and the sweep sees it. */
  async function again(leadId: string, error: unknown): Promise<void> {
    log.warn(loggable(error), 'waking a journey failed; the sweep will try again');
    await database.transaction((transaction) => raiseAttentionQuietly(transaction, [leadId]));
  }

  /**
   * Starts a journey with the plan that was made, so that it need not plan first. Its first task comes back with the
   * answer to this worker, not by way of the task queue. One that runs after all is told to look.
   */
  async function startJourney(leadId: string, first: JourneyCommands): Promise<void> {
    try {
      await client.workflow.start<typeof leadJourney>('leadJourney', {
        workflowId: journeyId(leadId),
        taskQueue: JOURNEY_QUEUE,
        args: [{ leadId, first }],
        requestEagerStart: true,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await signalJourney(leadId);
      return;
    }
    await noteStarted(database, leadId, first);
  }

  async function signalJourney(leadId: string): Promise<void> {
    await client.workflow.signalWithStart<typeof leadJourney>('leadJourney', {
      workflowId: journeyId(leadId),
      taskQueue: JOURNEY_QUEUE,
      args: [{ leadId }],
      signal: LOOK,
      signalArgs: [],
    });
  }

  async function wakeHandoff(handoffId: string): Promise<void> {
    try {
      await client.workflow.signalWithStart<typeof handoff>('handoff', {
        workflowId: handoffWorkflowId(handoffId),
        taskQueue: JOURNEY_QUEUE,
        args: [{ handoffId }],
        signal: LOOK,
        signalArgs: [],
      });
    } catch (error) {
      log.warn(loggable(error), 'waking a handoff failed; the sweep will try again');
    }
  }

  return {
    leads(ids) {
      for (const id of ids) plans.add(id);
    },
    handoffs(ids) {
      for (const id of ids) tellings.add(id);
    },
    async stop() {
      await plans.stop();
      await Promise.all([urgent.stop(), patient.stop(), tellings.stop()]);
    },
  };
}

/** What a plan made ahead asks of the workflow. A workflow that runs with nothing left to do is told, so that it ends. */
export function howToWake({ commands, journeyOpen, armedLookAt }: PlanAhead): 'not' | 'start' | 'signal' {
  if (!journeyOpen) return commands.closed ? 'not' : 'start';
  if (commands.closed || commands.send.length > 0 || commands.handoff !== null) return 'signal';
  const { nextLookAt } = commands;
  return nextLookAt !== null && (armedLookAt === null || nextLookAt < armedLookAt) ? 'signal' : 'not';
}
