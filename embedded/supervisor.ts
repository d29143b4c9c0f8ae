import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, type ChildExit, type ChildSpec, spawnChild } from './child.ts';
import { cutLog, logFileOf } from './log-file.ts';
import { marksOf } from './marked-processes.ts';
import { describeProcess, removeRecord, writeRecord } from './process-record.ts';

/** Waiting time before the first restart; it doubles with each failure in a row. */
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A child that stayed up this long begins anew with the first delay. */
const STABLE_MS = 30_000;
const LOG_CHECK_MS = 60_000;

/** What a person at the terminal should hear. */
export type SupervisorEvent =
  | {
      readonly kind: 'died';
      readonly name: string;
      readonly exit: ChildExit;
      readonly delayMs: number;
      readonly log: string;
    }
  | { readonly kind: 'restart-failed'; readonly name: string; readonly message: string; readonly delayMs: number }
  | { readonly kind: 'back'; readonly name: string; readonly pid: number; readonly afterMs: number }
  | { readonly kind: 'orphan'; readonly name: string; readonly pid: number }
  | { readonly kind: 'stopping'; readonly name: string };

export interface Supervisor {
  /** Starts a child, waits until it is ready and from then on keeps it running. Rejects with `ChildFailed`. */
  start(spec: ChildSpec): Promise<void>;
  /** Stops all children, the last started first. */
  stop(): Promise<void>;
  /** Kills all children at once. */
  kill(): void;
  /** Process numbers of the children that run, by name. */
  pids(): ReadonlyMap<string, number>;
}

interface Kept {
  readonly spec: ChildSpec;
  readonly order: number;
  child: Child | undefined;
}

/** How long to wait before restart number `failures` + 1 in a row. */
export function restartDelayMs(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
}

/**
 * Keeps child processes running. Each has a log in `<home>/logs` and a record in `<home>/run`, by which the next start
 * finds it should this process be killed.
 */
export function createSupervisor(home: string, report: (event: SupervisorEvent) => void): Supervisor {
  const children: Kept[] = [];
  const keepers: Promise<void>[] = [];
  const stopping = new AbortController();
  const logTimer = setInterval(() => {
    for (const { spec } of children) cutLog(logFileOf(home, spec.name));
  }, LOG_CHECK_MS);
  logTimer.unref();

  async function launch(kept: Kept): Promise<Child> {
    const { spec, order } = kept;
    const child = await spawnChild(spec, logFileOf(home, spec.name), marksOf(home));
    kept.child = child;
    const record = describeProcess({ name: spec.name, pid: child.pid, stopSignal: spec.stopSignal, order });
    if (record) await writeRecord(home, record);
    try {
      // A stop that came while the child was being launched did not find it.
      stopping.signal.throwIfAborted();
      await child.ready;
      return child;
    } catch (error) {
      await endChild(kept, child);
      throw error;
    }
  }

  async function endChild(kept: Kept, child: Child): Promise<void> {
    await child.stop();
    kept.child = undefined;
    await removeRecord(home, kept.spec.name);
  }

  /** Waits for the child's end and restarts it, until everything stops. */
  async function keep(kept: Kept): Promise<void> {
    let failures = 0;
    let readySince = performance.now();
    while (kept.child) {
      const exit = await kept.child.exited;
      const diedAt = performance.now();
      if (stopping.signal.aborted) return;
      kept.child = undefined;
      if (diedAt - readySince > STABLE_MS) failures = 0;
      const { name } = kept.spec;
      report({ kind: 'died', name, exit, delayMs: restartDelayMs(failures), log: logFileOf(home, name) });
      while (!kept.child) {
        const pause = sleep(restartDelayMs(failures), undefined, { signal: stopping.signal });
        if (
          !(await pause.then(
            () => true,
            () => false,
          ))
        )
          return;
        failures += 1;
        try {
          const { pid } = await launch(kept);
          readySince = performance.now();
          report({ kind: 'back', name, pid, afterMs: readySince - diedAt });
        } catch (error) {
          if (stopping.signal.aborted) return;
          report({
            kind: 'restart-failed',
            name,
            message: (error as Error).message,
            delayMs: restartDelayMs(failures),
          });
        }
      }
    }
  }

  return {
    async start(spec) {
      stopping.signal.throwIfAborted();
      const kept: Kept = { spec, order: children.length, child: undefined };
      children.push(kept);
      const launched = launch(kept);
      // A stop waits for it too, lest a child is born after everything was stopped.
      keepers.push(
        launched.then(
          () => {},
          () => {},
        ),
      );
      await launched;
      keepers.push(keep(kept));
    },
    async stop() {
      stopping.abort(new Error('stopping'));
      clearInterval(logTimer);
      for (const kept of children.toReversed()) {
        if (!kept.child) continue;
        report({ kind: 'stopping', name: kept.spec.name });
        await endChild(kept, kept.child);
      }
      await Promise.all(keepers);
    },
    kill() {
      stopping.abort(new Error('stopping'));
      for (const { child } of children) child?.kill();
    },
    pids: () => new Map(children.flatMap(({ spec, child }) => (child ? [[spec.name, child.pid] as const] : []))),
  };
}
