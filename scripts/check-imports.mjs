// Holds the import directions of docs/architecture.md against the code. `--prove` adds violating files first and wants them found.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { cruise } from 'dependency-cruiser';

const root = path.resolve(import.meta.dirname, '..');
process.chdir(root);
const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const folders = [
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
];
/** Without its parser dependency-cruiser finds no modules and is content: a check of nothing must fail. */
const AT_LEAST = 60;

async function check() {
  const { output } = await cruise(folders, {
    ...config.options,
    ruleSet: { forbidden: config.forbidden },
    validate: true,
  });
  const { violations, totalCruised } = output.summary;
  return {
    totalCruised,
    violations: [
      ...violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
      ...workflowsImportTypesOnly(),
    ],
  };
}

/**
 * A decision made in workflow code would have to replay for years, so workflows take domain and activities as types
 * only. (dependency-cruiser's swc parser does not tell type imports from others.)
 */
function workflowsImportTypesOnly() {
  return readdirSync('workflows').flatMap((name) => {
    const from = `workflows/${name}`;
    const imports = readFileSync(from, 'utf8').matchAll(
      /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.\.\/[^']+)'/gm,
    );
    return [...imports].map(([, to]) => ({ rule: 'workflows-import-types-only', from, to }));
  });
}

const violations = {
  'domain/violation.ts': "import { sql } from '../store/sql.ts';\nexport const wrong = sql;\n",
  'workflows/violation.ts':
    "import { planJourney } from '../domain/journey/plan.ts';\nexport const wrong = planJourney;\n",
};

if (process.argv.includes('--prove')) {
  try {
    for (const [file, text] of Object.entries(violations)) writeFileSync(file, text);
    const { violations: found } = await check();
    const missed = Object.keys(violations).filter((file) => !found.some(({ from }) => from === file));
    if (missed.length > 0) fail(`not found: ${missed.join(', ')}`);
    console.log(`import check: found the violations in ${Object.keys(violations).join(' and ')}`);
  } finally {
    for (const file of Object.keys(violations)) rmSync(file, { force: true });
  }
} else {
  const summary = await check();
  for (const { rule, from, to } of summary.violations) console.error(`${rule}: ${from} → ${to}`);
  if (summary.violations.length > 0) process.exit(1);
  if (summary.totalCruised < AT_LEAST) fail(`only ${summary.totalCruised} modules were read`);
  console.log(`import check: ${summary.totalCruised} modules, every import runs the right way`);
}

function fail(message) {
  console.error(`import check: ${message}`);
  process.exit(1);
}
