import pg from 'pg';

/**
 * SQLSTATE classes in which the same statement may succeed later: connection exception, transaction rollback,
 * insufficient resources, operator intervention (shutdown), object not in the needed state, system error.
 */
const TRANSIENT_CLASSES = new Set(['08', '40', '53', '55', '57', '58']);

/** True when an error says that PostgreSQL was away or busy, not that the data or the code is wrong. */
export function isTransient(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    // 25P03 idle_in_transaction_session_timeout: this process was too slow, its next try may not be.
    return TRANSIENT_CLASSES.has(error.code?.slice(0, 2) ?? '') || error.code === '25P03';
  }
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^(ECONN|EPIPE|ETIMEDOUT|EAI_|ENOTFOUND|EHOST|ENET)/.test(code)) return true;
  return /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|cannot use a pool after/i.test(
    error.message,
  );
}
