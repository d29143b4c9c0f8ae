import type { DefinitionKind } from '../domain/definition/definition.ts';

interface FileKindEntry {
  /** What it is stored as; null: nothing with versions. */
  readonly definition: DefinitionKind | null;
  /** Where the API has it. */
  readonly address: string;
  /** Where `tend pull` writes it. */
  readonly folder: string;
}

/**
 * What can stand in a file, in the order in which files are pushed: what others refer to comes first. Another kind of
 * definition is a line here.
 */
export const fileKinds = {
  sender: { definition: 'sender', address: '/api/senders', folder: 'senders' },
  partial: { definition: 'partial', address: '/api/partials', folder: 'partials' },
  layout: { definition: 'layout', address: '/api/layouts', folder: 'layouts' },
  template: { definition: 'template', address: '/api/templates', folder: 'templates' },
  attributes: { definition: 'attributes', address: '/api/attributes', folder: 'attributes' },
  'scoring-model': { definition: 'scoring_model', address: '/api/scoring-models', folder: 'scoring-models' },
  pacing: { definition: 'pacing', address: '/api/pacing', folder: 'pacing' },
  consent: { definition: 'consent', address: '/api/consent-policies', folder: 'consent' },
  /** The representatives: one file, whose key is its kind. */
  team: { definition: null, address: '/api/reps', folder: '.' },
  sequence: { definition: 'sequence', address: '/api/sequences', folder: 'sequences' },
  mailing: { definition: 'mailing', address: '/api/mailings', folder: 'mailings' },
} as const satisfies Record<string, FileKindEntry>;

export type FileKind = keyof typeof fileKinds;
/** Kinds that are stored as versions. */
export type VersionedKind = { [K in FileKind]: (typeof fileKinds)[K]['definition'] extends null ? never : K }[FileKind];

export const allFileKinds = Object.keys(fileKinds) as FileKind[];
export const versionedKinds = allFileKinds.filter(isVersioned);

export function isFileKind(text: unknown): text is FileKind {
  return typeof text === 'string' && Object.hasOwn(fileKinds, text);
}

export function isVersioned(kind: FileKind): kind is VersionedKind {
  return fileKinds[kind].definition !== null;
}

/** Where the API has the definition of this key. */
export function addressOf(kind: FileKind, key: string): string {
  return `${fileKinds[kind].address}/${encodeURIComponent(key)}`;
}
