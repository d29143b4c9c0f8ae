import { z } from 'zod';
import { type AttributeSource, attributeSources } from './statement.ts';

/**
 * Who is believed before whom, each list one rank: a conversation before what was typed, a conclusion last. Within a
 * rank the latest word counts.
 */
export const defaultSourceOrder: readonly (readonly AttributeSource[])[] = [
  ['rep'],
  ['form', 'website', 'api', 'sequence'],
  ['import'],
  ['agency'],
  ['inference'],
];

const SOURCES = attributeSources.join(', ');
const sourceSchema = z.enum(attributeSources, { error: `must be one of ${SOURCES}` });

/** `[rep, [form, website], agency]`: a source alone is a rank of its own. Sources left out are not believed. */
export const sourcesSchema = z
  .array(
    z.union([sourceSchema.transform((source) => [source]), z.array(sourceSchema).min(1)], {
      error: `must be one of ${SOURCES}, or a list of those that are believed as much`,
    }),
  )
  .min(1)
  .superRefine((ranks, context) => {
    const seen = new Set<AttributeSource>();
    for (const [index, rank] of ranks.entries()) {
      const report = (message: string) => context.addIssue({ code: 'custom', path: [index], message });
      for (const source of rank) {
        if (seen.has(source)) report(`"${source}" is named twice: keep one of them`);
        seen.add(source);
      }
      // A conclusion has no date of its own by which it could compete with what somebody said.
      if (rank.length > 1 && rank.includes('inference')) report('inference needs a rank of its own');
    }
  });

export type SourceRanks = ReadonlyMap<AttributeSource, number>;

/** The rank of each source that is believed, 0 first. */
export function ranksOf(order: readonly (readonly AttributeSource[])[]): SourceRanks {
  return new Map(order.flatMap((sources, rank) => sources.map((source): [AttributeSource, number] => [source, rank])));
}
