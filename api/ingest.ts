import pg from 'pg';
import { TendError } from '../domain/errors.ts';
import type { Database } from '../store/database.ts';
import { ingestInteractions, type NewInteraction } from '../store/ingest-interactions.ts';

/** Takes interactions in and answers once they are stored. */
export interface Ingest {
  /**
   * Resolves when these interactions have been committed, all of them together; what was stored before counts as
   * stored. Rejects with `invalid-request` (PostgreSQL refuses the data) or `unavailable` (too much waits already, or
   * PostgreSQL is away): then nothing of it was stored, or at worst nobody knows, and the same may be sent again.
   */
  add(interactions: readonly NewInteraction[]): Promise<void>;
  /** Waits until everything taken so far is answered, and takes nothing more. */
  close(): Promise<void>;
  readonly counts: IngestCounts;
}

export interface IngestCounts {
  /** Stored, without duplicates. */
  stored: number;
  duplicates: number;
  refused: number;
  waiting: number;
}

export interface IngestOptions {
  readonly database: Database;
  /** Milliseconds to gather requests before a write. Each request waits at most this long for company. */
  readonly flushMs: number;
  /** Interactions in one statement; one request's are never split. */
  readonly maxBatch?: number;
  /** Interactions that may wait before `unavailable` is answered. */
  readonly maxWaiting?: number;
}

interface Entry {
  readonly interactions: readonly NewInteraction[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** More than two only fight for the same disk and CPU; while they are under way, the next batch grows. */
const FLUSHES_AT_ONCE = 2;

/** Gathers concurrent requests into multi-row inserts: one commit for many, which is what makes a commit each affordable. */
export function createIngest({ database, flushMs, maxBatch = 2_000, maxWaiting = 20_000 }: IngestOptions): Ingest {
  let queue: Entry[] = [];
  let queued = 0;
  let flushing = 0;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  let idle: (() => void)[] = [];
  const counts: IngestCounts = { stored: 0, duplicates: 0, refused: 0, waiting: 0 };

  function schedule(): void {
    if (flushing >= FLUSHES_AT_ONCE || queued === 0) return;
    if (queued >= maxBatch || closed) {
      startFlush();
      return;
    }
    timer ??= setTimeout(startFlush, flushMs);
  }

  function startFlush(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (flushing >= FLUSHES_AT_ONCE || queued === 0) return;
    const batch = takeBatch();
    flushing += 1;
    store(batch)
      .finally(() => {
        flushing -= 1;
        counts.waiting -= sizeOf(batch);
        // What gathered during this flush has waited long enough.
        if (queued > 0) startFlush();
        else if (flushing === 0) settleIdle();
      })
      .catch(() => {});
    schedule();
  }

  function takeBatch(): Entry[] {
    let size = 0;
    let count = 0;
    for (const { interactions } of queue) {
      if (count > 0 && size + interactions.length > maxBatch) break;
      size += interactions.length;
      count += 1;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    queued -= size;
    return batch;
  }

  /** Settles every entry of `batch`; never throws. */
  async function store(batch: readonly Entry[]): Promise<void> {
    const interactions = batch.flatMap((entry) => entry.interactions);
    try {
      const stored = await ingestInteractions(database, interactions);
      counts.stored += stored;
      counts.duplicates += interactions.length - stored;
      for (const entry of batch) entry.resolve();
    } catch (error) {
      if (isDataError(error) && batch.length > 1) {
        // One request's data fails the statement of all: find out whose, so that only that one is refused.
        for (const entry of batch) await store([entry]);
        return;
      }
      counts.refused += interactions.length;
      const answer = answerFor(error);
      for (const entry of batch) entry.reject(answer);
    }
  }

  function settleIdle(): void {
    const waiting = idle;
    idle = [];
    for (const resolve of waiting) resolve();
  }

  return {
    counts,
    add(interactions) {
      if (closed)
        return Promise.reject(
          new TendError('unavailable', 'This process is stopping: send it again, to another one or in a moment.'),
        );
      if (counts.waiting + interactions.length > maxWaiting) {
        counts.refused += interactions.length;
        return Promise.reject(
          new TendError('unavailable', 'More comes in than can be stored: send it again in a moment.'),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ interactions, resolve, reject });
        queued += interactions.length;
        counts.waiting += interactions.length;
        schedule();
      });
    },
    close() {
      closed = true;
      if (queued === 0 && flushing === 0) return Promise.resolve();
      return new Promise((resolve) => {
        idle.push(resolve);
        startFlush();
      });
    },
  };
}

function sizeOf(batch: readonly Entry[]): number {
  return batch.reduce((sum, { interactions }) => sum + interactions.length, 0);
}

/** Classes 22 (data exception), 23 (integrity) and 54 (limit exceeded): this data will never be taken. */
function isDataError(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? '');
}

/** PostgreSQL's own words may quote the data; they go no further. */
function answerFor(error: unknown): TendError {
  return isDataError(error)
    ? new TendError('invalid-request', 'The database refuses this data. Nothing of this request was stored.')
    : new TendError('unavailable', 'The database does not answer just now: send it again in a moment.');
}
