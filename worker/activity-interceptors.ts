import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { TendError } from '../domain/errors.ts';

/** Well below the workflows' heartbeat timeout of 15 s. */
const HEARTBEAT_MS = 4_000;

/**
 * What every activity is wrapped in.
 *
 * An activity's failure is stored in Temporal with message and stack, and messages of PostgreSQL and SMTP servers quote
 * addresses and names ("Key (value)=(tanja@…) already exists"). So only the error's code leaves: no personal data is in
 * Temporal. And an activity that takes long says that its worker lives, so that a killed worker's work is taken over
 * after seconds instead of minutes.
 */
export const activityInterceptors: ActivityInterceptorsFactory = () => ({
  inbound: {
    async execute(input, next) {
      const context = Context.current();
      const pulse = context.info.heartbeatTimeoutMs ? setInterval(() => context.heartbeat(), HEARTBEAT_MS) : undefined;
      try {
        return await next(input);
      } catch (error) {
        throw withoutPersonalData(error);
      } finally {
        clearInterval(pulse);
      }
    },
  },
});

/** A failure that tells the error's code and nothing it says. */
export function withoutPersonalData(error: unknown): ApplicationFailure {
  if (error instanceof TendError) {
    return ApplicationFailure.create({ type: error.code, message: error.code, nonRetryable: !error.retryable });
  }
  const { name, code } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { name: typeof error, code: undefined };
  const failure = ApplicationFailure.create({
    type: code ?? name,
    message: `${name}${code === undefined ? '' : ` ${code}`}`,
  });
  failure.stack = '';
  return failure;
}
