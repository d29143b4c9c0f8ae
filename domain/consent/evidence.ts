import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import { localeSchema } from '../definition/template.ts';
import type { FieldProblem } from '../errors.ts';
import { type Instant, MINUTE } from '../instant.ts';
import { ALL_PURPOSES, type FrequencyPromise } from './consent.ts';
import { DOUBLE_OPT_IN } from './policy.ts';
import type { PreferenceChange } from './preferences.ts';

const instantSchema = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its zone, such as 2026-11-21T10:00:00Z',
});
const positive = z.number().int('must be a whole number').positive('must be more than 0').max(3_660);

/** At most `max` mails in `days` days. */
export const promiseSchema = z.strictObject({ max: positive, days: positive });
/** The words as shown, and which version of the form's words they are. */
export const wordingSchema = z.string().trim().min(1).max(20_000);
export const wordingVersionSchema = z.string().trim().min(1).max(100);
export const formUrlSchema = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).max(2_000);
export const ipSchema = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' });
export const userAgentSchema = z.string().max(1_000);
/** What consent is asked for at once: each is granted, and withdrawn, by itself. */
export const purposesSchema = z
  .array(definitionKeySchema)
  .min(1, 'must name at least one purpose')
  .max(20)
  .refine((purposes) => new Set(purposes).size === purposes.length, 'must name each purpose once');

/**
 * What proves a consent in the single case, or its withdrawal. German courts ask for the wording as shown and the date
 * and time of request and of confirmation (BGH I ZR 164/09, AG Düsseldorf 23 C 3876/13).
 */
export const consentEvidenceSchema = z.strictObject({
  channel: z.enum(['email', 'phone', 'post']).default('email'),
  /** What may be written about. `all` is for withdrawals only: it ends every purpose of the channel. */
  purpose: definitionKeySchema.optional(),
  /** Several that were given by the same act, in place of `purpose`: each becomes a record of its own. */
  purposes: purposesSchema.optional(),
  action: z.enum(['granted', 'withdrawn']),
  /** The address it is for. Default: the lead's own. */
  address: z.string().trim().min(1).max(320).optional(),
  wording: wordingSchema.optional(),
  wordingVersion: wordingVersionSchema.optional(),
  /** The language of the form. */
  locale: localeSchema.optional(),
  formUrl: formUrlSchema.optional(),
  /** Of the request; and of the confirmation. */
  ip: ipSchema.optional(),
  userAgent: userAgentSchema.optional(),
  confirmIp: ipSchema.optional(),
  confirmUserAgent: userAgentSchema.optional(),
  requestedAt: instantSchema.optional(),
  confirmedAt: instantSchema.optional(),
  /** The Message-ID of the mail that was confirmed (RFC 5322 §3.6.4). */
  confirmationMessageId: z
    .string()
    .trim()
    .regex(/^<[^<>\s]{1,990}>$/, 'must be a Message-ID with its angle brackets, such as <a1b2@shop.example>')
    .optional(),
  /** The frequency promised. It binds (KG Berlin 5 U 1043/20). */
  promise: promiseSchema.optional(),
});

export type ConsentEvidence = z.infer<typeof consentEvidenceSchema>;

/** The mail that was confirmed, as it stood when it was. */
export interface ConfirmationMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** One record as it is stored: one purpose, by whatever way it came. */
export interface ConsentEntry extends Omit<ConsentEvidence, 'purpose' | 'purposes' | 'action' | 'promise'> {
  readonly purpose: string;
  readonly action: 'granted' | 'withdrawn' | 'changed';
  readonly promise?: FrequencyPromise | undefined;
  /** Of a sign-up that Tend itself had confirmed: its id. */
  readonly requestId?: string | undefined;
  readonly confirmationMail?: ConfirmationMail | undefined;
  /** Of `changed`, and of nothing else: what the person set. */
  readonly change?: PreferenceChange | undefined;
}

/** The records that `evidence` makes: one for each purpose. */
export function entriesOf({ purpose, purposes, ...evidence }: ConsentEvidence): ConsentEntry[] {
  const named = purposes ?? (purpose === undefined ? [] : [purpose]);
  return named.map((each) => ({ ...evidence, purpose: each }));
}

/** A website's clock may be ahead of ours by this much. */
const CLOCK_TOLERANCE = 5 * MINUTE;

/** What `evidence` lacks at `now` to prove what it says. Empty: nothing. */
export function evidenceProblems(evidence: ConsentEvidence, now: Instant): FieldProblem[] {
  const problems: FieldProblem[] = purposeProblems(evidence);
  const { action, wording, requestedAt, confirmedAt } = evidence;
  if (action === 'granted') {
    if (wording === undefined)
      problems.push({ path: 'wording', problem: 'is needed: consent is proven by the words as they were shown' });
    if (requestedAt === undefined) problems.push({ path: 'requestedAt', problem: 'is needed: when the form was sent' });
    if (confirmedAt === undefined)
      problems.push({ path: 'confirmedAt', problem: 'is needed: when the person confirmed (double opt-in)' });
  } else {
    for (const path of ['promise', 'confirmationMessageId'] as const) {
      if (evidence[path] !== undefined) problems.push({ path, problem: 'belongs to a consent that is granted' });
    }
  }
  for (const [path, text] of [
    ['requestedAt', requestedAt],
    ['confirmedAt', confirmedAt],
  ] as const) {
    if (text !== undefined && Date.parse(text) > now + CLOCK_TOLERANCE)
      problems.push({ path, problem: 'lies in the future' });
  }
  if (requestedAt !== undefined && confirmedAt !== undefined && Date.parse(confirmedAt) < Date.parse(requestedAt)) {
    problems.push({ path: 'confirmedAt', problem: 'lies before requestedAt' });
  }
  return problems;
}

function purposeProblems({ purpose, purposes, action }: ConsentEvidence): FieldProblem[] {
  if (purpose === undefined && purposes === undefined)
    return [{ path: 'purpose', problem: 'is needed, or "purposes" for several at once' }];
  if (purpose !== undefined && purposes !== undefined)
    return [{ path: 'purposes', problem: 'stands beside "purpose": name them all here, and leave that out' }];
  if (action === 'withdrawn') return [];
  const path = purpose === undefined ? 'purposes' : 'purpose';
  const named = purposes ?? [purpose];
  return [
    ...(named.includes(ALL_PURPOSES)
      ? [{ path, problem: 'consent is given for one purpose at a time; "all" can only be withdrawn' }]
      : []),
    ...(named.includes(DOUBLE_OPT_IN)
      ? [{ path, problem: `"${DOUBLE_OPT_IN}" is the mail that asks for consent: it needs none` }]
      : []),
  ];
}
