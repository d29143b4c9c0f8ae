import { HOUR, type Instant, MINUTE } from '../instant.ts';
import type { PacingPolicy } from './policy.ts';

/** One limit of a policy that a mail falls under. */
export interface ThrottleLimit {
  /** Names what is counted: all mails of the installation, or those of a sending domain. */
  readonly key: string;
  readonly perMinute: number;
}

/** What is remembered of one limit. */
export interface ThrottleState {
  /**
   * When the next mail would be due if all went evenly. In milliseconds with a fraction of thousandths: at 7 a minute
   * mails are not a whole number of milliseconds apart.
   */
  readonly nextAt: Instant;
  /** When whoever was refused last was told to come again. */
  readonly hintAt: Instant;
}

export type ThrottleAnswer =
  | { readonly kind: 'taken'; readonly state: ThrottleState }
  | { readonly kind: 'later'; readonly at: Instant; readonly state: ThrottleState };

/** The limits for a mail from `sendingDomain`, in the order in which they are taken. */
export function throttleLimits({ throttle }: PacingPolicy, sendingDomain: string): readonly ThrottleLimit[] {
  const domain = sendingDomain.toLowerCase();
  const ofDomain = throttle.perSendingDomain;
  const perMinute = ofDomain !== undefined && Object.hasOwn(ofDomain, domain) ? ofDomain[domain] : undefined;
  return [
    ...(throttle.perMinute === undefined ? [] : [{ key: 'installation', perMinute: throttle.perMinute }]),
    ...(perMinute === undefined ? [] : [{ key: `sending-domain ${domain}`, perMinute }]),
  ];
}

/**
 * Takes a place under one limit at `now`, or says when to come again: the generic cell rate algorithm (ITU-T I.371) as a
 * virtual schedule. Places are a minute divided by `perMinute` apart; what was left unused lets at most one second's
 * worth of mails, and one mail at least, go early. So no 60 seconds have more than `perMinute` mails and a sixtieth of
 * it (rounded down, at least one).
 *
 * Who is refused is told an instant of its own, one place after the one before, so that a thousand waiting mails don't
 * all come back at once. The instant is a hint, not a right: it is asked for again, and may be refused. Hints reach an
 * hour ahead at most and then begin anew, so that what a hint's mail leaves unused, or a raised limit, is not waited for
 * longer than that.
 */
export function throttle(state: ThrottleState | null, perMinute: number, now: Instant): ThrottleAnswer {
  const apart = Math.ceil((MINUTE / perMinute) * 1_000) / 1_000;
  const { nextAt, hintAt } = state ?? { nextAt: now, hintAt: now };
  const free = nextAt - burstOf(perMinute) * apart;
  if (free <= now) return { kind: 'taken', state: { nextAt: Math.max(nextAt, now) + apart, hintAt } };
  const next = Math.max(free, hintAt + apart);
  const hint = next > now + LONGEST_HINT ? free : next;
  // The clock counts whole milliseconds; a moment too early would be refused once more.
  return { kind: 'later', at: Math.ceil(hint), state: { nextAt, hintAt: hint } };
}

/** How many mails may go early. Without any, one that comes a moment late would have all behind it come in vain. */
function burstOf(perMinute: number): number {
  return Math.max(1, Math.floor(perMinute / 60));
}

const LONGEST_HINT = HOUR;
