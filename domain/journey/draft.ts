import { type Instant, MINUTE } from '../instant.ts';
import type { SentMail } from '../pacing/next-allowed.ts';
import type { MessageInForce } from '../sending/message.ts';
import type {
  EnrolmentChange,
  EnrolmentPass,
  Entry,
  MessageChange,
  MessageIntent,
  Offer,
  StepEffect,
} from './journey-plan.ts';
import type { EnrolmentInForce, JourneySnapshot } from './snapshot.ts';

/** When to see what became of a mail that was to be sent: a workflow that was lost with its command is found by this. */
export const SENDING_LOOK_MS = MINUTE;

/** A plan in the making. */
export interface Draft {
  readonly snapshot: JourneySnapshot;
  readonly now: Instant;
  offer: Offer | null;
  /** Grows with what this very plan sends, so that two mails do not share one free place. */
  readonly sent: SentMail[];
  readonly received: Set<string>;
  readonly enrolments: EnrolmentChange[];
  readonly passes: EnrolmentPass[];
  readonly effects: StepEffect[];
  readonly entries: Entry[];
  readonly conditionsHeld: { readonly sequence: string; readonly held: boolean }[];
  readonly intents: MessageIntent[];
  readonly messages: MessageChange[];
  readonly send: string[];
  readonly looks: (Instant | null)[];
  /** Sequences that a step takes the lead out of. */
  readonly leaving: Set<string>;
  /** Something that was written changes what there is to plan. */
  again: boolean;
  /** Enrolments that go on, and claims whose result is still to come. */
  open: number;
}

/** An enrolment while it is planned: it moves. */
export interface Walker {
  enrolment: EnrolmentInForce;
  /** Its messages, as they are by now. */
  readonly messages: MessageInForce[];
  /** A step has changed what is known of the lead: it goes on in a plan that knows. */
  waitsForFacts: boolean;
}

export function newDraft(snapshot: JourneySnapshot, now: Instant): Draft {
  return {
    snapshot,
    now,
    offer: null,
    sent: [...snapshot.sent],
    received: new Set(snapshot.received),
    enrolments: [],
    passes: [],
    effects: [],
    entries: [],
    conditionsHeld: [],
    intents: [],
    messages: [],
    send: [],
    looks: [],
    leaving: new Set(),
    again: false,
    open: 0,
  };
}

/** Sales has the lead, or is about to. */
export function withSales({ snapshot, offer }: Draft): boolean {
  return snapshot.openHandoff !== null || offer !== null;
}
