import type { DkimIdentity } from './dkim.ts';

/** By which server a mail leaves, and whose signature it carries. */
export interface Dispatch {
  /** Name of a server of TEND_SMTP_SERVERS; undefined: the installation's own, SMTP_URL. */
  readonly server?: string | undefined;
  /** Undefined: the server signs, or nobody. */
  readonly dkim?: DkimIdentity | undefined;
}
