import { DefaultLogger, type LogLevel } from '@temporalio/worker';
import type pino from 'pino';
import type { Log } from '../config/log.ts';

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
