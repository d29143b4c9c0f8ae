import { closeSync, copyFileSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Past this size a log is moved to `.1`, so that an installation that runs for years can't fill its disk. */
const LOG_LIMIT_BYTES = 20 * 1024 * 1024;
const TAIL_BYTES = 4096;
const TAIL_LINES = 12;

/** Path of a child's log; its folder is made. */
export function logFileOf(home: string, name: string): string {
  const folder = join(home, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${name}.log`);
}

export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines written after the given position, for error messages. */
export function logTail(file: string, from = 0): string {
  const size = logSize(file);
  const start = Math.max(from, size - TAIL_BYTES);
  if (size <= start) return '';
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(size - start);
    readSync(handle, buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8').trim().split('\n').slice(-TAIL_LINES);
    return lines.map((line) => `  ${line}`).join('\n');
  } finally {
    closeSync(handle);
  }
}

/**
 * Moves a grown log to `.1`. Children hold the file open in append mode, so it is copied and emptied, not renamed:
 * they go on writing at its new end. Lines written between the two calls are lost, which a log may bear.
 */
export function cutLog(file: string, limitBytes = LOG_LIMIT_BYTES): void {
  if (logSize(file) <= limitBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}
