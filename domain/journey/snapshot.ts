import type { ConsentState } from '../consent/consent.ts';
import type { Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { Sequence } from '../sequence/definition.ts';

export type LeadStage = 'lead' | 'customer' | 'disqualified';

/** Everything that `planJourney` decides from, read in one transaction under the lead's lock. */
export interface JourneySnapshot {
  readonly lead: {
    readonly stage: LeadStage;
    /** Merged into another lead or erased: nothing is planned any more. */
    readonly gone: boolean;
    /** The address that mail goes to; null when none is known. */
    readonly address: string | null;
    readonly suppressed: boolean;
  };
  /** All marketing of the installation stands still. */
  readonly paused: boolean;
  /** As of the plan's `now`, under each live model. */
  readonly standings: readonly StandingInForce[];
  /** The first instant at which one of them changes its cell by time alone. */
  readonly standingChangesAt: Instant | null;
  readonly openHandoff: { readonly id: string; readonly started: boolean } | null;
  /** When the last handoff, by model, ended. */
  readonly lastClosedAt: ReadonlyMap<string, Instant>;
  readonly enrolments: readonly EnrolmentInForce[];
  /** All messages of the enrolments above. */
  readonly messages: readonly MessageInForce[];
  /** By consent purpose. */
  readonly consents: ReadonlyMap<string, ConsentState>;
  /** When mails to this lead were claimed (claimed, accepted, unknown), by purpose, ascending; as far back as promises need. */
  readonly sent: ReadonlyMap<string, readonly Instant[]>;
  /** Assessed interactions that a waitFor step of an enrolment above may mean, in fold order. */
  readonly awaited: readonly Interaction[];
}

export interface StandingInForce {
  readonly modelKey: string;
  readonly modelVersionId: number;
  readonly points: number;
  readonly firmPoints: number;
  /** Firm points at which it goes to sales; null where cells decide. */
  readonly threshold: number | null;
  /** Such as A1; null where the model has neither grades nor bands. */
  readonly cell: string | null;
  readonly qualifiedSince: Instant | null;
  /** A publishing, not the lead, made it qualified: its offer waits. */
  readonly held: boolean;
}

export interface EnrolmentInForce {
  readonly id: string;
  readonly sequence: Sequence;
  readonly stepId: string;
  readonly visit: number;
  readonly stepEnteredAt: Instant;
  /** The interaction that ended the step before, if one did. */
  readonly stepEnteredBy: number | null;
}

export type MessageState =
  | 'due'
  | 'delayed'
  | 'claimed'
  | 'deferred'
  | 'accepted'
  | 'refused'
  | 'unknown'
  | 'dropped'
  | 'superseded';

export interface MessageInForce {
  readonly id: string;
  readonly enrolmentId: string;
  readonly stepId: string;
  readonly visit: number;
  readonly purpose: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly deadlineAt: Instant | null;
  readonly nextAttemptAt: Instant | null;
  readonly claimedAt: Instant | null;
  readonly leaseUntil: Instant | null;
  readonly finishedAt: Instant | null;
}

/** True for a message that nothing more will happen to. */
export function isFinal(state: MessageState): boolean {
  switch (state) {
    case 'accepted':
    case 'refused':
    case 'unknown':
    case 'dropped':
    case 'superseded':
      return true;
    case 'due':
    case 'delayed':
    case 'claimed':
    case 'deferred':
      return false;
  }
}
