import type { Duration } from '../instant.ts';
import { ALL_PURPOSES, type FrequencyPromise } from './consent.ts';

/**
 * What may be written about and on which ground, over the whole installation: one policy is live at a time. Purposes that
 * it does not name need consent, as all do by default.
 */
export interface ConsentPolicy {
  readonly key: string;
  readonly name: string;
  readonly purposes: readonly ConsentPurpose[];
  readonly doubleOptIn: DoubleOptInPolicy;
  /** Null: consent does not go stale. */
  readonly staleness: StalenessPolicy | null;
  /** Links and opens of a mail: tracked where the person agreed to it (purpose `tracking`), or nobody's. */
  readonly tracking: 'consent' | 'never';
}

export interface ConsentPurpose {
  readonly key: string;
  /** What people read, by locale. */
  readonly name: Readonly<Record<string, string>>;
  readonly description?: Readonly<Record<string, string>> | undefined;
  /**
   * `contract`: mail that a contract or a request of the person itself needs (an invoice, a confirmation), Art. 6(1)(b)
   * GDPR; it carries no advertising, and neither consent, caps nor sales' silence hold it back.
   */
  readonly basis: 'consent' | 'contract';
  /** Promised by the form, unless the sign-up says otherwise. */
  readonly promise?: FrequencyPromise | undefined;
}

export interface DoubleOptInPolicy {
  /** The template of the mail that asks to confirm: it carries no advertising. */
  readonly template: string;
  /** Who has not confirmed by then is deleted. */
  readonly expiresAfter: Duration;
}

/** Consent may go stale after years of silence (AG München 161 C 12736/22). */
export interface StalenessPolicy {
  /** Without a mail or a confirmation for so long. */
  readonly after: Duration;
  /** So long before, the person is asked whether it still holds. */
  readonly askBefore: Duration;
  /** The template of the mail that asks. */
  readonly template: string;
}

/** What holds while no policy is published. */
export const noConsentPolicy: ConsentPolicy = {
  key: 'none',
  name: 'No consent policy',
  purposes: [],
  doubleOptIn: { template: 'confirm-subscription', expiresAfter: { days: 7 } },
  staleness: null,
  tracking: 'consent',
};

/** The purpose of the mail that asks to confirm a sign-up: it can't need what it asks for. */
export const DOUBLE_OPT_IN = 'double-opt-in';
/** The purpose under which a person agrees to have links and opens of mails recorded. */
export const TRACKING = 'tracking';
/** Tend's own: they mean the same everywhere, and no company's mail goes under them. */
export const RESERVED_PURPOSES: readonly string[] = [ALL_PURPOSES, DOUBLE_OPT_IN, TRACKING];

/** True where a mail goes to the address it was made for and no other: the one that somebody signed up with. */
export function isBoundToItsAddress(purpose: string): boolean {
  return purpose === DOUBLE_OPT_IN;
}

/** On which ground mails of `purpose` go. `exempt`: no marketing consent is needed (see `ConsentPurpose.basis`). */
export type MailBasis = 'consent' | 'exempt';

export function basisOf(policy: ConsentPolicy, purpose: string): MailBasis {
  if (purpose === DOUBLE_OPT_IN) return 'exempt';
  return policy.purposes.find(({ key }) => key === purpose)?.basis === 'contract' ? 'exempt' : 'consent';
}
