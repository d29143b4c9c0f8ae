import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { reachableHost } from '../config/loopback.ts';
import { type Child, type ChildSpec, spawnChild } from './child.ts';
import { logFileOf } from './log-file.ts';
import { poll } from './poll.ts';

export interface TemporalOptions {
  /** Path of the `temporal` program (`findTemporalBinary`). */
  readonly binary: string;
  /** The log goes to `<home>/logs/temporal.log`, data to `<home>/temporal/temporal.db`. */
  readonly home: string;
  /** True keeps everything in memory (tests). */
  readonly ephemeral?: boolean;
  readonly port: number;
  /** Port of the web page; without it there is none. */
  readonly uiPort?: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Namespace that is made. Default `default`. */
  readonly namespace?: string;
  /** More arguments for `temporal server start-dev`. */
  readonly extraArguments?: readonly string[];
}

export interface RunningTemporal extends Pick<Child, 'pid' | 'exited' | 'stop' | 'kill'> {
  /** `host:port` for `Connection.connect`. */
  readonly address: string;
  readonly namespace: string;
}

/** How to run the embedded Temporal server. Ready means: it answers, and knows the namespace. */
export function temporalSpec(options: TemporalOptions): ChildSpec {
  return {
    name: 'temporal',
    stopSignal: 'SIGTERM',
    readyWithinMs: 120_000,
    launch: async () => ({
      command: options.binary,
      args: serverArguments(options),
      // A server that phones home has no place in an installation that must work offline.
      env: { ...process.env, TEMPORAL_VERSION_CHECK_DISABLED: '1' },
    }),
    ready: (signal) => poll(() => askForNamespace(options), 100, signal),
  };
}

/**
 * Starts a Temporal server without a supervisor; the caller stops it.
 *
 * @throws ChildFailed with the end of its log
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const child = await spawnChild(temporalSpec(options), logFileOf(options.home, 'temporal'));
  try {
    await child.ready;
  } catch (error) {
    await child.stop();
    throw error;
  }
  return { ...child, address: addressOf(options), namespace: namespaceOf(options) };
}

function serverArguments(options: TemporalOptions): readonly string[] {
  return [
    ...['server', 'start-dev', '--ip', options.host ?? '127.0.0.1', '--port', String(options.port)],
    ...(options.uiPort === undefined ? ['--headless'] : ['--ui-port', String(options.uiPort)]),
    ...['--namespace', namespaceOf(options), '--log-level', 'error'],
    ...(options.ephemeral ? [] : storeArguments(options.home)),
    ...(options.extraArguments ?? []),
  ];
}

/** The write-ahead log makes the server three times as fast, and a killed process loses nothing with it. */
function storeArguments(home: string): readonly string[] {
  const folder = join(home, 'temporal');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return [
    ...['--db-filename', join(folder, 'temporal.db')],
    ...['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
  ];
}

const addressOf = (options: TemporalOptions): string => `${reachableHost(options.host ?? '127.0.0.1')}:${options.port}`;

const namespaceOf = (options: TemporalOptions): string => options.namespace ?? 'default';

async function askForNamespace(options: TemporalOptions): Promise<void> {
  const connection = await Connection.connect({ address: addressOf(options), connectTimeout: 1000 });
  try {
    await connection.withDeadline(Date.now() + 2000, () =>
      connection.workflowService.describeNamespace({ namespace: namespaceOf(options) }),
    );
  } finally {
    await connection.close();
  }
}
