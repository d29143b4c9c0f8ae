import { setTimeout as pause } from 'node:timers/promises';
import { type Instant, MINUTE } from '../domain/instant.ts';
import type { Database } from '../store/database.ts';
import { sql } from '../store/sql.ts';
import { addLeads, type BenchLead } from './company.ts';
import { type BenchEvent, eventCount, eventsOf, type Mix } from './mixes.ts';
import { postBatch, toSegment, type Website } from './segment.ts';
import type { Stack } from './stack.ts';
import { instantNow } from './statistics.ts';
import { verifyLeads } from './verify.ts';

/** Clients that send at once, each its own leads' events in their order, as websites do. */
const SENDERS = 4;
const BATCH = 100;
/** Looking costs the measured machine time: seldom enough not to matter, often enough to be off by at most 2 %. */
const LOOK_AT_LEAST_MS = 5;
const LOOK_SHARE = 0.02;
/** Longer than any of it may take. */
const LIMIT_MS = 300_000;

export interface TendResult {
  /** Events per second until the last request was answered. */
  readonly accepted: number;
  /** Events per second until every standing was visible. */
  readonly scored: number;
  /** Events per second until, besides, every woken journey had planned: leads' and handoffs', with no mail left to send. */
  readonly settled: number;
}

export interface TendRun extends TendResult {
  readonly leads: readonly BenchLead[];
}

/** Sends a mix by HTTP, waits until everything is scored and planned, and checks that each lead stands where it should. */
export async function runTend(stack: Stack, mix: Mix, prefix: string): Promise<TendRun> {
  const { database, website } = stack;
  const leads = await addLeads(database, prefix, mix.leads, Date.now());
  const events = eventsOf(mix);
  const occurred = occurrences(Date.now());
  const total = eventCount(mix);
  await untilQuiet(database);

  const began = instantNow();
  await Promise.all(
    Array.from({ length: SENDERS }, (_, sender) => send(website, { events, leads, prefix, sender, occurred })),
  );
  const acceptedAt = instantNow();
  const scoredAt = await until('all standings', () => isAllScored(database));
  const settledAt = await until('all plans', () => isSettled(database));
  await untilQuiet(database);
  await verifyLeads(database, leads, events, occurred);
  const rate = (end: number) => (1_000 * total) / (end - began);
  return { accepted: rate(acceptedAt), scored: rate(scoredAt), settled: rate(settledAt), leads };
}

/** When the n-th event happened: a millisecond apart, some minutes ago, after the leads came to their first step. */
function occurrences(now: Instant): (index: number) => Instant {
  return (index) => now - 10 * MINUTE + index;
}

interface Sending {
  readonly events: readonly BenchEvent[];
  readonly leads: readonly BenchLead[];
  readonly prefix: string;
  readonly sender: number;
  readonly occurred: (index: number) => Instant;
}

async function send(website: Website, { events, leads, prefix, sender, occurred }: Sending): Promise<void> {
  let batch: object[] = [];
  for (const [index, event] of events.entries()) {
    if (event.lead % SENDERS !== sender) continue;
    batch.push(toSegment(event, leads, `${prefix}-${index}`, occurred(index)));
    if (batch.length < BATCH) continue;
    await postBatch(website, batch);
    batch = [];
  }
  if (batch.length > 0) await postBatch(website, batch);
}

export async function isAllScored(database: Database): Promise<boolean> {
  const [row] = await database.query<{ waiting: boolean }>(sql`
    SELECT EXISTS(SELECT FROM interaction WHERE assessed_at IS NULL AND lead_id IS NOT NULL) AS waiting`);
  return row?.waiting === false;
}

async function isSettled(database: Database): Promise<boolean> {
  const [row] = await database.query<{ busy: boolean }>(sql`
    SELECT EXISTS(SELECT FROM lead WHERE attention_rev <> planned_rev)
        OR EXISTS(SELECT FROM lead WHERE next_look_at IS NOT NULL AND NOT journey_open)
        OR EXISTS(SELECT FROM handoff WHERE attention_rev <> planned_rev)
        OR EXISTS(SELECT FROM message WHERE state IN ('due', 'claimed')) AS busy`);
  return row?.busy === false && (await isAllScored(database));
}

/** Nothing is under way, and nothing has come up a moment later. */
export async function untilQuiet(database: Database): Promise<void> {
  await until('quiet', () => isSettled(database));
  await pause(500);
  await until('quiet', () => isSettled(database));
}

/** Resolves to the instant at which `condition` was first seen to hold. */
export async function until(what: string, condition: () => Promise<boolean>, limitMs = LIMIT_MS): Promise<number> {
  const began = instantNow();
  for (;;) {
    if (await condition()) return instantNow();
    const waited = instantNow() - began;
    if (waited > limitMs) throw new Error(`waited ${limitMs / 1_000} s in vain for ${what}`);
    await pause(Math.max(LOOK_AT_LEAST_MS, waited * LOOK_SHARE));
  }
}
