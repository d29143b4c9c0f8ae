import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fieldProblems } from '../domain/definition/validate.ts';
import { type TestFile, testFileSchema } from '../domain/simulation/test-file.ts';
import { DefinitionFileError, type PlacedFile, problemLines, readPlacedFile } from './definition-files.ts';

/** A test as it is written, with its lines. */
export interface PlacedTest {
  readonly test: TestFile;
  readonly folder: string;
  readonly placed: PlacedFile;
}

const IS_TEST = /\.test\.ya?ml$/;

/**
 * The test files at `paths`: those named, and all below the folders named.
 *
 * @throws DefinitionFileError where a path does not exist
 */
export async function findTests(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (entry) => {
      const info = await stat(entry).catch(() => {
        throw new DefinitionFileError(`There is no file or folder ${entry}.`);
      });
      if (!info.isDirectory()) return [path.normalize(entry)];
      const names = await readdir(entry, { recursive: true });
      const ours = names.filter((name) => IS_TEST.test(name) && !/(^|[\\/])(node_modules|\.[^\\/]+)[\\/]/.test(name));
      return ours.map((name) => path.join(entry, name));
    }),
  );
  return [...new Set(found.flat())].sort();
}

/**
 * Reads a test file.
 *
 * @throws DefinitionFileError naming every problem with its line
 */
export async function readTest(file: string): Promise<PlacedTest> {
  const placed = await readPlacedFile(file, 'kind: test');
  if (typeof placed === 'string') throw new DefinitionFileError(placed);
  if (placed.kind !== 'test') throw new DefinitionFileError(`${placed.placeOf('kind')}: kind must be test`);
  const parsed = testFileSchema.safeParse(placed.content);
  if (!parsed.success) throw new DefinitionFileError(problemLines(placed, fieldProblems(parsed.error)).join('\n'));
  return { test: parsed.data, folder: path.dirname(file), placed };
}
