import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';

/** The kinds of files that `tend push` takes, in the order they are pushed: what others refer to comes first. */
const KINDS = ['template', 'attributes', 'scoring-model', 'sequence', 'team'] as const;
export type FileKind = (typeof KINDS)[number];

/** One YAML file with a definition. */
export interface DefinitionFile {
  readonly file: string;
  readonly kind: FileKind;
  readonly key: string;
  readonly content: Record<string, unknown>;
  /** `file:line:column` of a dotted path, or of the nearest part above it that stands in the file. */
  placeOf(dottedPath: string): string;
}

/** A file that is no definition; the message names file, line and the mend. */
export class DefinitionFileError extends Error {
  override readonly name = 'DefinitionFileError';
}

/**
 * Reads every .yaml and .yml file of `paths` (files, or folders with all below them).
 *
 * @throws DefinitionFileError
 */
export async function readDefinitionFiles(paths: readonly string[]): Promise<DefinitionFile[]> {
  const files = (await Promise.all(paths.map(findFiles))).flat();
  const definitions = await Promise.all(files.map(readDefinitionFile));
  return definitions.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (a.file < b.file ? -1 : 1));
}

async function findFiles(entry: string): Promise<string[]> {
  const info = await stat(entry).catch(() => {
    throw new DefinitionFileError(`There is no file or folder ${entry}.`);
  });
  if (!info.isDirectory()) return [entry];
  const names = await readdir(entry, { recursive: true });
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => path.join(entry, name));
}

async function readDefinitionFile(file: string): Promise<DefinitionFile> {
  const lines = new LineCounter();
  const document = parseDocument(await readFile(file, 'utf8'), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new DefinitionFileError(`${file}:${line}:${col}: ${error.message.split('\n')[0]}`);
  }
  const shown = path.relative(process.cwd(), file);
  if (!isMap(document.contents))
    throw new DefinitionFileError(`${shown}:1:1: must be a mapping that begins with kind: ${KINDS.join(' | ')}`);
  const { kind, ...content } = document.toJS() as Record<string, unknown>;
  const placeOf = (dottedPath: string) => `${shown}:${place(document, lines, dottedPath)}`;
  if (!KINDS.includes(kind as FileKind)) {
    throw new DefinitionFileError(`${placeOf('kind')}: kind must be one of ${KINDS.join(', ')}`);
  }
  const key = kind === 'team' ? 'team' : content.key;
  if (typeof key !== 'string')
    throw new DefinitionFileError(`${placeOf('key')}: needs a key, for example key: ${path.parse(file).name}`);
  return { file: shown, kind: kind as FileKind, key, content, placeOf };
}

function place(document: Document.Parsed, lines: LineCounter, dottedPath: string): string {
  const parts = dottedPath
    .split('.')
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  for (let length = parts.length; length >= 0; length -= 1) {
    const node = document.getIn(parts.slice(0, length), true);
    if (isNode(node) && node.range) {
      const { line, col } = lines.linePos(node.range[0]);
      return `${line}:${col}`;
    }
  }
  return '1:1';
}
