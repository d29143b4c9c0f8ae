import type { Calendar } from '../calendar/calendar.ts';
import type { Condition } from '../conditions/condition.ts';
import type { Facts } from '../conditions/facts.ts';
import type { ConsentState } from '../consent/consent.ts';
import type { ConsentPolicy } from '../consent/policy.ts';
import type { Preferences } from '../consent/preferences.ts';
import type { Instant } from '../instant.ts';
import type { Interaction } from '../interaction/interaction.ts';
import type { LeadStage } from '../lead-stage.ts';
import type { SentMail } from '../pacing/next-allowed.ts';
import type { PacingPolicy } from '../pacing/policy.ts';
import type { MessageInForce } from '../sending/message.ts';
import type { Ways } from '../sending/obstacle.ts';
import type { Content } from '../sequence/content.ts';
import type { Sequence } from '../sequence/definition.ts';
import type { EarlierPasses } from '../sequence/entry.ts';
import type { Question } from '../sequence/question.ts';

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
  /** How often and when this person may be written to. */
  readonly pacing: PacingPolicy;
  readonly calendar: Calendar;
  /** As of the plan's `now`, under each live model. */
  readonly standings: readonly StandingInForce[];
  /** The first instant at which one of them changes its cell by time alone. */
  readonly standingChangesAt: Instant | null;
  readonly openHandoff: { readonly id: string; readonly started: boolean } | null;
  /** When the last handoff, by model, ended; under `ANY_MODEL` those that no model made. */
  readonly lastClosedAt: ReadonlyMap<string, Instant>;
  /** What conditions ask; its events go as far back as those of `enrolments`, `entering` and `askedToEnter` ask. */
  readonly facts: Facts;
  /** The first instant after `now` at which time alone may change what a condition says; null: never. */
  readonly outlook: (condition: Condition) => Instant | null;
  readonly enrolments: readonly EnrolmentInForce[];
  /** Who wants to come in by an event, and is let in by this plan or turned away. */
  readonly entering: readonly EnrolmentInForce[];
  /** Every published sequence, in the order of their keys. */
  readonly live: readonly LiveSequence[];
  /** All messages of the enrolments above. */
  readonly messages: readonly MessageInForce[];
  /** Mails to colleagues about this lead that are not through. */
  readonly notices: readonly Notice[];
  /** Mails to the lead that no sequence sends, and that are not through. */
  readonly looseMails: readonly LooseMail[];
  readonly consentPolicy: ConsentPolicy;
  readonly preferences: Preferences;
  readonly ways: Ways;
  /** By consent purpose. */
  readonly consents: ReadonlyMap<string, ConsentState>;
  /** Marketing mails to this person that were claimed (claimed, accepted, unknown), ascending. */
  readonly sent: readonly SentMail[];
  /** The lineages of all that this person was ever sent. */
  readonly received: ReadonlySet<string>;
  /** What is published under each template's key. */
  readonly contents: ReadonlyMap<string, Content>;
  /** What the lead did, assessed, in fold order, as far back as a step, goal or condition here may ask. */
  readonly events: readonly Interaction[];
  /** The next question worth asking this person under a model. */
  readonly question: (modelKey: string) => Question | null;
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
  readonly leadId: string;
  readonly sequence: Sequence;
  readonly startedAt: Instant;
  /** The interaction that enrolled the lead: it is no goal and no exit. */
  readonly startedBy: number | null;
  readonly stepId: string;
  readonly visit: number;
  readonly stepEnteredAt: Instant;
  /** The interaction that ended the step before, if one did. */
  readonly stepEnteredBy: number | null;
  /** How long pauses have held it, in its present step and in all, in milliseconds. */
  readonly stepHeldMs: number;
  readonly heldMs: number;
  /** By goTo step, how often it has jumped. */
  readonly jumps: Readonly<Record<string, number>>;
  /** By split step, the arm that somebody picked. */
  readonly winners: ReadonlyMap<string, string>;
  /** It, or its sequence, is paused: nothing of it moves. */
  readonly paused: boolean;
  /** Its mails may go again from here on: what a pause held back does not come as a flood. */
  readonly mailsFrom: Instant | null;
}

export interface LiveSequence {
  readonly versionId: number;
  readonly sequence: Sequence;
  readonly passes: EarlierPasses;
  /** One of its entry conditions held when this lead was last planned. */
  readonly heldBefore: boolean;
  /** Null: a plan of this lead has seen this publication before, or the lead came after it. */
  readonly firstLook: FirstLook | null;
}

/** What becomes of leads whose entry condition holds already when a sequence is published. */
export const existingChoices = ['leave', 'enrol'] as const;

/** The first plan of a lead since a sequence was published. */
export interface FirstLook {
  /** Publications are numbered in the order in which they came to be. */
  readonly publication: number;
  readonly existing: (typeof existingChoices)[number];
}

/** A mail to a colleague. */
export type Notice = Pick<MessageInForce, 'id' | 'state' | 'deadlineAt' | 'nextAttemptAt' | 'leaseUntil' | 'ifLost'>;

/** A mail to the lead outside of sequences. */
export interface LooseMail
  extends Pick<
    MessageInForce,
    'id' | 'purpose' | 'template' | 'state' | 'reason' | 'deadlineAt' | 'nextAttemptAt' | 'leaseUntil' | 'ifLost'
  > {
  /** It goes to this address and no other: that is the one to be confirmed. Default: to the lead's own. */
  readonly to?: { readonly address: string; readonly suppressed: boolean; readonly ways: Ways };
}

/** The key under which the end of a handoff counts for every model. */
export const ANY_MODEL = '';
