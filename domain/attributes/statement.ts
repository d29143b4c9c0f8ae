import type { Instant } from '../instant.ts';
import type { Json } from '../interaction/interaction.ts';

/**
 * Who may say something about a lead or a company. `rep`: asked in a conversation; `form` and `website`: the person's
 * own words; `api`: the company's own systems; `sequence`: a step of one; `agency`: a pre-rating that was bought;
 * `inference`: concluded by a rule.
 */
export const attributeSources = ['rep', 'form', 'website', 'api', 'import', 'agency', 'sequence', 'inference'] as const;
export type AttributeSource = (typeof attributeSources)[number];

/** One statement about one attribute. None is ever overwritten: each keeps who said it, when, and how surely. */
export interface Statement {
  readonly id: number;
  readonly name: string;
  /** Null: the one who was asked does not know. It retracts what the same source said before; it is not a "no". */
  readonly value: Json;
  readonly source: AttributeSource;
  /** When it was said. */
  readonly at: Instant;
  /** 0..1 */
  readonly confidence: number;
}
