import { z } from 'zod';
import { type Condition, conditionSchema } from '../conditions/condition.ts';
import { isTrue } from '../conditions/evaluate.ts';
import type { Facts } from '../conditions/facts.ts';
import { scoresIn } from '../conditions/leaves.ts';
import { definitionKeySchema, uniqueBy } from '../definition/definition.ts';
import type { Content } from './content.ts';

const trackSchema = z.strictObject({
  id: definitionKeySchema,
  /** Whom it is for, as a rule by cell or band: `{ score: cloud, band: [3, 4] }`. Without it: everybody. */
  when: conditionSchema.optional(),
  /** Templates, in the order in which they build on each other. */
  contents: z.array(definitionKeySchema).min(1).max(200),
});

/** Contents by maturity: whoever matures goes on in the next track, and gets nothing twice. */
export const streamSchema = z
  .strictObject({
    id: definitionKeySchema,
    /** From the least mature readers to the most; the last one whose condition holds counts. */
    tracks: z.array(trackSchema).min(1).max(20).superRefine(uniqueBy('id')),
  })
  .superRefine(({ tracks }, context) => {
    for (const [index, { when }] of tracks.entries())
      if (when === undefined && index > 0)
        context.addIssue({
          code: 'custom',
          path: ['tracks', index, 'when'],
          message: 'is for everybody, so the tracks before it are never used: give it a condition, or put it first',
        });
  });

export type Stream = z.infer<typeof streamSchema>;

/** The track that is for the lead as it stands; its place among the tracks is its maturity. Null: none is. */
export function trackFor(
  stream: Stream,
  { facts }: { readonly facts: Facts },
): { readonly id: string; readonly maturity: number } | null {
  for (let maturity = stream.tracks.length - 1; maturity >= 0; maturity -= 1) {
    const track = stream.tracks[maturity];
    if (track !== undefined && (track.when === undefined || isTrue(track.when, facts)))
      return { id: track.id, maturity };
  }
  return null;
}

interface Chosen {
  readonly template: string;
  readonly lineage: string;
  readonly repeatable: boolean;
  readonly maturity: number;
}

/** Who is to get the next content, and what there is. */
interface ReaderOfStream {
  readonly facts: Facts;
  readonly contents: ReadonlyMap<string, Content>;
  readonly received: ReadonlySet<string>;
}

/** The first content of the lead's track that this person has not been sent; null: the stream is exhausted. */
export function chooseContent(stream: Stream, context: ReaderOfStream): Chosen | null {
  const track = trackFor(stream, context);
  const contents = track === null ? [] : (stream.tracks[track.maturity]?.contents ?? []);
  for (const template of contents) {
    const content = context.contents.get(template);
    // One that is not published (any more) is passed over.
    if (content === undefined || (!content.repeatable && context.received.has(content.lineage))) continue;
    return { template, ...content, maturity: track?.maturity ?? 0 };
  }
  return null;
}

/** What there is too little of: leads stand at the end of this stream's track. */
export interface ContentGap {
  readonly stream: string;
  /** Null: no track is for them. */
  readonly track: string | null;
  /** Such as B2, under the model that the stream asks; null where it asks none. */
  readonly cell: string | null;
}

/** The conditions of its tracks. */
export function tracksOf(stream: Stream): Condition[] {
  return stream.tracks.flatMap(({ when }) => (when === undefined ? [] : [when]));
}

/** The scoring model by whose cells a gap in this stream is told; null where no track asks for one. */
export function modelOf(stream: Stream): string | null {
  return tracksOf(stream).flatMap(scoresIn)[0]?.score ?? null;
}
