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
/** So few that a publishing's thousands of leads hardly slow down the plans of those who do something just now. */
const LATER_PLANS_AT_ONCE = 1;
/** Calls to Temporal under way at once. The server batches what comes together. */
const CALLS_AT_ONCE = 40;

/**
 * Sees to leads and handoffs with news. A wake-up of a workflow is the dearest thing there is here (docs/benchmarks.md),
 * and most news, although it changes the plan, gives the workflow nothing to do: so the plan is made first, and the
 * workflow woken where it has commands to carry out, or a timer to set earlier than the one it has.
 */
export interface Waker {
  leads(ids: readonly string[]): void;
  /** The same behind all others: for what nobody is waiting for, such as leads that a publishing changed. */
  leadsLater(ids: readonly string[]): void;
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
  const urgent = startQueue<string>({ atOnce: CALLS_AT_ONCE, work: wakeJourney });
  // Journeys that only have to wait for something are started behind those that have something to do.
  const patient = startQueue<string>({ atOnce: CALLS_AT_ONCE / 2, work: wakeJourney });
  // By lead, what its call to Temporal is to say once its turn comes: the latest plan, for that holds all that is open.
  // A call for every plan would start a journey once and be told for each of the others that it runs already.
  const toWake = new Map<string, PlanAhead>();
  const plans = startQueue<string>({ atOnce: PLANS_AT_ONCE, work: (leadId) => see(leadId, urgent) });
  const laterPlans = startQueue<string>({ atOnce: LATER_PLANS_AT_ONCE, work: (leadId) => see(leadId, patient) });
  const tellings = startQueue<string>({ atOnce: CALLS_AT_ONCE, work: wakeHandoff });

  async function see(leadId: string, whereUrgent: typeof urgent): Promise<void> {
    let ahead: PlanAhead;
    try {
      ahead = await planAhead(database, clock, leadId, { notBefore: 0, messageIdDomain });
    } catch (error) {
      // What PostgreSQL could not do now, the sweep finds undone; what can't be planned at all waits for a person.
      if (!isTransient(error)) await parkLead(database, clock, leadId, error);
      log.warn(loggable(error), 'a plan failed; the sweep will try again');
      return;
    }
    const waiting = toWake.get(leadId);
    // Two plans of a lead may be made at once, and the earlier one be heard of later.
    const isLatest = waiting === undefined || ahead.attentionRev >= waiting.attentionRev;
    if (howToWake(ahead) === 'not') {
      if (isLatest) toWake.delete(leadId);
      return;
    }
    if (isLatest) toWake.set(leadId, ahead);
    const { send, handoff } = ahead.commands;
    const calls = send.length > 0 || handoff !== null ? whereUrgent : patient;
    calls.add(leadId);
  }

  async function wakeJourney(leadId: string): Promise<void> {
    const ahead = toWake.get(leadId);
    if (ahead === undefined) return;
    toWake.delete(leadId);
    try {
      if (howToWake(ahead) === 'start') await startJourney(leadId, ahead.commands);
      else await signalJourney(leadId);
    } catch (error) {
      await again(leadId, error);
    }
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
    leadsLater(ids) {
      for (const id of ids) laterPlans.add(id);
    },
    handoffs(ids) {
      for (const id of ids) tellings.add(id);
    },
    async stop() {
      await Promise.all([plans.stop(), laterPlans.stop()]);
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
