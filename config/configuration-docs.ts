import type { Setting, SettingGroup } from './setting-kinds.ts';
import { settingRows } from './setting-table.ts';

const HEADINGS: Readonly<Record<SettingGroup, string>> = {
  place: 'Folders and logs',
  addresses: 'Addresses',
  database: 'PostgreSQL',
  temporal: 'Temporal',
  mail: 'Mail',
  pace: 'Pace',
  models: 'Scoring models',
  webhooks: 'Webhooks',
  secrets: 'Secrets',
};

const INTRODUCTION = `# Configuration

<!-- Written by config/write-configuration-docs.ts from config/setting-table.ts; change the table, not this page. -->

Everything is set by environment variables, read once at start. A wrong value stops the start with a line that names
the variable, what is wrong with it and how to mend it; all wrong values are named at once. An empty variable counts
as absent, except \`TEND_MAIL_ONLY_TO\`, which must not be empty.

\`npm start\` (\`tend start\`) needs none of them. It sets all of them for the worker and the API it starts. Who runs
these two on several machines gives each at least \`DATABASE_URL\`, \`TEMPORAL_ADDRESS\`, \`SMTP_URL\` and
\`TEND_SIGNING_SECRET\`.
`;

const NOTES = `## What is kept where

| place | what |
| --- | --- |
| \`<TEND_HOME>/secrets.json\` | generated secrets, mode 600; \`tend keys\` shows the keys |
| \`<TEND_HOME>/postgres/\` | data of the embedded PostgreSQL |
| \`<TEND_HOME>/temporal/\` | data of the embedded Temporal server |
| \`<TEND_HOME>/mailbox/\` | mail that the local mailbox took, one \`.eml\` file each |
| \`<TEND_HOME>/logs/\` | a log for each process, cut at 20 MB, the one before kept as \`.1\` |
| \`<TEND_HOME>/run/\` | which processes run |
| \`<TEND_CACHE_DIR>/temporal/\` | the Temporal server program |

Deleting the folder \`TEND_HOME\` while Tend is stopped removes the installation with all its data.

## Started by root

PostgreSQL refuses to run as root, so the embedded one then runs as the user \`postgres\` (created if missing). Its data
stay in \`<TEND_HOME>/postgres/\`, owned by that user, even below folders that it may not enter, such as \`/root\`: the
folder is handed over already open. Its program must lie where that user reaches it; if the checkout does not, a copy
(60 MB) is put into \`/var/lib/tend/\`.

## The local mailbox as a test peer

Without \`SMTP_URL\`, mail goes to the local mailbox, which behaves like the SMTP servers of recipients. The beginning
of an address decides what it does:

| address begins with | what happens |
| --- | --- |
| \`refuse\` | refused for good: \`550 5.1.1\` |
| \`defer-once\` | deferred at the first attempt (\`451 4.3.0\`), taken at the next |
| \`defer\` | deferred always: \`451 4.3.0\` |
| \`slow-\` | taken after 5 seconds |
| \`vanish\` | taken, but the connection breaks before the answer: the sender can't know |
| anything else | taken |
`;

/** The text of docs/configuration.md. */
export function configurationDocs(): string {
  const groups = Object.keys(HEADINGS) as SettingGroup[];
  return [INTRODUCTION, ...groups.map(section), NOTES].join('\n');
}

function section(group: SettingGroup): string {
  const rows = settingRows.map(([, setting]) => setting).filter((setting) => setting.group === group);
  return [
    `## ${HEADINGS[group]}`,
    '',
    '| variable | value | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map(row),
    '',
  ].join('\n');
}

function row(setting: Setting<unknown>): string {
  const value = setting.unit ? `${setting.kind} (${setting.unit})` : setting.kind;
  const fallback = setting.whenUnset ?? `\`${setting.fallback}\``;
  return `| \`${setting.env}\` | ${value} | ${fallback} | ${setting.doc} |`;
}
