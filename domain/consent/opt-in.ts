import { z } from 'zod';
import { localeSchema } from '../definition/template.ts';
import type { FieldProblem } from '../errors.ts';
import { LONGEST_ID, normaliseEmail, normaliseId } from '../identity/normalise.ts';
import { ALL_PURPOSES, type FrequencyPromise } from './consent.ts';
import {
  formUrlSchema,
  ipSchema,
  promiseSchema,
  purposesSchema,
  userAgentSchema,
  wordingSchema,
  wordingVersionSchema,
} from './evidence.ts';
import { type ConsentPolicy, DOUBLE_OPT_IN, noConsentPolicy, TRACKING } from './policy.ts';
import { isSameSite } from './same-site.ts';

const idSchema = z
  .union([z.string(), z.number()])
  .transform((value) => normaliseId(value))
  .refine((value): value is string => value !== null, `must be a text of 1 to ${LONGEST_ID} characters`);

const addressSchema = z
  .string()
  .transform((text) => normaliseEmail(text))
  .refine((address): address is string => address !== null, 'must be a mail address, such as tanja@example.com');

const fields = {
  address: addressSchema,
  purposes: purposesSchema,
  wording: wordingSchema,
  wordingVersion: wordingVersionSchema.optional(),
  /** The page that the form stands on. */
  formUrl: formUrlSchema,
  /** The language of the form: the mail that asks to confirm is in it. */
  locale: localeSchema.optional(),
  /** What the form promised for each of the purposes. Default: what the policy promises for it. */
  promise: promiseSchema.optional(),
  /** Where the person goes on to after confirming: on the form's own site. */
  returnUrl: formUrlSchema.optional(),
  /** Who the visitor is to the website: once the address is confirmed, what they did before belongs to them. */
  userId: idSchema.optional(),
  anonymousId: idSchema.optional(),
};

/** A sign-up as a website sends it from the visitor's browser. */
export const optInSchema = z.strictObject(fields);
/** A sign-up as a server passes it on, which must say from where the visitor came. */
export const relayedOptInSchema = z.strictObject({
  ...fields,
  ip: ipSchema.optional(),
  userAgent: userAgentSchema.optional(),
});

export type OptIn = z.infer<typeof optInSchema>;

/** Why `optIn` can't be asked for under `policy`. Empty: it can. */
export function optInProblems({ purposes, formUrl, returnUrl }: OptIn, policy: ConsentPolicy): FieldProblem[] {
  const problems = purposes.flatMap((purpose, index) => {
    const problem = purposeProblem(purpose, policy);
    return problem === null ? [] : [{ path: `purposes.${index}`, problem }];
  });
  // Or a mail of ours, sent to anybody whose address somebody types in, would lead anywhere.
  if (returnUrl !== undefined && !isSameSite(returnUrl, formUrl))
    problems.push({ path: 'returnUrl', problem: 'must be on the same site as formUrl' });
  return problems;
}

function purposeProblem(purpose: string, policy: ConsentPolicy): string | null {
  if (purpose === ALL_PURPOSES) return 'consent is given for one purpose at a time: name each';
  if (purpose === DOUBLE_OPT_IN) return 'is the mail that asks for consent: it needs none';
  if (purpose === TRACKING)
    return policy.tracking === 'never' ? 'is not needed: the consent policy has nothing tracked' : null;
  // Without a policy nobody has said which purposes there are.
  if (policy === noConsentPolicy) return null;
  const known = policy.purposes.find(({ key }) => key === purpose);
  if (known === undefined) return `the consent policy knows no purpose "${purpose}": add it there first`;
  return known.basis === 'contract' ? 'needs no consent by the consent policy: leave it out' : null;
}

/** What is promised for each purpose: as the form said, else as the policy has it. */
export function promisesOf(
  { purposes, promise }: Pick<OptIn, 'purposes' | 'promise'>,
  policy: ConsentPolicy,
): Readonly<Record<string, FrequencyPromise>> {
  return Object.fromEntries(
    purposes.flatMap((purpose) => {
      // Tracking sends nothing.
      if (purpose === TRACKING) return [];
      const promised = promise ?? policy.purposes.find(({ key }) => key === purpose)?.promise;
      return promised === undefined ? [] : [[purpose, promised] as const];
    }),
  );
}
