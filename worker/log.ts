import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import pino from 'pino';

export type Log = pino.Logger;

/** Structured log lines. What goes in is ids, counts, codes and durations; never what a person gave or did. */
export function createLog(level: string, process: string): Log {
  return pino({ level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime });
}

/** What of an error may be logged: its kind and code. Messages of databases and mail servers quote people's data. */
export function loggable(error: unknown): { readonly error: string; readonly code?: string } {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? { error: error.name } : { error: error.name, code };
}

const LEVELS: Readonly<Record<LogLevel, pino.Level>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** The worker that only sends mail has no workflows, on purpose; every start would warn of it. */
const ON_PURPOSE = /^No workflows registered/;

/** What Temporal's SDK says, in our lines: warnings and errors with the workflow they are about, and nothing of its data. */
export function temporalLogger(log: Log): DefaultLogger {
  return new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (ON_PURPOSE.test(message)) return;
    const { workflowId, activityType } = (meta ?? {}) as { workflowId?: string; activityType?: string };
    log[LEVELS[level]]({ workflowId, activityType }, message);
  });
}
