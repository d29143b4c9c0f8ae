import type { Instant } from '../domain/instant.ts';
import type { ReturnedMessage, ReturnProof } from './find-returned-message.ts';
import type { LockedLead } from './lock-lead.ts';

/** Something that came back of a mail, under the lock of the mail's lead. */
export interface Returned {
  readonly inboundId: string;
  readonly message: ReturnedMessage;
  readonly proof: ReturnProof;
  readonly lead: LockedLead;
  /** By the clock of this world. */
  readonly now: Instant;
}

/** What was done about it; stands in `inbound_mail.outcome`. */
export const inboundOutcomes = [
  /** The address is not written to any more. */
  'suppressed',
  /** On record, and nothing follows from it. */
  'recorded',
  /** A report that only names a Message-ID: acted on when a second one says the same on another day. */
  'awaits-second-report',
  /** The receiving domain refused for our reputation: counted there. */
  'receiver-noted',
  /** Consent is withdrawn. */
  'withdrawn',
  /** A reply: forwarded to a colleague. */
  'forwarded',
  /** A reply, and nobody is named to whom it could go. */
  'nobody-to-tell',
  /** The same was told before. */
  'already',
  /** About none of our mails, as far as can be told: nothing follows. */
  'not-ours',
  /** About a mail within the company. */
  'internal',
  /** Its person is erased. */
  'person-gone',
  /** It says nothing that anything follows from. */
  'nothing',
  /** It can't be read, or broke what reads it. */
  'set-aside',
] as const;
export type InboundOutcome = (typeof inboundOutcomes)[number];

/** What of something that came back is kept with its row. */
export interface Understood {
  readonly outcome: InboundOutcome;
  /** Of a bounce. */
  readonly cause?: string | null;
  readonly status?: string | null;
  /** A stable code. */
  readonly detail?: string | null;
}
