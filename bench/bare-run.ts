import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { isReadyMessage } from '../config/exit-with-parent.ts';
import { BARE_QUEUE, BARE_SIGNAL, type Counted, type Expect } from './bare-names.ts';
import type { bareLoop } from './bare-workflow.ts';
import { eventCount, type Mix } from './mixes.ts';
import { instantNow } from './statistics.ts';

/** Calls under way at once; more did not make the server faster (docs/benchmarks.md). */
const CONCURRENCY = Number(process.env.TEND_BENCH_BARE_CONCURRENCY ?? 40);

export interface BareWorker {
  readonly pid: number;
  /** Counts from nothing; resolves to the instant of the last of `expect` signals. */
  count(expect: number): Promise<number>;
  stop(): Promise<void>;
}

export async function startBareWorker(temporalAddress: string): Promise<BareWorker> {
  const child = fork(path.join(import.meta.dirname, 'bare-worker.js'), [temporalAddress]);
  await message(child, isReadyMessage);
  return {
    pid: child.pid ?? 0,
    async count(expect) {
      const order: Expect = { expect };
      child.send(order);
      const { at } = await message(
        child,
        (received): received is Counted => typeof received === 'object' && received !== null && 'counted' in received,
      );
      return at;
    },
    async stop() {
      if (child.exitCode !== null) return;
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function message<T>(child: ChildProcess, is: (received: unknown) => received is T): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the bare worker ended'));
    const listener = (received: unknown) => {
      if (!is(received)) return;
      child.off('message', listener);
      child.off('exit', ended);
      resolve(received);
    };
    child.on('message', listener);
    child.once('exit', ended);
  });
}

export interface BareResult {
  /** Signals per second that the server took. */
  readonly signalled: number;
  /** Signals per second from the first call to the last count: what Tend's rates are divided by. */
  readonly processed: number;
}

/** The baseline: as many workflows and signals as the mix has leads and events, in the same order. */
export async function runBare(client: Client, worker: BareWorker, mix: Mix, prefix: string): Promise<BareResult> {
  const total = eventCount(mix);
  const last = worker.count(total);
  const began = instantNow();
  let next = 0;
  const signaller = async () => {
    while (next < total) {
      const workflowId = `bare-${prefix}-${next % mix.leads}`;
      next += 1;
      await client.workflow.signalWithStart<typeof bareLoop>('bareLoop', {
        workflowId,
        taskQueue: BARE_QUEUE,
        signal: BARE_SIGNAL,
        signalArgs: [],
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, signaller));
  const signalledAt = instantNow();
  const countedAt = await last;
  return { signalled: (1_000 * total) / (signalledAt - began), processed: (1_000 * total) / (countedAt - began) };
}
