import { setTimeout as pause } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { progressLine } from './progress-line.ts';

/** Work that goes through all who are in a sequence. */
export interface Work {
  readonly id: string;
  readonly kind: 'publish' | 'pause' | 'resume' | 'migration';
  readonly state: 'waiting' | 'running' | 'done' | 'cancelled' | 'failed';
  readonly total: number | null;
  readonly done: number;
  readonly result: Readonly<Record<string, number>>;
  readonly error: string | null;
}

const LOOK_MS = 300;

/** Shows the progress of what is under way in a sequence until it is through. Ctrl-C ends this command only. */
export async function followWork(api: ApiClient, key: string, kind: Work['kind']): Promise<void> {
  await follow(async () => {
    const { underWay } = await api.call<{ underWay: Work[] }>('GET', `/api/sequences/${encodeURIComponent(key)}`);
    return underWay.find((work) => work.kind === kind) ?? null;
  });
}

/** Asks `read` again and again until what it tells of is through, or is no more. Returns the last that was told. */
export async function follow(read: () => Promise<Work | null>): Promise<Work | null> {
  const shown = progressLine();
  try {
    for (;;) {
      const work = await read();
      if (work === null || (work.state !== 'waiting' && work.state !== 'running')) return work;
      shown.say(progressInWords(work));
      await pause(LOOK_MS);
    }
  } finally {
    shown.end();
  }
}

function progressInWords({ done, total, error }: Work): string {
  const count = total === null ? 'waits for its turn' : `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
  return error === null ? count : `${count}; failed last with ${error}, and is tried again`;
}
