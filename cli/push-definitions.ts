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
): Promise<void> {
  for (const file of files) {
    try {
      onPushed(await pushOne(api, file));
    } catch (error) {
      throw error instanceof ApiError ? new DefinitionFileError(inFile(file, error)) : error;
    }
  }
}

async function pushOne(api: ApiClient, { kind, key, content }: DefinitionFile): Promise<Pushed> {
  if (kind === 'team') {
    const { reps = [] } = content as { reps?: { key: string }[] };
    for (const rep of reps) await api.call('PUT', addressOf(kind, rep.key), rep);
    return { kind, key, version: null, changed: true };
  }
  const address = addressOf(kind, key);
  await api.call('PUT', address, content);
  const { version, published } = await api.call<{ version: number; published: boolean }>('POST', `${address}/publish`);
  return { kind, key, version, changed: published };
}

function inFile(file: DefinitionFile, { message, problems }: ApiError): string {
  return problems.length === 0 ? `${file.file}: ${message}` : problemLines(file, problems).join('\n');
}
