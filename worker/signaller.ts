import type { Client } from '@temporalio/client';
import type { Database } from '../store/database.ts';
import type { Attention } from '../store/raise-attention.ts';
import { sql } from '../store/sql.ts';
import type { handoff } from '../workflows/handoff.ts';
import type { leadJourney } from '../workflows/lead-journey.ts';
import { handoffWorkflowId, JOURNEY_QUEUE, journeyId, LOOK } from '../workflows/names.ts';
import { type Log, loggable } from './log.ts';

/** signalWithStart calls under way at once. The Temporal server batches what comes together. */
const CONCURRENCY = 40;
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
  rev: number;
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
  const queue: (() => Promise<void>)[] = [];
  let running = 0;
  let stopped = false;

  function pump(): void {
    while (running < CONCURRENCY && !stopped) {
      const job = queue.shift();
      if (job === undefined) return;
      running += 1;
      void job().finally(() => {
        running -= 1;
        pump();
      });
    }
  }

  function signalLead(leadId: string): void {
    queue.push(async () => {
      const entry = pending.get(leadId);
      if (entry === undefined) return;
      try {
        entry.sentAt = Date.now();
        entry.state = 'sent';
        await client.workflow.signalWithStart<typeof leadJourney>('leadJourney', {
          workflowId: journeyId(leadId),
          taskQueue: JOURNEY_QUEUE,
          args: [{ leadId }],
          signal: LOOK,
          signalArgs: [],
        });
      } catch (error) {
        // The sweep finds it again; keeping it here would only hide it from the sweep.
        pending.delete(leadId);
        log.warn(loggable(error), 'waking a journey failed; the sweep will try again');
      }
    });
    pump();
  }

  async function check(): Promise<void> {
    const sent = [...pending].filter(([, { state }]) => state === 'sent').map(([leadId]) => leadId);
    if (sent.length === 0) return;
    const rows = await database.query<{ leadId: string; rev: number; planned: number }>(sql`
      SELECT id AS "leadId", attention_rev AS rev, planned_rev AS planned FROM lead
      WHERE id = ANY(${sent}::uuid[]) AND parked_at IS NULL`);
    const found = new Map(rows.map((row) => [row.leadId, row]));
    for (const leadId of sent) {
      const entry = pending.get(leadId);
      const row = found.get(leadId);
      if (entry === undefined || entry.state !== 'sent') continue;
      if (row === undefined || (row.planned >= row.rev && row.planned >= entry.rev)) {
        pending.delete(leadId);
      } else if (row.planned >= entry.rev || Date.now() - entry.sentAt > RESEND_MS) {
        entry.rev = row.rev;
        entry.state = 'queued';
        signalLead(leadId);
      }
    }
  }

  const checking = (async () => {
    while (!stopped) {
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      await check().catch((error: unknown) => log.warn(loggable(error), 'looking after signals failed'));
    }
  })();

  return {
    leads(attention) {
      for (const { leadId, rev } of attention) {
        const entry = pending.get(leadId);
        if (entry !== undefined) continue;
        pending.set(leadId, { rev, state: 'queued', sentAt: 0 });
        signalLead(leadId);
      }
    },
    handoffs(ids) {
      for (const handoffId of ids) {
        queue.push(async () => {
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
        });
      }
      pump();
    },
    async stop() {
      stopped = true;
      await checking;
      while (running > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
