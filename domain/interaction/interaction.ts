import type { Instant } from '../instant.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = { readonly [key: string]: Json };

/** `tend`: recorded by Tend itself (opens, clicks, handoff outcomes), never sent by a website. */
export type InteractionKind = 'track' | 'identify' | 'page' | 'group' | 'tend';

/** Something that a person did. */
export interface Interaction {
  readonly id: number;
  readonly source: string;
  readonly messageId: string;
  readonly kind: InteractionKind;
  readonly name: string;
  readonly properties: Properties;
  readonly occurredAt: Instant;
}

/** What fold order is made of. */
export type FoldPosition = Pick<Interaction, 'occurredAt' | 'source' | 'messageId'>;

/**
 * Fold order: (occurred_at, source, message id). Total, and the same whatever order interactions arrive in.
 * Strings compare by code unit, never by a database's collation: two installations must agree.
 */
export function compareFoldOrder(a: FoldPosition, b: FoldPosition): number {
  return (
    a.occurredAt - b.occurredAt || compareCodeUnits(a.source, b.source) || compareCodeUnits(a.messageId, b.messageId)
  );
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The names under which Tend records what happens to its own mails; Segment's e-mail spec. */
export const EMAIL_OPENED = 'Email Opened';
export const EMAIL_LINK_CLICKED = 'Email Link Clicked';
export const UNSUBSCRIBED = 'Unsubscribed';
export const EMAIL_BOUNCED = 'Email Bounced';
export const EMAIL_COMPLAINED = 'Email Marked as Spam';
/** A person answered a mail: not an out-of-office note. Properties: `message`, `template`, `sequence`, `step`. */
export const EMAIL_REPLIED = 'Email Replied';
/** A person confirmed a sign-up (double opt-in). Properties: `purposes`, a list; `form`, its page without a query. */
export const SUBSCRIPTION_CONFIRMED = 'Subscription Confirmed';
/** A person said that an old consent still holds. Properties: `purpose`. */
export const CONSENT_RENEWED = 'Consent Renewed';
/** Somebody told Tend something about a lead; properties: `source`, and each value as `attribute.<name>`, `account.<name>`. */
export const ATTRIBUTES_RECORDED = 'Attributes Recorded';
/**
 * A person gave a lead points by hand, or took some; properties: `model`, `points`, `reason`, `by`, and `endsAt` (ISO 8601)
 * where they count until then only.
 */
export const SCORE_ADJUSTED = 'Score Adjusted';
/** A website told about the company that a person belongs to; the name of every `group`. */
export const GROUP_IDENTIFIED = 'Group Identified';

/** The source of interactions that Tend records itself; no write key may take this name. */
export const TEND_SOURCE = 'tend';

/**
 * True for opens and clicks as Tend records them: mail privacy prefetch opens mails and scanners follow links, so
 * neither proves a person (Apple Mail Privacy Protection; Mautic #9798).
 */
export function isProvisional(interaction: Pick<Interaction, 'kind' | 'name'>): boolean {
  return interaction.kind === 'tend' && (interaction.name === EMAIL_OPENED || interaction.name === EMAIL_LINK_CLICKED);
}

/** What Tend records itself that only a person does: an answer to a mail, a form of its own pages that was sent. */
export const PERSONAL_TEND_EVENTS: readonly string[] = [EMAIL_REPLIED, SUBSCRIPTION_CONFIRMED, CONSENT_RENEWED];

/** True for what only a person does: an event that a website saw, or one of `PERSONAL_TEND_EVENTS`; not what a machine may have done. */
export function isHumanSignal(interaction: Pick<Interaction, 'kind' | 'name'>): boolean {
  return interaction.kind !== 'tend' || PERSONAL_TEND_EVENTS.includes(interaction.name);
}
