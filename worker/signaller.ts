import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Log, loggable } from '../config/log.ts';
import type { Database } from '../store/database.ts';
import type { Attention } from '../store/raise-attention.ts';
import { sql } from '../store/sql.ts';
import type { handoff } from '../workflows/handoff.ts';
import type { leadJourney } from '../workflows/lead-journey.ts';
import { handoffWorkflowId, JOURNEY_QUEUE, journeyId, LOOK } from '../workflows/names.ts';

/** signalWithStart calls under way at once. The Temporal server batches what comes together. */
const CONCURRENCY = 40;
/**
 * Leads that may be signalled and not have planned yet. More would only wait in Temporal instead of here, where news of
 * a waiting lead costs nothing, and would be looked after (`CHECK_MS`) and taken for lost (`RESEND_MS`) meanwhile.
 */
const WINDOW = 200;
/** How often those that were signalled are held against what has been planned. */
const CHECK_MS = 40;
/** A signal that led to no plan for so long is sent again. */
const RESEND_MS = 15_000;

/**
 * Wakes workflows, at most one signal under way a lead: news of a lead that was signalled and has not planned yet needs
 * no second signal, for the plan reads what is true when it runs. Whether it ran late enough shows in `planned_rev`.
 */
export interface Signaller {
  leads(attention: readonly Attention[]): void;
  handoffs(ids: readonly string[]): void;
  stop(): Promise<void>;
}

interface Signalled {
  /** The attention that made it necessary. */
  readonly rev: number;
  readonly journeyOpen: boolean;
  state: 'queued' | 'sent';
  sentAt: number;
}

export function startSignaller(context: {
  readonly database: Database;
  readonly client: Client;
  readonly log: Log;
}): Signaller {
  const { database, client, log } = context;
  const pending = new Map<string, Signalled>();
  /** Waiting to be signalled, in the order in which their news came. */
  const waitingLeads = new Queue<string>();
  const waitingHandoffs = new Queue<string>();
  let running = 0;
  /** Leads signalled of which no plan is known yet. */
  let awaited = 0;
  let stopped = false;

  function pump(): void {
    while (running < CONCURRENCY && !stopped) {
      const handoffId = waitingHandoffs.shift();
      const leadId = handoffId === undefined && awaited < WINDOW ? waitingLeads.shift() : undefined;
      if (handoffId === undefined && leadId === undefined) return;
      running += 1;
      void (handoffId === undefined ? signalLead(leadId ?? '') : signalHandoff(handoffId)).finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  async function signalLead(leadId: string): Promise<void> {
    const entry = pending.get(leadId);
    if (entry?.state !== 'queued') return;
    entry.sentAt = Date.now();
    entry.state = 'sent';
    awaited += 1;
    try {
      if (entry.journeyOpen || !(await startJourney(leadId))) await signalJourney(leadId);
    } catch (error) {
      // The sweep finds it again; keeping it here would only hide it from the sweep.
      settle(leadId, entry);
      log.warn(loggable(error), 'waking a journey failed; the sweep will try again');
    }
  }

  /**
   * Starts a journey that does not run, which needs no signal, for each run begins with a plan. Its first task comes back
   * with the answer to this worker, instead of by way of the task queue. False when it runs after all.
   */
  async function startJourney(leadId: string): Promise<boolean> {
    try {
      await client.workflow.start<typeof leadJourney>('leadJourney', {
        workflowId: journeyId(leadId),
        taskQueue: JOURNEY_QUEUE,
        args: [{ leadId }],
        requestEagerStart: true,
      });
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw error;
    }
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

  /** The lead needs no looking after any more. An entry that another took the place of was settled before. */
  function settle(leadId: string, entry: Signalled): void {
    if (pending.get(leadId) !== entry) return;
    if (entry.state === 'sent') awaited -= 1;
    pending.delete(leadId);
  }

  async function signalHandoff(handoffId: string): Promise<void> {
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

  async function check(): Promise<void> {
    const sent = [...pending].filter(([, { state }]) => state === 'sent');
    if (sent.length === 0) return;
    // Only those of which there is something to say: asked this often, the rest would cost as much as the plans do.
    const rows = await database.query<{ leadId: string; rev: number; planned: number; parked: boolean }>(sql`
      SELECT lead.id AS "leadId", attention_rev AS rev, planned_rev AS planned, parked_at IS NOT NULL AS parked
      FROM unnest(${sent.map(([leadId]) => leadId)}::uuid[], ${sent.map(([, { rev }]) => rev)}::bigint[]) AS sent(id, rev)
      JOIN lead ON lead.id = sent.id
      WHERE planned_rev >= sent.rev OR parked_at IS NOT NULL`);
    const known = new Map(rows.map((row) => [row.leadId, row]));
    for (const [leadId, entry] of sent) {
      if (entry !== pending.get(leadId) || entry.state !== 'sent') continue;
      const row = known.get(leadId);
      if (row?.parked || (row !== undefined && row.planned >= row.rev)) {
        settle(leadId, entry);
      } else if (row !== undefined || Date.now() - entry.sentAt > RESEND_MS) {
        // A new entry: a call of the old one that is still under way (an outage) must not be taken for the new one's.
        awaited -= 1;
        pending.set(leadId, { rev: row?.rev ?? entry.rev, journeyOpen: true, state: 'queued', sentAt: 0 });
        waitingLeads.push(leadId);
      }
    }
    pump();
  }

  const checking = (async () => {
    while (!stopped) {
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      await check().catch((error: unknown) => log.warn(loggable(error), 'looking after signals failed'));
    }
  })();

  return {
    leads(attention) {
      for (const { leadId, rev, journeyOpen } of attention) {
        if (pending.has(leadId)) continue;
        pending.set(leadId, { rev, journeyOpen, state: 'queued', sentAt: 0 });
        waitingLeads.push(leadId);
      }
      pump();
    },
    handoffs(ids) {
      for (const handoffId of ids) waitingHandoffs.push(handoffId);
      pump();
    },
    async stop() {
      stopped = true;
      await checking;
      while (running > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

/** First in, first out, without moving what remains at each step. */
class Queue<T> {
  private items: T[] = [];
  private next = 0;

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    const item = this.items[this.next];
    if (item === undefined) return undefined;
    this.next += 1;
    if (this.next === this.items.length) {
      this.items = [];
      this.next = 0;
    }
    return item;
  }
}
