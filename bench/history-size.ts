import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { journeyId } from '../workflows/names.ts';
import type { BenchLead } from './company.ts';
import { median } from './statistics.ts';

/** What one journey left in Temporal, as the median over some that have run. */
export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

const SAMPLE = 30;

/** Looks at journeys all over `leads`; those that were never woken have no workflow and are passed over. */
export async function measureHistory(client: Client, leads: readonly BenchLead[]): Promise<HistorySize> {
  const sizes: HistorySize[] = [];
  const stride = Math.max(1, Math.floor(leads.length / (SAMPLE * 5)));
  for (let index = 0; index < leads.length && sizes.length < SAMPLE; index += stride) {
    const lead = leads[index];
    if (lead === undefined) break;
    const size = await sizeOf(client, journeyId(lead.id));
    if (size !== null) sizes.push(size);
  }
  return { events: median(sizes.map(({ events }) => events)), bytes: median(sizes.map(({ bytes }) => bytes)) };
}

async function sizeOf(client: Client, workflowId: string): Promise<HistorySize | null> {
  try {
    const { historyLength, historySize } = await client.workflow.getHandle(workflowId).describe();
    return { events: historyLength, bytes: historySize ?? 0 };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
