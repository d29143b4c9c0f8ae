import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ApiClient } from './api-client.ts';
import { type DefinitionFile, readDefinitionFiles } from './definition-files.ts';
import { type Content, contentAsStored, sameContent, toYaml } from './definition-yaml.ts';
import { allFileKinds, type FileKind, fileKinds } from './file-kinds.ts';
import { liveKeys, readLive } from './live-definitions.ts';

export interface PullOptions {
  readonly folder: string;
  /** This kind only; default: all. */
  readonly kind?: FileKind | undefined;
  /** This key only; default: all. */
  readonly key?: string | undefined;
  /** Writes over files that differ from what is live. */
  readonly force?: boolean | undefined;
}

/** What became of a live definition's file. */
export interface Pulled {
  readonly kind: FileKind;
  readonly key: string;
  readonly file: string;
  /** `kept`: the file differs from what is live and was left as it is. */
  readonly state: 'written' | 'same' | 'kept';
}

/**
 * Writes what is live as files. A definition that a file of the folder holds already is written to that file; one that is
 * the same is left with its comments and order, and one that differs is kept unless `force` says otherwise, for nobody else
 * knows what was meant by it.
 *
 * @throws DefinitionFileError where a file of the folder can't be read
 */
export async function pullDefinitions(api: ApiClient, options: PullOptions): Promise<Pulled[]> {
  const present = await readPresent(options.folder);
  const pulled: Pulled[] = [];
  for (const kind of allFileKinds.filter((kind) => options.kind === undefined || kind === options.kind)) {
    const keys = (await liveKeys(api, kind)).filter((key) => options.key === undefined || key === options.key);
    for (const key of keys) {
      const live = await readLive(api, kind, key);
      if (live === null) continue;
      pulled.push(await pullOne(live, { kind, key }, present, options));
    }
  }
  return pulled;
}

async function readPresent(folder: string): Promise<readonly DefinitionFile[]> {
  return (await exists(folder)) ? readDefinitionFiles([folder]) : [];
}

async function pullOne(
  live: Content,
  { kind, key }: Pick<Pulled, 'kind' | 'key'>,
  present: readonly DefinitionFile[],
  { folder, force = false }: PullOptions,
): Promise<Pulled> {
  const found = present.find((file) => file.kind === kind && file.key === key);
  const file = found?.file ?? path.join(folder, fileKinds[kind].folder, `${key}.yaml`);
  if (found !== undefined && holds(found, live)) return { kind, key, file, state: 'same' };
  // A file of that name holds something else.
  if (!force && (await exists(file))) return { kind, key, file, state: 'kept' };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, path.extname(file) === '.json' ? toJson(kind, live) : toYaml(kind, key, live));
  return { kind, key, file, state: 'written' };
}

function holds({ kind, key, content }: DefinitionFile, live: Content): boolean {
  try {
    return sameContent(contentAsStored(kind, key, content), live);
  } catch {
    return false;
  }
}

function toJson(kind: FileKind, content: Content): string {
  return `${JSON.stringify({ kind, ...content }, null, 2)}\n`;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
