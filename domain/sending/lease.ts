import { SECOND } from '../instant.ts';

/**
 * How long one SMTP attempt may take under a claim of `leaseMs`. The rest is for composing the mail before and recording
 * its result after: past the lease an offer to sales or a withdrawal may have come, and the mail must not leave any more.
 */
export function attemptLimitMs(leaseMs: number): number {
  return Math.min(40 * SECOND, Math.floor((leaseMs * 2) / 3));
}
