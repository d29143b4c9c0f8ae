import { userInfo } from 'node:os';
import Table from 'cli-table3';
import { type Command, Option } from 'commander';
import type { Actor } from '../domain/actor.ts';
import { type ApiKeyKind, createApiKey, listApiKeys } from '../store/api-keys.ts';
import { systemClock } from '../store/clock.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { type OpenInstallation, openInstallation } from './open-installation.ts';
import { bold, dim } from './terminal.ts';

/** Whoever can read this installation's secrets may make keys; their login tells who it was. */
function operator(): Actor {
  try {
    return { kind: 'person', name: userInfo().username };
  } catch {
    // A container may run under a number that has no login.
    return { kind: 'person', name: `user ${process.getuid?.()}` };
  }
}

const NO_LINES_BETWEEN = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('list, show and make write keys (websites) and secret keys (servers)');
  keys.command('list', { isDefault: true }).description('list all keys').action(list);
  keys
    .command('show <kind>')
    .description('print the first write or secret key, and nothing else, for scripts')
    .action(show);
  keys
    .command('create')
    .description('make a key; it is shown once')
    .addOption(new Option('--kind <kind>', 'what it is for').choices(['write', 'secret']).makeOptionMandatory())
    .requiredOption('--name <source>', 'the website or server that will use it')
    .action(create);
}

async function list(): Promise<void> {
  const installation = await openInstallation();
  const { writeKey, secretKey } = installation.secrets;
  console.log(`\n${bold('First keys')} ${dim('(made at first start, or preset by environment)')}`);
  console.log(`  ${dim('write '.padEnd(8))}${writeKey}   ${dim('for websites: /v1, as user name of HTTP basic')}`);
  console.log(`  ${dim('secret'.padEnd(8))}${secretKey}   ${dim('for servers: /api, as bearer token')}\n`);
  const rows = await withDatabase(installation, listApiKeys);
  const table = new Table({
    head: ['kind', 'name', 'ends in', 'made'],
    style: { head: [], border: [] },
    chars: NO_LINES_BETWEEN,
  });
  for (const { kind, name, hint, createdAt, revokedAt } of rows) {
    if (revokedAt !== null) continue;
    table.push([kind, name, `…${hint}`, new Date(createdAt).toISOString().slice(0, 16).replace('T', ' ')]);
  }
  if (rows.length > 0) console.log(table.toString());
}

async function show(kind: string): Promise<void> {
  const { secrets } = await openInstallation();
  if (kind !== 'write' && kind !== 'secret') throw new Error(`"${kind}" is no kind of key: write or secret`);
  console.log(kind === 'write' ? secrets.writeKey : secrets.secretKey);
}

async function create({ kind, name }: { kind: ApiKeyKind; name: string }): Promise<void> {
  const { key } = await withDatabase(await openInstallation(), (database) =>
    createApiKey(database, { kind, name, actor: operator(), now: systemClock.now() }),
  );
  console.log(`\n  ${bold(key)}\n\n  ${dim(`${kind} key for ${name}; note it now, it can't be shown again`)}\n`);
}

async function withDatabase<T>(
  { settings, supervisor }: OpenInstallation,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const database = openDatabase({ url: settings.databaseUrl, poolSize: 1, hashKey: settings.hashKey });
  try {
    return await work(database);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ECONNREFUSED') throw error;
    const why = supervisor
      ? 'if Tend was started with DATABASE_URL, set the same here'
      : `Tend does not run on ${settings.home}: start it with "npm start"`;
    throw new Error(`the database does not answer; ${why}`);
  } finally {
    await database.close();
  }
}
