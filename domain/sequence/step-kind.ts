import type { z } from 'zod';
import type { Calendar } from '../calendar/calendar.ts';
import type { Condition } from '../conditions/condition.ts';
import type { Facts } from '../conditions/facts.ts';
import type { Problem } from '../conditions/one-of.ts';
import type { Instant } from '../instant.ts';
import type { EventMatch } from '../interaction/event-match.ts';
import type { Interaction, Json } from '../interaction/interaction.ts';
import type { MessageInForce } from '../sending/message.ts';
import type { Content } from './content.ts';
import type { Question } from './question.ts';
import type { Stream } from './stream.ts';

/** Where a step may send an enrolment on to, by name: `path` is where that stands in the step. */
export interface Target {
  readonly path: readonly (string | number)[];
  readonly to: string;
  /** It may lie behind: only a bounded `goTo` may. */
  readonly backward?: boolean;
}

/**
 * A kind of step. All that the rest of Tend needs to know of it stands in its own file: how it is written, where it may
 * lead, what it waits for, and what it does. `pass` is a function from values to a value.
 */
export interface StepKind<S> {
  readonly schema: z.ZodType<S>;
  /** Where it may lead by name. */
  targets(step: S): readonly Target[];
  /** It may go on to the step that follows it. */
  goesOn(step: S): boolean;
  /** Time passes in it, on each way through: a loop needs one such step. */
  takesTime: boolean;
  /** What it refers to, for the checks at publishing. */
  refers?(step: S): readonly Reference[];
  /** Events that may end it, or a condition of it come true: they are read, and news of them is looked at. */
  watches?(step: S): Watched;
  /** Conditions that it asks when it is come to. */
  asks?(step: S): readonly Condition[];
  /** What is wrong with it among the others. */
  problems?(step: S, steps: ReadonlyMap<string, { readonly kind: string }>): readonly Problem[];
  pass(step: S, at: Position, context: StepContext): StepResult;
}

/** What an enrolment's present step keeps an eye on. */
export interface Watched {
  readonly events: readonly EventMatch[];
  readonly conditions: readonly Condition[];
  /** A click or open has to be followed by something that only a person does. */
  readonly humanSignals?: boolean;
}

/** Something outside the sequence that a step needs. */
export interface Reference {
  readonly kind: 'template' | 'sequence' | 'scoring_model' | 'endpoint' | 'rep';
  readonly key: string;
  readonly path: readonly (string | number)[];
  /** Of a template: who must be its recipient. */
  readonly recipient?: 'lead' | 'colleague';
}

/** Where an enrolment stands. */
export interface Position {
  readonly stepId: string;
  /** Which time round: 1, and one more after each jump back. With the step it names a visit. */
  readonly visit: number;
  /** The logical instant at which the step before was done, not when Tend came round to it. */
  readonly stepEnteredAt: Instant;
  /** The interaction that ended the step before, if one did: it does not end this one too. */
  readonly stepEnteredBy: number | null;
  /** How long pauses have held it in this step, in milliseconds: `stepEnteredAt` is later by that than it was. */
  readonly stepHeldMs: number;
}

/** An enrolment, as far as its steps need it. */
export interface EnrolmentOfSteps {
  readonly id: string;
  readonly leadId: string;
  readonly sequence: { readonly key: string; readonly streams: readonly Stream[] };
  readonly startedAt: Instant;
  /** After a pause its mails wait for their turn until then; null: there was none. */
  readonly mailsFrom: Instant | null;
  /** By goTo step, how often it has jumped. */
  readonly jumps: Readonly<Record<string, number>>;
  /** By split step, the arm that somebody picked. */
  readonly winners: ReadonlyMap<string, string>;
}

/** Everything that a step may look at. */
export interface StepContext {
  readonly now: Instant;
  /** The enrolment stood at this step before the plan, and did not come to it just now. */
  readonly stoodHere: boolean;
  readonly enrolment: EnrolmentOfSteps;
  /** The enrolment's own messages. */
  readonly messages: readonly MessageInForce[];
  /** What the lead did, in fold order, as far back as anything here asks. */
  readonly events: readonly Interaction[];
  readonly facts: Facts;
  /** The first instant after `now` at which time alone may change what a condition says; null: never. */
  readonly outlook: (condition: Condition) => Instant | null;
  readonly calendar: Calendar;
  /** What is published under each template's key. */
  readonly contents: ReadonlyMap<string, Content>;
  /** The lineages of what this person was sent. */
  readonly received: ReadonlySet<string>;
  /** The next question worth asking this person under a model; null: none is left. */
  readonly question: (modelKey: string) => Question | null;
}

export type StepResult = Passed | Waits | Mails;

/** The step is done, since `at`. */
export interface Passed {
  readonly kind: 'passed';
  readonly at: Instant;
  /** A step's id or `end`. Default: the step that follows. */
  readonly to?: string | undefined;
  /** The interaction that ended it. */
  readonly by?: number | undefined;
  /** Which way it went, for reports: an arm, `event`, `timeout`, `already-received` … */
  readonly outcome?: string | undefined;
  readonly effect?: Effect | undefined;
  /** A jump that is counted against the step's bound. */
  readonly jump?: boolean;
}

export interface Waits {
  readonly kind: 'waits';
  /** When it ends, or must be looked at again, by itself; null: only by news. */
  readonly until: Instant | null;
  readonly watched: Watched;
  /** A stream has nothing more for this person at this maturity. */
  readonly exhausted?: boolean;
}

/** The step's mail is due, on its way, or withheld. */
export interface Mails {
  readonly kind: 'mails';
  /** Null: it has no row yet. */
  readonly message: MessageInForce | null;
  readonly mail: MailToSend;
}

export interface MailToSend {
  readonly template: string;
  readonly lineage: string;
  readonly repeatable: boolean;
  readonly dueAt: Instant;
  /** Null: it keeps until the enrolment ends. */
  readonly deadlineAt: Instant | null;
  /** How mature its readers are: the place of its track in the stream. */
  readonly maturity: number;
  readonly question: Question | null;
}

/** What a step makes happen outside of its enrolment, once, in the transaction that passes it. */
export type Effect =
  | { readonly kind: 'record'; readonly values: Readonly<Record<string, Json>> }
  | { readonly kind: 'enrol'; readonly sequence: string }
  | { readonly kind: 'leave'; readonly sequence: string }
  | { readonly kind: 'webhook'; readonly endpoint: string; readonly event: string; readonly include: readonly string[] }
  | { readonly kind: 'notify'; readonly rep: string; readonly template: string }
  | { readonly kind: 'handOff'; readonly reason: string | null };

export const NOTHING_WATCHED: Watched = { events: [], conditions: [] };
