// Makes everything that is generated: the Prisma client, dist/ (tsc) and the workflow bundle. What is up to date is left alone.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const quiet = process.argv.includes('--quiet');
const say = (line) => quiet || console.log(line);
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

if (!existsSync(bin('tsc'))) fail('The packages are not installed: run "npm ci" first.');
mkdirSync(path.join(root, 'dist'), { recursive: true });

step('Prisma client', ['prisma/schema.prisma', 'package-lock.json'], 'store/generated/client.ts', () => {
  // `generate` wants a schema engine to be there, but does not use it; downloading one may not be possible.
  run(bin('prisma'), ['generate', '--no-hints'], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath });
});
const sources = [
  'domain',
  'config',
  'store',
  'mail',
  'workflows',
  'activities',
  'worker',
  'api',
  'cli',
  'embedded',
  'bench',
  'test',
];
step('TypeScript', [...sources, 'tsconfig.json', 'package-lock.json', 'vitest.config.ts'], 'dist/cli/main.js', () => {
  for (const folder of sources) rmSync(path.join(root, 'dist', folder), { recursive: true, force: true });
  rmSync(path.join(root, 'dist', '.tsbuildinfo'), { force: true });
  run(bin('tsc'), ['-p', root]);
});
await step(
  'workflow bundle',
  ['workflows', 'package-lock.json', 'scripts/build.mjs'],
  'dist/workflow-bundle.cjs',
  async () => {
    const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(root, 'dist', 'workflows', 'all.js'),
      logger: new DefaultLogger('WARN'),
    });
    writeFileSync(path.join(root, 'dist', 'workflow-bundle.cjs'), code);
  },
);

/** Runs `make` unless `inputs` are what they were when `output` was made. */
function step(name, inputs, output, make) {
  const stamp = path.join(root, 'dist', `.${name.replaceAll(' ', '-').toLowerCase()}.sha256`);
  const hash = hashOf(inputs);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && existsSync(path.join(root, output)))
    return undefined;
  const began = Date.now();
  const done = () => {
    writeFileSync(stamp, hash);
    say(`built: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  };
  const made = make();
  return made instanceof Promise ? made.then(done) : done();
}

function hashOf(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) addToHash(hash, path.join(root, input));
  return hash.digest('hex');
}

function addToHash(hash, file) {
  if (!existsSync(file)) return;
  let entries;
  try {
    entries = readdirSync(file).sort();
  } catch {
    hash.update(file).update(readFileSync(file));
    return;
  }
  for (const entry of entries) addToHash(hash, path.join(file, entry));
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });
  if (result.status !== 0) fail(`${path.basename(command)} failed:\n${result.stdout ?? ''}${result.stderr ?? ''}`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
