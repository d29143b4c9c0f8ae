import type { FirstLook } from '../domain/journey/snapshot.ts';
import type { Published } from '../store/publish-definition.ts';
import { type ApiClient, ApiError } from './api-client.ts';
import { type DefinitionFile, DefinitionFileError, problemLines } from './definition-files.ts';
import { addressOf, type FileKind } from './file-kinds.ts';

/** What became of a file. */
export interface Pushed {
  readonly kind: FileKind;
  readonly key: string;
  readonly version: number | null;
  /** False when this very content was live before. */
  readonly changed: boolean;
  /** What should be looked at, each with its place in the file. */
  readonly warnings: readonly string[];
}

/**
 * Stores each definition and makes it live. A team's representatives are added or changed; nobody is taken away.
 *
 * @throws DefinitionFileError naming file, line and the mend
 */
export async function pushDefinitions(
  api: ApiClient,
  files: readonly DefinitionFile[],
  onPushed: (pushed: Pushed) => void = () => {},
  /** What becomes of leads whose entry condition holds already when their sequence is published. */
  existing: FirstLook['existing'] = 'leave',
): Promise<void> {
  const sequences = files.filter(({ kind }) => kind === 'sequence');
  for (const file of files) {
    // They may name each other, in a circle too: all of them are stored before the first is published.
    if (file === sequences[0]) for (const sequence of sequences) await named(sequence, () => store(api, sequence));
    onPushed(await named(file, () => pushOne(api, file, existing)));
  }
}

/** What is refused is told with its place in the file. */
async function named<T>(file: DefinitionFile, push: () => Promise<T>): Promise<T> {
  try {
    return await push();
  } catch (error) {
    throw error instanceof ApiError ? new DefinitionFileError(inFile(file, error)) : error;
  }
}

async function store(api: ApiClient, { kind, key, content }: DefinitionFile): Promise<void> {
  await api.call('PUT', addressOf(kind, key), content);
}

async function pushOne(api: ApiClient, file: DefinitionFile, existing: FirstLook['existing']): Promise<Pushed> {
  const { kind, key, content } = file;
  if (kind === 'team') {
    const { reps = [] } = content as { reps?: { key: string }[] };
    for (const rep of reps) await api.call('PUT', addressOf(kind, rep.key), rep);
    return { kind, key, version: null, changed: true, warnings: [] };
  }
  await store(api, file);
  const publish = `${addressOf(kind, key)}/publish`;
  const choice = kind === 'sequence' && existing === 'enrol' ? { existing } : undefined;
  const { version, published, warnings = [] } = await api.call<Published>('POST', publish, choice);
  return { kind, key, version, changed: published, warnings: problemLines(file, warnings) };
}

function inFile(file: DefinitionFile, { message, problems }: ApiError): string {
  return problems.length === 0 ? `${file.file}: ${message}` : problemLines(file, problems).join('\n');
}
