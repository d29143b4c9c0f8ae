import type { Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';
import type { AttributeOwner, AttributeRole } from './definition.ts';
import { type ExplainedStatement, explainAttributes } from './explain.ts';
import type { AttributeType } from './value.ts';
import type { WeighedStatements } from './weigh.ts';

/** An attribute as people see it: what is known, by whom, and everything that was said. */
export interface ShownAttribute {
  readonly name: string;
  /** Null where the vocabulary has none. */
  readonly label: string | null;
  readonly type: AttributeType | null;
  readonly role: AttributeRole | null;
  /** Null: not known. Declared attributes are shown unknown too, for what was never asked is no "no". */
  readonly value: Json;
  readonly source: string | null;
  readonly at: Instant | null;
  readonly confidence: number | null;
  /** The weightiest first. */
  readonly statements: readonly ExplainedStatement[];
}

/** All attributes of a lead or its company as of `now`, by name. */
export function showAttributes(weighed: WeighedStatements, of: AttributeOwner, now: Instant): ShownAttribute[] {
  return explainAttributes(weighed, of, now).map(({ name, declared, known, statements }) => ({
    name,
    label: declared?.label ?? null,
    type: declared?.type ?? null,
    role: declared?.role ?? null,
    value: known?.value ?? null,
    source: known?.source ?? null,
    at: known?.at ?? null,
    confidence: known?.confidence ?? null,
    statements,
  }));
}
