import type { ConsentState } from '../consent/consent.ts';
import type { MailBasis } from '../consent/policy.ts';
import { noPreferences, type Preferences } from '../consent/preferences.ts';
import type { Instant } from '../instant.ts';
import { nextAllowed, type PaceFacts, paceReasons } from '../pacing/next-allowed.ts';
import { type Obstacle, obstacleAt } from './obstacle.ts';

/** Why a mail is not sent now. Stable codes: they stand in rows, answers and reports. */
export const withheldReasons = [
  ...paceReasons,
  'sales-has-the-lead',
  'paused',
  'sequence-paused',
  'after-a-pause',
  'another-first',
  'throttle',
  'no-address',
  'no-consent',
  'consent-for-another-address',
  'consent-withdrawn',
  'consent-stale',
  'paused-by-the-person',
  'receiver-refuses',
  'sender-paused',
  'suppressed',
  'already-received',
  'deadline-passed',
  'left-the-stage',
  'enrolment-ended',
  'template-missing',
  'render-failed',
] as const;
export type WithheldReason = (typeof withheldReasons)[number];

/** Everything that the gate looks at, for one mail to one lead. */
export interface GateFacts {
  /** Default: consent. */
  readonly basis?: MailBasis;
  readonly handoffOpen: boolean;
  readonly paused: boolean;
  /** Its enrolment, or its sequence, is paused. */
  readonly sequencePaused: boolean;
  /** After a pause: not before this instant. */
  readonly mailsFrom: Instant | null;
  readonly address: string | null;
  readonly suppressed: boolean;
  readonly consent: ConsentState;
  /** Default: none. */
  readonly preferences?: Preferences;
  /** Default: none. */
  readonly obstacles?: readonly Obstacle[];
  /** This person got the same content before, and it may not be repeated. */
  readonly alreadyReceived: boolean;
  readonly deadlineAt: Instant | null;
  readonly pace: Omit<PaceFacts, 'promise' | 'ownLimit'>;
}

/** `later` with `at: null`: until something changes, not until an instant. */
export type GateAnswer =
  | { readonly kind: 'now' }
  | {
      readonly kind: 'later';
      readonly reason: WithheldReason;
      readonly at: Instant | null;
      /** In figures or a name, what the reason is in this case: `2 in 7 days`, `Christmas Day`. */
      readonly detail?: string | null;
    }
  | { readonly kind: 'never'; readonly reason: WithheldReason };

/** Whether a mail to a lead may be sent at `now`. Used by `plan` and, again, inside the claim's transaction. */
export function canMail(facts: GateFacts, now: Instant): GateAnswer {
  return facts.basis === 'exempt' ? canMailExempt(facts, now) : canMailMarketing(facts, now);
}

/**
 * Mail that the person asked for or that a contract needs is no marketing: neither consent, sales' silence, caps nor
 * windows hold it back. An address that is not written to is not, all the same; and a sequence that somebody has paused
 * stands still whatever it sends.
 */
function canMailExempt(facts: GateFacts, now: Instant): GateAnswer {
  const { suppressed, sequencePaused, deadlineAt, address, obstacles = [] } = facts;
  if (suppressed) return { kind: 'never', reason: 'suppressed' };
  if (sequencePaused) return { kind: 'later', reason: 'sequence-paused', at: null };
  if (deadlineAt !== null && now >= deadlineAt) return { kind: 'never', reason: 'deadline-passed' };
  if (address === null) return { kind: 'later', reason: 'no-address', at: null };
  // A sender is paused for complaints about its marketing.
  const obstacle = obstacleAt(
    obstacles.filter(({ reason }) => reason === 'receiver-refuses'),
    now,
  );
  return obstacle === null ? { kind: 'now' } : behind(obstacle);
}

function canMailMarketing(facts: GateFacts, now: Instant): GateAnswer {
  const { preferences = noPreferences, obstacles = [] } = facts;
  if (facts.suppressed) return { kind: 'never', reason: 'suppressed' };
  if (facts.consent.kind === 'withdrawn') return { kind: 'never', reason: 'consent-withdrawn' };
  if (facts.alreadyReceived) return { kind: 'never', reason: 'already-received' };
  // A pause holds people where they are; its time is not counted against a deadline.
  if (facts.sequencePaused) return { kind: 'later', reason: 'sequence-paused', at: null };
  if (facts.deadlineAt !== null && now >= facts.deadlineAt) return { kind: 'never', reason: 'deadline-passed' };
  if (facts.handoffOpen) return { kind: 'later', reason: 'sales-has-the-lead', at: null };
  if (facts.paused) return { kind: 'later', reason: 'paused', at: null };
  if (facts.address === null) return { kind: 'later', reason: 'no-address', at: null };
  if (facts.consent.kind === 'none') return { kind: 'later', reason: 'no-consent', at: null };
  if (facts.consent.address !== null && facts.consent.address !== facts.address) {
    return { kind: 'later', reason: 'consent-for-another-address', at: null };
  }
  if ((facts.consent.staleAt ?? Number.POSITIVE_INFINITY) <= now)
    return { kind: 'later', reason: 'consent-stale', at: null };
  if (preferences.pausedUntil !== null && preferences.pausedUntil > now)
    return { kind: 'later', reason: 'paused-by-the-person', at: preferences.pausedUntil };
  if (facts.mailsFrom !== null && facts.mailsFrom > now)
    return { kind: 'later', reason: 'after-a-pause', at: facts.mailsFrom };
  const obstacle = obstacleAt(obstacles, now);
  if (obstacle !== null) return behind(obstacle);
  const { promise } = facts.consent;
  const { at, reason, detail } = nextAllowed({ ...facts.pace, promise, ownLimit: preferences.limit }, now);
  return reason === null ? { kind: 'now' } : { kind: 'later', reason, at, detail };
}

function behind({ reason, until: at, detail }: Obstacle): GateAnswer {
  return { kind: 'later', reason, at, detail };
}
