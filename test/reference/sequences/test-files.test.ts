import path from 'node:path';
import { Command } from 'commander';
import { afterEach, expect, it, vi } from 'vitest';
import { readDefinitionFiles } from '../../../cli/definition-files.ts';
import { registerTest } from '../../../cli/test.ts';
import { findTests } from '../../../cli/test-files.ts';
import { packageRoot } from '../../../config/package-root.ts';

const SEQUENCES = path.join(packageRoot, 'sequences');

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

it('what the shipped sequences are tested for holds', { timeout: 60_000 }, async () => {
  const lines: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  const program = new Command();
  registerTest(program);
  await program.parseAsync(['test', SEQUENCES], { from: 'user' });
  expect(process.exitCode, lines.join('\n')).toBeUndefined();
  expect(lines.at(-1)).toMatch(/\d\d hold/);
});

it('each shipped sequence has a file of tests beside it', async () => {
  const sequences = (await readDefinitionFiles([SEQUENCES])).filter(({ kind }) => kind === 'sequence');
  const tests = (await findTests([SEQUENCES])).map((file) => path.relative(process.cwd(), file));
  const untested = sequences
    .map(({ file }) => file)
    .filter((file) => !tests.includes(file.replace('.yaml', '.test.yaml')));
  expect(untested).toEqual([]);
});
