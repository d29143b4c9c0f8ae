import { z } from 'zod';
import type { FieldProblem } from '../errors.ts';
import { type Instant, MINUTE } from '../instant.ts';
import type { Json, Properties } from '../interaction/interaction.ts';
import { type AttributeOwner, attributeNameSchema } from './definition.ts';
import { fitValue } from './value.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Who may report: a conclusion is Tend's own, and a website says it by identify or group. */
export const reportingSources = ['rep', 'form', 'api', 'import', 'agency'] as const;
export type ReportingSource = (typeof reportingSources)[number];

const valueSchema = z.union(
  [z.string().max(2_000, 'is longer than 2,000 characters: shorten it'), z.number(), z.boolean(), z.null()],
  { error: 'must be a text, a number, true or false, or null where it is not known' },
);
const valuesSchema = z.record(z.string(), valueSchema);

const frame = {
  source: z.enum(reportingSources).default('api'),
  /** When it was said. Default: now. */
  at: z.iso
    .datetime({ offset: true, error: 'must be an instant with its zone, such as 2026-11-21T10:00:00Z' })
    .optional(),
  confidence: z.number().min(0, 'must be 0 to 1').max(1, 'must be 0 to 1').default(1),
};

/** What somebody says about a lead, and about its company. */
export const leadReportSchema = z.strictObject({
  attributes: valuesSchema.default({}),
  account: valuesSchema.default({}),
  ...frame,
});
/** What somebody says about a company. */
export const accountReportSchema = z.strictObject({ attributes: valuesSchema, ...frame });

/** A report as it is to be recorded. */
export interface CheckedReport {
  readonly lead: ReadonlyMap<string, Json>;
  readonly account: ReadonlyMap<string, Json>;
  readonly at: Instant;
  readonly problems: readonly FieldProblem[];
}

export interface Report {
  readonly lead?: Properties;
  readonly account?: Properties;
  readonly at?: string | undefined;
}

/** A reporter's clock may be ahead of ours by this much. */
const CLOCK_TOLERANCE = 5 * MINUTE;

/**
 * Holds a report against the vocabulary: each value as its type has it, and every problem under the field that it stands
 * in (`fields` says what the caller's fields are called). Names that nobody declared are taken with whatever they hold.
 */
export function checkReport(
  vocabulary: Vocabulary,
  report: Report,
  now: Instant,
  fields: { readonly [Owner in AttributeOwner]: string },
): CheckedReport {
  const problems: FieldProblem[] = [];
  const fitAll = (of: AttributeOwner): ReadonlyMap<string, Json> => {
    const fitted = new Map<string, Json>();
    for (const [name, value] of Object.entries(report[of] ?? {})) {
      const problem = nameProblem(vocabulary, of, name) ?? fitInto(fitted, vocabulary, of, name, value);
      if (problem !== null) problems.push({ path: `${fields[of]}.${name}`, problem });
    }
    return fitted;
  };
  const checked = { lead: fitAll('lead'), account: fitAll('account') };
  if (Object.keys(report.lead ?? {}).length + Object.keys(report.account ?? {}).length === 0)
    problems.push({ path: 'attributes', problem: 'says nothing: give at least one name with its value, or with null' });
  const at = report.at === undefined ? now : Date.parse(report.at);
  if (at > now + CLOCK_TOLERANCE) problems.push({ path: 'at', problem: 'lies in the future' });
  return { ...checked, at: Math.min(at, now), problems };
}

function nameProblem(vocabulary: Vocabulary, of: AttributeOwner, name: string): string | null {
  const parsed = attributeNameSchema.safeParse(name);
  if (!parsed.success) return `is no name of an attribute: it ${parsed.error.issues[0]?.message ?? 'is not valid'}`;
  if (vocabulary[of].has(name)) return null;
  if (of === 'lead' && vocabulary.account.has(name)) return 'is an attribute of the company: give it under account';
  if (of === 'account' && vocabulary.lead.has(name))
    return 'is an attribute of a person: give it for a lead, under attributes';
  return null;
}

function fitInto(
  fitted: Map<string, Json>,
  vocabulary: Vocabulary,
  of: AttributeOwner,
  name: string,
  value: Json,
): string | null {
  const declared = vocabulary[of].get(name);
  const result = declared === undefined ? { value } : fitValue(declared, value);
  if ('problem' in result) return `${result.problem}; or null where it is not known`;
  fitted.set(name, result.value);
  return null;
}
