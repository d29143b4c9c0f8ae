/** What was looked at. */
export type Check = 'server' | 'spf' | 'dkim' | 'dmarc' | 'mx' | 'reverse-dns' | 'tls' | 'headers';

/** `fail`: mail is refused, taken for spam or unlawful for it. `warn`: some day, or with some. `note`: good to know. */
export type Level = 'ok' | 'note' | 'warn' | 'fail';

export interface Finding {
  readonly check: Check;
  readonly level: Level;
  /** What was found. */
  readonly says: string;
  /** What is to be done; null: nothing. */
  readonly mend: string | null;
}

export const ok = (check: Check, says: string): Finding => ({ check, level: 'ok', says, mend: null });
export const note = (check: Check, says: string, mend: string | null = null): Finding => ({
  check,
  level: 'note',
  says,
  mend,
});
export const warn = (check: Check, says: string, mend: string): Finding => ({ check, level: 'warn', says, mend });
export const fail = (check: Check, says: string, mend: string): Finding => ({ check, level: 'fail', says, mend });
