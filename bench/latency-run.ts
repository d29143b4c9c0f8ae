import { setTimeout as pause } from 'node:timers/promises';
import { sql } from '../store/sql.ts';
import { addLeads } from './company.ts';
import { eventsOf, type Mix } from './mixes.ts';
import { postBatch, toSegment } from './segment.ts';
import type { Stack } from './stack.ts';
import { instantNow, percentile } from './statistics.ts';
import { until, untilQuiet } from './tend-run.ts';
import { verifyLeads } from './verify.ts';

/** A website's batch: what came up within this time goes out together. */
const TICK_MS = 10;
const LOOK_EVERY_MS = 5;
/** For the standing a sample of the events will do; of the crossings each is looked for. */
const SAMPLE_EVERY = 10;
/** So many crossings make a 99th percentile mean something. */
const LEAST_CROSSINGS = 110;
const LEAST_SECONDS = 10;
const MOST_SECONDS = 60;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly count: number;
}

export interface LatencyResult {
  /** Events per second that were sent. */
  readonly rate: number;
  readonly seconds: number;
  /** Milliseconds from sending an event to seeing its standing. */
  readonly standing: Percentiles;
  /** Milliseconds from sending a threshold-crossing event to seeing the handoff's row. */
  readonly handoff: Percentiles;
}

interface Probe {
  readonly sentAt: number;
  seenAt: number | null;
}

/**
 * Sends a mix at a steady rate, whatever becomes of it (an open loop), and looks into PostgreSQL every few milliseconds
 * for what has become of it. Counted from the instant at which an event was to be sent, so that a request that had
 * to wait shows, to the look that found the result.
 */
export async function measureLatency(stack: Stack, mix: Mix, rate: number, prefix: string): Promise<LatencyResult> {
  const { database } = stack;
  const crossingsPerSecond = rate * mix.changing * mix.crossing;
  const seconds = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.ceil(LEAST_CROSSINGS / crossingsPerSecond)));
  const leadCount = Math.ceil((rate * seconds) / mix.eventsPerLead);
  const events = eventsOf({ ...mix, leads: leadCount });
  const leads = await addLeads(database, prefix, leadCount, Date.now());
  await untilQuiet(database);

  const standings = new Map<string, Probe>();
  const handoffs = new Map<string, Probe>();
  const occurred: number[] = [];
  const requests: Promise<void>[] = [];
  const looking = new AbortController();
  const look = lookFor(stack, standings, handoffs, looking.signal);
  const began = instantNow() + 50;
  for (let tick = 1, next = 0; next < events.length; tick += 1) {
    const sendAt = began + tick * TICK_MS;
    await pause(Math.max(0, sendAt - instantNow()));
    const due = Math.min(events.length, Math.floor((tick * TICK_MS * rate) / 1_000));
    const batch: object[] = [];
    for (; next < due; next += 1) {
      const event = events[next];
      if (event === undefined) break;
      occurred[next] = Math.floor(sendAt);
      const messageId = `${prefix}-${next}`;
      const probe: Probe = { sentAt: sendAt, seenAt: null };
      if (next % SAMPLE_EVERY === 0) standings.set(messageId, probe);
      if (event.kind === 'crossing') handoffs.set(leads[event.lead]?.id ?? '', { ...probe });
      batch.push(toSegment(event, leads, messageId, Math.floor(sendAt)));
    }
    if (batch.length > 0) requests.push(postBatch(stack.website, batch));
  }
  const sent = instantNow();
  await Promise.all(requests);
  const all = [...standings.values(), ...handoffs.values()];
  await until('every standing and handoff', async () => all.every(({ seenAt }) => seenAt !== null), 60_000);
  looking.abort();
  await look;
  await untilQuiet(database);
  await verifyLeads(database, leads, events, (index) => occurred[index] ?? 0);
  return {
    rate: (1_000 * events.length) / (sent - began),
    seconds,
    standing: percentilesOf(standings),
    handoff: percentilesOf(handoffs),
  };
}

/** Asks again and again for those not seen yet. A standing is visible once its interaction is marked as assessed. */
async function lookFor(
  { database }: Stack,
  standings: ReadonlyMap<string, Probe>,
  handoffs: ReadonlyMap<string, Probe>,
  signal: AbortSignal,
): Promise<void> {
  const unseen = (probes: ReadonlyMap<string, Probe>) =>
    [...probes].flatMap(([id, { seenAt }]) => (seenAt === null ? [id] : []));
  const see = (probes: ReadonlyMap<string, Probe>, ids: readonly { readonly id: string }[]) => {
    const seenAt = instantNow();
    for (const { id } of ids) {
      const probe = probes.get(id);
      if (probe !== undefined) probe.seenAt = seenAt;
    }
  };
  while (!signal.aborted) {
    const [messageIds, leadIds] = [unseen(standings), unseen(handoffs)];
    if (messageIds.length > 0) {
      see(
        standings,
        await database.query<{ id: string }>(sql`
        SELECT message_id AS id FROM interaction
        WHERE source = 'website' AND message_id = ANY(${messageIds}::text[]) AND assessed_at IS NOT NULL`),
      );
    }
    if (leadIds.length > 0) {
      see(
        handoffs,
        await database.query<{ id: string }>(
          sql`SELECT lead_id AS id FROM handoff WHERE lead_id = ANY(${leadIds}::uuid[])`,
        ),
      );
    }
    await pause(LOOK_EVERY_MS);
  }
}

function percentilesOf(probes: ReadonlyMap<string, Probe>): Percentiles {
  const times = [...probes.values()].flatMap(({ sentAt, seenAt }) => (seenAt === null ? [] : [seenAt - sentAt]));
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), most: percentile(times, 1), count: times.length };
}
