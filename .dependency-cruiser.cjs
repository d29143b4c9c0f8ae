/** Imports run one way: domain ← store ← activities ← worker; domain ← store ← api; cli and embedded on top. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: `^${from}/` },
  to: {
    path: '^(?!node_modules/)[^/]+/',
    pathNot: [from, ...allowed].map((folder) => `^${folder}/`),
    dependencyTypesNot: ['core', 'npm', 'npm-dev'],
  },
});

module.exports = {
  forbidden: [
    only('domain-imports-nothing', 'domain', [], 'The domain is pure: it knows nothing of the rest.'),
    {
      name: 'domain-does-no-io',
      severity: 'error',
      comment: 'No clock, no randomness, no outside: only zod, luxon, lists of domains, and the pure parts of Node.',
      from: { path: '^domain/' },
      to: {
        dependencyTypes: ['core', 'npm'],
        pathNot: [
          '^node_modules/(zod|luxon|@types/luxon|tldts|tldts-core|email-providers|disposable-email-domains-js|date-holidays)/',
          '^(node:)?(url|crypto|module)$',
        ],
      },
    },
    only('config-imports-nothing', 'config', [], 'Settings stand on their own.'),
    only(
      'store-imports-domain',
      'store',
      ['domain', 'config', 'mail'],
      'Facts are kept for the domain, not for edges.',
    ),
    only('mail-imports-domain', 'mail', ['domain', 'config'], 'Mails are made from values.'),
    only(
      'workflows-import-activities',
      'workflows',
      ['activities', 'domain'],
      'Workflows know activities and domain types.',
    ),
    only(
      'activities-import-store',
      'activities',
      ['domain', 'store', 'mail'],
      'Activities fetch, ask the domain, store.',
    ),
    only(
      'worker-imports-activities',
      'worker',
      ['domain', 'store', 'mail', 'activities', 'workflows', 'config'],
      'The worker runs activities.',
    ),
    only(
      'api-imports-store',
      'api',
      ['domain', 'store', 'mail', 'config'],
      'The API never talks to Temporal: it writes and notifies.',
    ),
    { name: 'no-circular', severity: 'error', from: { path: '^(?!store/generated)' }, to: { circular: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|store/generated)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
