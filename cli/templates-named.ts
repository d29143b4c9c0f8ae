import type { Sequence } from '../domain/sequence/definition.ts';
import { referencesOf } from '../domain/sequence/step.ts';

/** Where a sequence names a template, and who must be its recipient. */
export interface NamedTemplate {
  readonly path: string;
  readonly key: string;
  readonly toLead: boolean;
}

/** Every template that the steps and streams of `sequence` name. */
export function templatesNamedBy({ steps, streams }: Pick<Sequence, 'steps' | 'streams'>): NamedTemplate[] {
  const ofSteps = steps.flatMap((step, index) =>
    referencesOf(step)
      .filter(({ kind }) => kind === 'template')
      .map(({ key, path, recipient = 'lead' }) => ({
        path: ['steps', index, ...path].join('.'),
        key,
        toLead: recipient === 'lead',
      })),
  );
  const ofStreams = streams.flatMap(({ tracks }, stream) =>
    tracks.flatMap(({ contents }, track) =>
      contents.map((key, content) => ({
        path: `streams.${stream}.tracks.${track}.contents.${content}`,
        key,
        toLead: true,
      })),
    ),
  );
  return [...ofSteps, ...ofStreams];
}
