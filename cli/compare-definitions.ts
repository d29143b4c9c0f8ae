import type { ApiClient } from './api-client.ts';
import type { DefinitionFile } from './definition-files.ts';
import { type Content, contentAsStored, sameContent, toYaml } from './definition-yaml.ts';
import { allFileKinds, type FileKind } from './file-kinds.ts';
import { type DiffLine, diffLines } from './line-diff.ts';
import { liveKeys, readLive } from './live-definitions.ts';

/** What pushing a file would do. */
export interface ComparedFile {
  readonly file: DefinitionFile;
  readonly state: 'new' | 'same' | 'changed';
  /** From what is live to the file. */
  readonly lines: readonly DiffLine[];
}

/** What is live and in none of the files. */
export interface OnlyLive {
  readonly kind: FileKind;
  readonly keys: readonly string[];
}

/**
 * Holds a file against what is live.
 *
 * @throws TendError `definition-invalid`, ZodError where the file can't be pushed at all
 */
export async function compareFile(api: ApiClient, file: DefinitionFile): Promise<ComparedFile> {
  const { kind, key } = file;
  const wanted = contentAsStored(kind, key, file.content);
  const live = await readLive(api, kind, key);
  const before = live === null ? null : kind === 'team' ? repsAmong(live, wanted) : live;
  if (before === null || isEmptyTeam(kind, before)) return { file, state: 'new', lines: [] };
  if (sameContent(before, wanted)) return { file, state: 'same', lines: [] };
  return { file, state: 'changed', lines: diffLines(toYaml(kind, key, before), toYaml(kind, key, wanted)) };
}

/** Live, and in none of `files`; of the team, its representatives. */
export async function onlyLive(api: ApiClient, files: readonly DefinitionFile[]): Promise<OnlyLive[]> {
  const found: OnlyLive[] = [];
  for (const kind of allFileKinds) {
    const ofKind = files.filter((file) => file.kind === kind);
    const known = new Set(
      kind === 'team' ? ofKind.flatMap(({ content }) => repKeys(content)) : ofKind.map(({ key }) => key),
    );
    const live = kind === 'team' ? repKeys(await readLive(api, kind, kind)) : await liveKeys(api, kind);
    const keys = live.filter((key) => !known.has(key));
    if (keys.length > 0) found.push({ kind, keys });
  }
  return found;
}

/** Pushing a team takes nobody away, so only who stands in the file is compared. */
function repsAmong(live: Content, wanted: Content): Content {
  const keys = new Set(repKeys(wanted));
  return { reps: repsOf(live).filter(({ key }) => keys.has(key)) };
}

function isEmptyTeam(kind: FileKind, content: Content): boolean {
  return kind === 'team' && repsOf(content).length === 0;
}

function repKeys(content: Record<string, unknown> | Content | null): string[] {
  return repsOf(content).map(({ key }) => key);
}

type Rep = { readonly [field: string]: string | boolean } & { readonly key: string };

function repsOf(content: Record<string, unknown> | Content | null): readonly Rep[] {
  return (content?.reps ?? []) as readonly Rep[];
}
