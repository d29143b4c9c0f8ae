import type { Calendar } from '../calendar/calendar.ts';
import type { HandoffOutcome } from '../handoff/outcome.ts';
import type { Instant } from '../instant.ts';
import type { InteractionKind, Json, Properties } from '../interaction/interaction.ts';

/** Something in a simulated lead's life, as it is told. Instants are those of the virtual clock. */
export type LifeEntry = { readonly at: Instant } & (
  | {
      readonly kind: 'did';
      readonly event: string;
      readonly as: InteractionKind;
      readonly properties: Properties;
      readonly late: boolean;
    }
  | {
      readonly kind: 'points';
      readonly model: string;
      readonly rule: string;
      readonly points: number;
      readonly provisional: boolean;
      readonly sum: number;
    }
  | { readonly kind: 'cell'; readonly model: string; readonly from: string | null; readonly to: string | null }
  | {
      readonly kind: 'entered';
      readonly sequence: string;
      readonly enrolment: string;
      readonly by: 'event' | 'condition' | 'sequence' | 'hand';
    }
  | { readonly kind: 'turned-away'; readonly sequence: string; readonly reason: string; readonly by: 'event' | 'hand' }
  | {
      readonly kind: 'step';
      readonly sequence: string;
      readonly enrolment: string;
      readonly step: string;
      readonly visit: number;
      readonly enteredAt: Instant;
      readonly outcome: string | null;
    }
  /** By whose clock and holidays it went, as known then. */
  | ({ readonly kind: 'mail'; readonly calendar: Calendar } & MailOfLife)
  | ({
      readonly kind: 'delayed';
      readonly reason: string;
      readonly detail: string | null;
      readonly until: Instant | null;
    } & MailOfLife)
  | ({ readonly kind: 'withheld'; readonly state: 'dropped' | 'superseded'; readonly reason: string } & MailOfLife)
  | {
      readonly kind: 'exhausted';
      readonly sequence: string;
      readonly stream: string;
      readonly track: string | null;
      readonly cell: string | null;
    }
  | { readonly kind: 'effect'; readonly sequence: string; readonly text: string }
  | {
      readonly kind: 'offered';
      readonly handoff: number;
      readonly model: string | null;
      readonly cell: string | null;
      readonly firmPoints: number;
      readonly reason: string | null;
    }
  | { readonly kind: 'accepted'; readonly handoff: number }
  | { readonly kind: 'closed'; readonly handoff: number; readonly outcome: HandoffOutcome }
  | {
      readonly kind: 'ended';
      readonly sequence: string;
      readonly enrolment: string;
      readonly state: 'completed' | 'left';
      readonly reason: string;
    }
  | {
      readonly kind: 'consent';
      readonly action: 'granted' | 'withdrawn';
      readonly purpose: string;
      readonly by: 'unsubscribe' | 'form';
    }
  /** What a story says happens, and can't: a click in a mail that was not sent. */
  | { readonly kind: 'missed'; readonly text: string }
  | { readonly kind: 'told'; readonly values: Readonly<Record<string, Json>>; readonly source: string }
);

/** A mail of a life, whatever became of it. */
export interface MailOfLife {
  readonly message: string;
  readonly sequence: string;
  readonly enrolment: string;
  readonly step: string;
  readonly template: string;
  readonly lineage: string;
  readonly purpose: string;
  readonly dueAt: Instant;
}

/** One lead, lived from its arrival to the end of the simulation. */
export interface Life {
  /** From 1. */
  readonly number: number;
  readonly persona: string;
  readonly arrivedAt: Instant;
  readonly until: Instant;
  /** The zone by which it was written to, last. */
  readonly zone: string;
  readonly country: string | null;
  readonly region: string | null;
  /** In the order in which it happened. */
  readonly entries: readonly LifeEntry[];
  readonly end: LifeEnd;
}

/** How it stands when the simulation ends. */
export interface LifeEnd {
  readonly stage: 'lead' | 'customer' | 'disqualified';
  readonly cells: Readonly<Record<string, string | null>>;
  readonly points: Readonly<Record<string, number>>;
  /** Sequences that it is still in, with the step at which it stands. */
  readonly running: Readonly<Record<string, string>>;
  /** Mails that wait: none of them is lost. */
  readonly waiting: readonly (MailOfLife & { readonly reason: string | null; readonly until: Instant | null })[];
}

/** Of a kind of entry. */
export type EntryOf<K extends LifeEntry['kind']> = Extract<LifeEntry, { readonly kind: K }>;

export function entriesOf<K extends LifeEntry['kind']>({ entries }: Pick<Life, 'entries'>, kind: K): EntryOf<K>[] {
  return entries.filter((entry): entry is EntryOf<K> => entry.kind === kind);
}
