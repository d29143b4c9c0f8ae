import type { Instant } from '../instant.ts';
import type { WithheldReason } from '../sending/gate.ts';
import type { MessageState } from '../sending/message.ts';
import type { StepPass } from '../sequence/advance.ts';
import type { TurnedAway } from '../sequence/entry.ts';
import type { Question } from '../sequence/question.ts';
import type { Effect } from '../sequence/step-kind.ts';
import type { ContentGap } from '../sequence/stream.ts';
import type { StandingInForce } from './snapshot.ts';

/** What `planJourney` found to be done. The store writes it in the transaction that read the snapshot. */
export interface JourneyPlan {
  readonly enrolments: readonly EnrolmentChange[];
  readonly passes: readonly EnrolmentPass[];
  /** What steps make happen elsewhere, once each. */
  readonly effects: readonly StepEffect[];
  readonly entries: readonly Entry[];
  /** Keys of sequences whose entry condition has come to hold, or ceased to. */
  readonly conditionsHeld: readonly { readonly sequence: string; readonly held: boolean }[];
  readonly intents: readonly MessageIntent[];
  readonly messages: readonly MessageChange[];
  /** Ids of messages already stored that are to be sent now. */
  readonly send: readonly string[];
  /** Offer the lead to sales. */
  readonly offer: Offer | null;
  /** The next instant at which the plan changes by time alone. */
  readonly nextLookAt: Instant | null;
  /** Nothing is enrolled, open or due, and nothing changes by itself. */
  readonly closed: boolean;
  /** What it wrote changes what there is to plan: a lead that came into a sequence begins it now. */
  readonly again: boolean;
}

/** Why the lead goes to sales. */
export type Offer =
  | { readonly by: 'standing'; readonly standing: StandingInForce }
  | {
      readonly by: 'step';
      readonly enrolmentId: string;
      readonly sequence: string;
      readonly stepId: string;
      readonly reason: string | null;
    };

export type EnrolmentChange =
  | {
      readonly id: string;
      readonly kind: 'moved';
      readonly stepId: string;
      readonly visit: number;
      readonly stepEnteredAt: Instant;
      readonly stepEnteredBy: number | null;
      readonly jumps: Readonly<Record<string, number>>;
      /** What news may change its place: interest keys of events, and `score` where a condition asks for one. */
      readonly awaits: readonly string[];
      /** A stream has nothing more for this person at this maturity. */
      readonly exhausted: boolean;
      /** Where: for the report that says what is to be written. */
      readonly gap: ContentGap | null;
    }
  | {
      readonly id: string;
      readonly kind: 'ended';
      readonly state: 'completed' | 'left';
      readonly at: Instant;
      readonly reason: string;
    }
  | { readonly id: string; readonly kind: 'turned-away'; readonly at: Instant; readonly reason: TurnedAway };

export type EnrolmentPass = StepPass & { readonly enrolmentId: string };

export interface StepEffect {
  readonly enrolmentId: string;
  readonly sequence: string;
  readonly stepId: string;
  readonly visit: number;
  readonly at: Instant;
  readonly effect: Exclude<Effect, { kind: 'enrol' | 'leave' | 'handOff' }>;
}

/** The lead comes into a sequence. */
export interface Entry {
  readonly sequence: string;
  readonly versionId: number;
  readonly by: 'condition' | 'sequence';
  readonly at: Instant;
  readonly stepId: string;
}

export interface MessageIntent {
  readonly enrolmentId: string;
  readonly stepId: string;
  readonly visit: number;
  readonly template: string;
  readonly lineage: string;
  readonly question: Question | null;
  readonly purpose: string;
  readonly dueAt: Instant;
  readonly deadlineAt: Instant | null;
  readonly state: MessageState;
  readonly reason: WithheldReason | null;
  readonly detail: string | null;
  readonly nextAttemptAt: Instant | null;
  readonly sendNow: boolean;
}

export interface MessageChange {
  readonly id: string;
  readonly state: MessageState;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly nextAttemptAt: Instant | null;
  /** Another content, where a stream's reader has matured before the mail went. */
  readonly content?: { readonly template: string; readonly lineage: string };
}
