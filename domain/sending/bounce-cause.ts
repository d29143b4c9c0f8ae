import { byCode, byOwnStatus, byStatus } from './bounce-codes.ts';
import type { BounceReason } from './bounce-reason.ts';
import type { BounceTextRule } from './bounce-text-rule.ts';
import { bounceTextRules } from './bounce-texts.ts';
import { type EnhancedStatus, isSpecific, readStatus } from './smtp-status.ts';

export type { BounceCause } from './bounce-reason.ts';

/** `Action` of a delivery report (RFC 3464 §2.3.3). */
export type DeliveryAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

export interface BounceFacts {
  /** The enhanced status, as `5.1.1`. */
  readonly status: string | null;
  /** The SMTP reply code. */
  readonly code: number | null;
  /** What the server said, in its words. */
  readonly diagnostic: string | null;
  readonly action?: DeliveryAction | null | undefined;
}

export interface BounceVerdict extends BounceReason {
  /** The server called it permanent (5yz), and nothing says that it passes: sent again, it would fail again. */
  readonly permanent: boolean;
}

/** Longer answers say nothing more; a bound on the work of the rules. */
const MAX_DIAGNOSTIC = 2_000;

/** Each line of an answer repeats its code: `550-5.1.1 double-checking the address`. */
const REPEATED_CODE = /(?:^|\s)[245]\d\d[-\s](?:#?[245]\.\d{1,3}\.\d{1,3}(?=\s|$))?/g;
const LINK = /https?:\/\/([\w.-]{1,253})\S*/gi;
const ADDRESS = /[^\s<>()"',;:@]{1,64}@[^\s<>()"',;:@]+/g;

/**
 * The cause of a bounce, of an SMTP reply and of a delivery report alike. The words come first, for codes are used loosely
 * (a `550 5.7.1` may say "no such user", a `550` "blocked using Spamhaus"); then the enhanced status (RFC 3463 and the
 * registry of RFC 5248); then the bare reply code (RFC 5321 §4.2.3). Pure; never throws.
 */
export function causeOf(facts: BounceFacts): BounceVerdict {
  const diagnostic = (facts.diagnostic ?? '').slice(0, MAX_DIAGNOSTIC);
  const status = statusOf(facts.status, diagnostic);
  const failed = isPermanent(facts, status);
  const reason =
    byOwnStatus(status) ??
    byWords(wordsOf(diagnostic), failed) ??
    byStatus(status, failed) ??
    byCode(facts.code) ??
    UNEXPLAINED;
  return { ...reason, permanent: failed && reason.cause !== 'transient' };
}

/** The words of an answer alone: `<virus@…>: user unknown, see https://…/spam-policy` is about neither virus, spam nor policy. */
function wordsOf(diagnostic: string): string {
  return diagnostic
    .replaceAll(LINK, '$1')
    .replaceAll(ADDRESS, '@')
    .replaceAll(REPEATED_CODE, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

const UNEXPLAINED: BounceReason = { cause: 'transient', why: 'unexplained' };

/** The stated status, or the one in the text where the stated one says nothing (`5.0.0`) or there is none. */
function statusOf(stated: string | null, diagnostic: string): EnhancedStatus | null {
  const own = stated === null ? null : readStatus(stated);
  return own !== null && isSpecific(own) ? own : (readStatus(diagnostic) ?? own);
}

/** RFC 5321 §4.2.1: the first digit decides. Of a report that gives none, its action. */
function isPermanent({ code, action }: BounceFacts, status: EnhancedStatus | null): boolean {
  if (action === 'delayed') return false;
  if (code !== null) return code >= 500;
  if (status !== null) return status.class === 5;
  return action === 'failed';
}

function byWords(words: string, failed: boolean): BounceReason | null {
  const applies = ({ says, only }: BounceTextRule) =>
    (only === undefined || (only === 'permanent') === failed) && says.test(words);
  const rule = words === '' ? undefined : bounceTextRules.find(applies);
  return rule === undefined ? null : { cause: rule.cause, why: rule.why };
}
