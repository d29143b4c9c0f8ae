import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { FieldProblem } from '../domain/errors.ts';
import { allFileKinds, type FileKind, isFileKind } from './file-kinds.ts';

/** One YAML or JSON file with a definition. */
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

/** What was read: the definitions, and each file that is none as a line with its place and the mend. */
export interface ReadFiles {
  readonly files: DefinitionFile[];
  readonly problems: readonly string[];
}

/**
 * Reads every .yaml, .yml and .json file of `paths` (files, or folders with all below them).
 *
 * @throws DefinitionFileError with every file that is no definition
 */
export async function readDefinitionFiles(paths: readonly string[]): Promise<DefinitionFile[]> {
  const { files, problems } = await readAllFiles(paths);
  if (problems.length > 0) throw new DefinitionFileError(problems.join('\n'));
  return files;
}

/**
 * The same, with those that are none beside those that are.
 *
 * @throws DefinitionFileError where a path does not exist
 */
export async function readAllFiles(paths: readonly string[]): Promise<ReadFiles> {
  const names = [...new Set((await Promise.all(paths.map(findFiles))).flat())];
  const read = await Promise.all(names.map(readDefinitionFile));
  const files = read.filter((one) => typeof one !== 'string');
  return {
    files: files.sort(
      (a, b) => allFileKinds.indexOf(a.kind) - allFileKinds.indexOf(b.kind) || (a.file < b.file ? -1 : 1),
    ),
    problems: read.filter((one) => typeof one === 'string').sort(),
  };
}

/** Each problem of a file's content as a line: where it stands, what it is about, and the mend. */
export function problemLines(file: Pick<DefinitionFile, 'placeOf'>, problems: readonly FieldProblem[]): string[] {
  return problems.map(({ path, problem }) => `${file.placeOf(path)}: ${path === '' ? '' : `${path} `}${problem}`);
}

/**
 * What stands beside definitions and is none is not looked into: packages, hidden folders, the schemas of editors; and
 * tests with their personas, which `tend test` and `tend simulate` read.
 */
const NOT_OURS = /(?:^|[\\/])(?:node_modules|\.[^\\/]+)[\\/]|\.schema\.json$|\.(?:test|personas)\.ya?ml$/;

async function findFiles(entry: string): Promise<string[]> {
  const info = await stat(entry).catch(() => {
    throw new DefinitionFileError(`There is no file or folder ${entry}.`);
  });
  if (!info.isDirectory()) return [path.normalize(entry)];
  const names = await readdir(entry, { recursive: true });
  return names
    .filter((name) => /\.(?:ya?ml|json)$/.test(name) && !NOT_OURS.test(name))
    .map((name) => path.join(entry, name));
}

async function readDefinitionFile(file: string): Promise<DefinitionFile | string> {
  const read = await readPlacedFile(file, `kind: ${allFileKinds.join(' | ')}`);
  if (typeof read === 'string') return read;
  const { kind, placeOf } = read;
  if (!isFileKind(kind)) return `${placeOf('kind')}: kind must be one of ${allFileKinds.join(', ')}`;
  const key = kind === 'team' ? 'team' : read.content.key;
  if (typeof key !== 'string') return `${placeOf('key')}: needs a key, for example key: ${path.parse(file).name}`;
  return { ...read, kind, key };
}

/** A file as it is written, with the lines of what stands in it. */
export type PlacedFile = Pick<DefinitionFile, 'file' | 'content' | 'placeOf'> & { readonly kind: unknown };

/**
 * JSON is YAML too, so one parser reads both and knows the lines of both. `begins` is what a file is to begin with. A
 * text is the problem, with its place.
 */
export async function readPlacedFile(file: string, begins: string): Promise<PlacedFile | string> {
  const shown = path.relative(process.cwd(), file);
  const lines = new LineCounter();
  const document = parseDocument(await readFile(file, 'utf8'), { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    // The parser's message ends with the place, which stands in front here, and a picture of it.
    const [said = ''] = error.message.split(/ at line \d+|\n/);
    return `${shown}:${line}:${col}: ${said}: mend the YAML here or in the line before, often its indentation or quotes`;
  }
  if (!isMap(document.contents)) return `${shown}:1:1: must be a mapping that begins with ${begins}`;
  // An editor's own: where the schema of a JSON file is.
  const { kind, $schema: _, ...content } = document.toJS() as Record<string, unknown>;
  return { file: shown, kind, content, placeOf: (dottedPath) => `${shown}:${place(document, lines, dottedPath)}` };
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
