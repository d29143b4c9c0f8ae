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
