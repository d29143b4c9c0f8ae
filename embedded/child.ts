import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { isReadyMessage } from '../config/exit-with-parent.ts';
import { logSize, logTail } from './log-file.ts';

/** How long a child may take to stop in order before it is killed. */
export const STOP_LIMIT_MS = 20_000;

/** How to run one child process: what both the supervisor and the direct starters (`startPostgres`) go by. */
export interface ChildSpec {
  readonly name: string;
  /** Called before each start and restart: prepares what is needed and says what to run. */
  readonly launch: () => Promise<Launch>;
  /** Resolves once the child does its work; aborted when it ends or takes too long. */
  readonly ready: 'announced' | ((signal: AbortSignal) => Promise<void>);
  readonly readyWithinMs: number;
  /** The signal that asks for an orderly stop. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** User and group to run as, instead of this process's. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** What descriptor 3 of the child is: a channel to the supervisor (Node programs), or this folder, opened. */
  readonly third?: 'ipc' | { readonly folder: string };
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Rejects with `ChildFailed` if the child ends, or stays silent too long, before it is ready. */
  readonly ready: Promise<void>;
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Asks for an orderly stop, and kills after the limit. Resolves when the process is gone. */
  stop(limitMs?: number): Promise<void>;
  /** Kills at once. */
  kill(): void;
}

/** A child could not be brought up. The message holds the end of its log. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
}

export function describeExit(exit: ChildExit): string {
  return exit.signal ? `ended by ${exit.signal}` : `ended with code ${exit.code}`;
}

/**
 * Starts a child; its output is appended to the log file.
 *
 * It gets a session of its own, so that a Ctrl-C in the terminal reaches the supervisor only, which then stops
 * children in order, the worker before the database under it.
 *
 * @param marks environment variables beside those of the launch, by which the process can be found again
 * @throws ChildFailed if the program can't be run at all
 */
export async function spawnChild(
  spec: ChildSpec,
  logFile: string,
  marks: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const asked = await spec.launch();
  const launch = { ...asked, env: { ...asked.env, ...marks } };
  const logStart = logSize(logFile);
  const running = await run(spec.name, launch, logFile);
  const { pid } = running;
  if (pid === undefined) throw new ChildFailed(`${spec.name} could not be started`);

  const exited = exitOf(running);
  const failure = (what: string): ChildFailed => failed(spec.name, what, logFile, logStart);
  const ready = waitForReady(spec, running, exited, failure);
  ready.catch(() => {}); // a supervisor that is stopping asks no more

  const kill = (): void => killGroup(pid, running);
  return {
    name: spec.name,
    pid,
    ready,
    exited,
    kill,
    stop: async (limitMs = STOP_LIMIT_MS) => {
      running.kill(spec.stopSignal);
      const timer = setTimeout(kill, limitMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * Runs a program to its end, its output appended to the log file.
 *
 * @throws ChildFailed if it ends with anything but code 0
 */
export async function runToEnd(name: string, launch: Launch, logFile: string): Promise<void> {
  const logStart = logSize(logFile);
  const running = await run(name, launch, logFile);
  const exit = await exitOf(running);
  if (exit.code !== 0) throw failed(name, describeExit(exit), logFile, logStart);
}

function exitOf(running: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    running.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function failed(name: string, what: string, logFile: string, logStart: number): ChildFailed {
  const tail = logTail(logFile, logStart);
  return new ChildFailed(`${name} ${what}${tail ? `; the end of ${logFile}:\n${tail}` : ` (log: ${logFile})`}`);
}

async function run(name: string, launch: Launch, logFile: string): Promise<ChildProcess> {
  const log = openSync(logFile, 'a', 0o600);
  const folder = typeof launch.third === 'object' ? openSync(launch.third.folder, 'r') : undefined;
  try {
    const running = spawn(launch.command, [...launch.args], {
      env: launch.env,
      detached: true,
      stdio: [
        'ignore',
        log,
        log,
        ...(launch.third === 'ipc' ? (['ipc'] as const) : folder === undefined ? [] : [folder]),
      ],
      ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
      ...launch.user,
    });
    await new Promise<void>((resolve, reject) => {
      running.once('spawn', resolve);
      running.once('error', (error) => reject(new ChildFailed(`${name} could not be started: ${error.message}`)));
    });
    // Later errors concern signals to a process just gone; `exit` tells the rest.
    running.on('error', () => {});
    return running;
  } finally {
    closeSync(log);
    if (folder !== undefined) closeSync(folder);
  }
}

async function waitForReady(
  spec: ChildSpec,
  running: ChildProcess,
  exited: Promise<ChildExit>,
  failure: (what: string) => ChildFailed,
): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(
    () => over.abort(failure(`was not ready within ${spec.readyWithinMs / 1000} s`)),
    spec.readyWithinMs,
  );
  const aborted = new Promise<never>((_, reject) => {
    over.signal.addEventListener('abort', () => reject(over.signal.reason));
  });
  void exited.then((exit) => over.abort(failure(describeExit(exit))));
  try {
    await Promise.race([spec.ready === 'announced' ? announcement(running) : spec.ready(over.signal), aborted]);
  } finally {
    clearTimeout(timer);
    aborted.catch(() => {});
  }
}

function announcement(running: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    running.on('message', (message) => {
      if (isReadyMessage(message)) resolve();
    });
  });
}

/** The child leads a process group of its own; what it started goes with it. */
function killGroup(pid: number, child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}
