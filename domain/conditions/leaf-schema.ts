import { z } from 'zod';
import { definitionKeySchema } from '../definition/definition.ts';
import { type Duration, durationSchema } from '../instant.ts';
import { canNeverMatch, type EventMatch, eventMatchSchema } from '../interaction/event-match.ts';
import type { Comparison } from './comparison.ts';
import { checkComparison, checkContradiction, comparisonFields } from './comparison-schema.ts';
import { contradictionIn } from './contradiction.ts';
import { type Band, bands, type Facts, type Grade, grades } from './facts.ts';

/** Asks for something that is known of the lead. */
export interface LeadLeaf extends Comparison {
  readonly lead: string;
}

/** Asks for something that is known of the lead's company. */
export interface AccountLeaf extends Comparison {
  readonly account: string;
}

export interface StageLeaf {
  readonly stage: readonly Facts['stage'][];
}

export type Cell = `${Grade}${Band}`;

/** Asks where the lead stands under a scoring model. */
export interface ScoreLeaf {
  readonly score: string;
  readonly points?: Pick<Comparison, 'atLeast' | 'atMost' | 'above' | 'below'> | undefined;
  readonly grade?: readonly Grade[] | undefined;
  readonly band?: readonly Band[] | undefined;
  readonly cell?: readonly Cell[] | undefined;
}

/** Asks how often the lead did something, from later than `within` ago up to now. */
export interface EventLeaf {
  readonly event: EventMatch;
  readonly times?: Times | undefined;
  readonly within?: Duration | undefined;
}

export interface Times {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

export type Leaf = LeadLeaf | AccountLeaf | StageLeaf | ScoreLeaf | EventLeaf;

const attributeName = z
  .string({ error: 'must be the name of an attribute, such as position' })
  .trim()
  .min(1, 'must be the name of an attribute, such as position')
  .max(200);

const cells = grades.flatMap((grade) => bands.map((band): Cell => `${grade}${band}`));
const { atLeast, atMost, above, below } = comparisonFields;
const count = z.number({ error: 'must be a number of times' }).int('must be a whole number').min(0).max(1_000_000);

/** A list that is not empty, as all lists of wanted values are. */
function listOf<T>(item: z.ZodType<T>, example: string) {
  return z
    .array(item, { error: `must be a list, such as ${example}` })
    .min(1, `is empty: write a list such as ${example}`);
}

const leadLeaf = z.strictObject({ lead: attributeName, ...comparisonFields }).superRefine(checkComparison);
const accountLeaf = z.strictObject({ account: attributeName, ...comparisonFields }).superRefine(checkComparison);

const stageLeaf = z.strictObject({
  stage: listOf(
    z.enum(['lead', 'customer', 'disqualified'], { error: 'must be one of lead, customer, disqualified' }),
    '[lead]',
  ),
});

const scoreLeaf = z
  .strictObject({
    score: definitionKeySchema,
    points: z
      .strictObject({ atLeast, atMost, above, below })
      .refine(
        (points) => Object.values(points).some((bound) => bound !== undefined),
        'needs atLeast, atMost, above or below',
      )
      .superRefine(checkContradiction)
      .optional(),
    grade: listOf(z.enum(grades, { error: 'must be a grade from A to D' }), '[A, B]').optional(),
    band: listOf(z.literal(bands, { error: 'must be a band from 1 to 4' }), '[1, 2]').optional(),
    cell: listOf(z.enum(cells, { error: 'must be a cell from A1 to D4' }), '[A1, B1]').optional(),
  })
  .superRefine((leaf, context) => {
    if (leaf.points === undefined && leaf.grade === undefined && leaf.band === undefined && leaf.cell === undefined) {
      context.addIssue({ code: 'custom', message: 'says nothing about the score: add points, grade, band or cell' });
    }
    if (leaf.cell !== undefined && !leaf.cell.some((cell) => isWithin(cell, leaf))) {
      const message = 'names no cell of the grade and band that are asked for too: leave out one of them';
      context.addIssue({ code: 'custom', path: ['cell'], message });
    }
  });

function isWithin(cell: Cell, { grade, band }: ScoreLeaf): boolean {
  return (
    (grade === undefined || grade.some((wanted) => cell.startsWith(wanted))) &&
    (band === undefined || band.some((wanted) => cell.endsWith(String(wanted))))
  );
}

const timesSchema = z
  .strictObject({ atLeast: count.optional(), atMost: count.optional() })
  .superRefine((times, context) => {
    const problem =
      times.atMost === undefined && (times.atLeast ?? 0) === 0
        ? 'holds however often it happened: ask for atLeast: 1 or more, or for atMost'
        : contradictionIn(times)?.problem;
    if (problem !== undefined) {
      context.addIssue({ code: 'custom', path: times.atMost === undefined ? [] : ['atMost'], message: problem });
    }
  });

const eventLeaf = z
  .strictObject({ event: eventMatchSchema, times: timesSchema.optional(), within: durationSchema.optional() })
  .superRefine(({ event }, context) => {
    const reason = canNeverMatch(event);
    if (reason !== null) context.addIssue({ code: 'custom', path: ['event'], message: `can never match: ${reason}` });
  });

/** The schema of each kind of leaf, by the field that makes it that kind. */
export const leafSchemas = {
  lead: leadLeaf,
  account: accountLeaf,
  stage: stageLeaf,
  score: scoreLeaf,
  event: eventLeaf,
} as const;

export type LeafKind = keyof typeof leafSchemas;
export const leafKinds = Object.keys(leafSchemas) as readonly LeafKind[];
