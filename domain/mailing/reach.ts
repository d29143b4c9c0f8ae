import type { Calendar } from '../calendar/calendar.ts';
import type { ConsentState } from '../consent/consent.ts';
import type { Instant } from '../instant.ts';
import type { SentMail } from '../pacing/next-allowed.ts';
import { noPolicy, type PacingPolicy } from '../pacing/policy.ts';
import { canMail, type GateAnswer, type WithheldReason } from '../sending/gate.ts';
import type { Content } from '../sequence/content.ts';

/** What the gate would look at for one lead of an audience. */
export interface Reachable {
  /** The mail address that the lead was linked to last. */
  readonly address: string | null;
  readonly suppressed: boolean;
  readonly handoffOpen: boolean;
  readonly consent: ConsentState;
  /** Of all purposes, ascending. */
  readonly sent: readonly SentMail[];
  /** The lineages of all that this person was ever sent. */
  readonly received: ReadonlySet<string>;
  readonly calendar: Calendar;
}

/** The mail in question. */
export interface MailOfMailing {
  readonly purpose: string;
  readonly content: Content;
}

/**
 * Why a lead of the audience is not even set on its way: there is no address, no consent, or nothing new to it. Null: it
 * is, and what may delay its mail (a cap, sales, a night) is left to the gate. The gate's own words, asked of what will hardly
 * change by itself.
 */
export function outOfReach(lead: Reachable, { purpose, content }: MailOfMailing, now: Instant): WithheldReason | null {
  const pace = { policy: noPolicy, calendar: lead.calendar, purpose, sent: [] };
  const answer = canMail({ ...gateFacts(lead, content), handoffOpen: false, deadlineAt: null, pace }, now);
  return answer.kind === 'now' ? null : answer.reason;
}

/** What would become of its mail, as far as can be told before: what sequences want to send meanwhile is not known. */
export type Prospect =
  | { readonly kind: 'goes'; readonly at: Instant; readonly delayedBy: WithheldReason | null }
  /** Until something changes that time does not. */
  | { readonly kind: 'waits'; readonly reason: WithheldReason }
  /** Delayed past its deadline. */
  | { readonly kind: 'too-late'; readonly reason: WithheldReason }
  | { readonly kind: 'never'; readonly reason: WithheldReason };

export function prospect(
  lead: Reachable,
  { purpose, content }: MailOfMailing,
  policy: PacingPolicy,
  { dueAt, deadlineAt }: { readonly dueAt: Instant; readonly deadlineAt: Instant },
): Prospect {
  const pace = { policy, calendar: lead.calendar, purpose, sent: lead.sent };
  const answer: GateAnswer = canMail({ ...gateFacts(lead, content), deadlineAt, pace }, dueAt);
  switch (answer.kind) {
    case 'now':
      return { kind: 'goes', at: dueAt, delayedBy: null };
    case 'never':
      return answer;
    case 'later': {
      const { reason, at } = answer;
      if (at === null) return { kind: 'waits', reason };
      return at >= deadlineAt ? { kind: 'too-late', reason } : { kind: 'goes', at, delayedBy: reason };
    }
  }
}

function gateFacts({ address, suppressed, handoffOpen, consent, received }: Reachable, content: Content) {
  const alreadyReceived = !content.repeatable && received.has(content.lineage);
  const rest = { paused: false, sequencePaused: false, mailsFrom: null };
  return { address, suppressed, handoffOpen, consent, alreadyReceived, ...rest };
}
