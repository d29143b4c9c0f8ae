import type { Calendar } from '../calendar/calendar.ts';
import type { ConsentState } from '../consent/consent.ts';
import type { MailBasis } from '../consent/policy.ts';
import { noPreferences, type Preferences } from '../consent/preferences.ts';
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
  /** Default: none. */
  readonly preferences?: Preferences;
  /** Marketing of all purposes, ascending. */
  readonly sent: readonly SentMail[];
  /** The lineages of all that this person was ever sent. */
  readonly received: ReadonlySet<string>;
  readonly calendar: Calendar;
}

/** The mail in question. */
export interface MailOfMailing {
  readonly purpose: string;
  /** Default: consent. */
  readonly basis?: MailBasis;
  readonly content: Content;
}

/**
 * Why a lead of the audience is not even set on its way: there is no address, no consent, or nothing new to it. Null: it
 * is, and what may delay its mail (a cap, sales, a night) is left to the gate. The gate's own words, asked of what will hardly
 * change by itself.
 */
export function outOfReach(lead: Reachable, mail: MailOfMailing, now: Instant): WithheldReason | null {
  const pace = { policy: noPolicy, calendar: lead.calendar, purpose: mail.purpose, sent: [] };
  const always = { handoffOpen: false, preferences: noPreferences, deadlineAt: null };
  const answer = canMail({ ...gateFacts(lead, mail), ...always, pace }, now);
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
  mail: MailOfMailing,
  policy: PacingPolicy,
  { dueAt, deadlineAt }: { readonly dueAt: Instant; readonly deadlineAt: Instant },
): Prospect {
  const pace = { policy, calendar: lead.calendar, purpose: mail.purpose, sent: lead.sent };
  const answer: GateAnswer = canMail({ ...gateFacts(lead, mail), deadlineAt, pace }, dueAt);
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

function gateFacts(lead: Reachable, { basis = 'consent', content }: MailOfMailing) {
  const { address, suppressed, handoffOpen, consent, preferences = noPreferences, received } = lead;
  const alreadyReceived = !content.repeatable && received.has(content.lineage);
  const rest = { paused: false, sequencePaused: false, mailsFrom: null };
  return { basis, address, suppressed, handoffOpen, consent, preferences, alreadyReceived, ...rest };
}
