import type { ConsentPolicy } from '../domain/consent/policy.ts';
import type { Sequence } from '../domain/sequence/definition.ts';
import { referencesOf } from '../domain/sequence/step.ts';

/** Where a sequence names a template, and who must be its recipient. */
export interface NamedTemplate {
  readonly path: string;
  readonly key: string;
  readonly toLead: boolean;
  /** It must, or must not, be a service mail. Absent: it may be either, as far as the files tell. */
  readonly service?: boolean;
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

/** The templates of a consent policy's own mails. */
export function templatesOfPolicy({ doubleOptIn, staleness }: ConsentPolicy): NamedTemplate[] {
  return [
    { path: 'doubleOptIn.template', key: doubleOptIn.template, toLead: true, service: true },
    ...(staleness === null
      ? []
      : [{ path: 'staleness.template', key: staleness.template, toLead: true, service: false }]),
  ];
}
