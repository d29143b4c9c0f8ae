import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import type { FieldProblem } from '../errors.ts';
import { type Instant, MINUTE } from '../instant.ts';

const instantSchema = z.iso.datetime({
  offset: true,
  error: 'must be an instant with its zone, such as 2026-11-21T10:00:00Z',
});
const positive = z.number().int('must be a whole number').positive('must be more than 0').max(3_660);

/**
 * What proves a consent in the single case, or its withdrawal. German courts ask for the wording as shown and the date
 * and time of request and of confirmation (BGH I ZR 164/09, AG Düsseldorf 23 C 3876/13).
 */
export const consentEvidenceSchema = z.strictObject({
  channel: z.enum(['email', 'phone', 'post']).default('email'),
  /** What may be written about. `all` is for withdrawals only: it ends every purpose of the channel. */
  purpose: definitionKeySchema,
  action: z.enum(['granted', 'withdrawn']),
  /** The address it is for. Default: the lead's own. */
  address: z.string().trim().min(1).max(320).optional(),
  /** The words as shown. */
  wording: z.string().trim().min(1).max(20_000).optional(),
  formUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
    .max(2_000)
    .optional(),
  ip: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).optional(),
  userAgent: z.string().max(1_000).optional(),
  requestedAt: instantSchema.optional(),
  confirmedAt: instantSchema.optional(),
  /** The frequency promised: at most `max` mails in `days` days. It binds (KG Berlin 5 U 1043/20). */
  promise: z.strictObject({ max: positive, days: positive }).optional(),
});

export type ConsentEvidence = z.infer<typeof consentEvidenceSchema>;

/** A website's clock may be ahead of ours by this much. */
const CLOCK_TOLERANCE = 5 * MINUTE;

/** What `evidence` lacks at `now` to prove what it says. Empty: nothing. */
export function evidenceProblems(evidence: ConsentEvidence, now: Instant): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { action, purpose, wording, requestedAt, confirmedAt, promise } = evidence;
  if (action === 'granted') {
    if (purpose === 'all')
      problems.push({
        path: 'purpose',
        problem: 'consent is given for one purpose at a time; "all" can only be withdrawn',
      });
    if (wording === undefined)
      problems.push({ path: 'wording', problem: 'is needed: consent is proven by the words as they were shown' });
    if (requestedAt === undefined) problems.push({ path: 'requestedAt', problem: 'is needed: when the form was sent' });
    if (confirmedAt === undefined)
      problems.push({ path: 'confirmedAt', problem: 'is needed: when the person confirmed (double opt-in)' });
  } else if (promise !== undefined) {
    problems.push({ path: 'promise', problem: 'belongs to a consent that is granted' });
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
