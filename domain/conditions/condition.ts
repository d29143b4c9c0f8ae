import { z } from 'zod';
import { conditionProblems } from './check-condition.ts';
import { type Leaf, leafSchemas } from './leaf-schema.ts';
import { oneOf } from './one-of.ts';

/** What must be true of a lead: leaves that ask, and all, any and not that join them. Plain data. */
export type Condition = AllOf | AnyOf | Not | Leaf;

export interface AllOf {
  readonly all: readonly Condition[];
}

export interface AnyOf {
  readonly any: readonly Condition[];
}

export interface Not {
  readonly not: Condition;
}

const { lead, account, stage, score, event } = leafSchemas;

const anyCondition: z.ZodType<Condition> = z.lazy(() => shape).meta({ id: 'Condition' });
const shape: z.ZodType<Condition> = z.union([
  z.strictObject({ all: z.array(anyCondition).min(1) }),
  z.strictObject({ any: z.array(anyCondition).min(1) }),
  z.strictObject({ not: anyCondition }),
  lead,
  account,
  stage,
  score,
  event,
]);

/**
 * The condition language, one for scoring models, sequences, routing and audiences. Every problem is reported with its
 * place and its mend; depth and size are limited before anything recurses (see check-condition.ts).
 */
export const conditionSchema: z.ZodType<Condition> = oneOf(anyCondition, conditionProblems);
