import type { ServiceSettings } from '../config/service-settings.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { markSeeded, readInstallation } from '../store/installation.ts';
import { apiClient } from './api-client.ts';
import { readDefinitionFiles } from './definition-files.ts';
import { SHIPPED } from './push.ts';
import { pushDefinitions } from './push-definitions.ts';

/**
 * What a start does once everything runs: at the first start it loads what Tend ships. Later ones leave everything as
 * it is, for it may have been changed since; `tend push` loads it again.
 *
 * @param say shows a detail beside the step's title
 */
export async function afterStart(
  settings: ServiceSettings,
  address: string,
  say: (detail: string) => void,
): Promise<void> {
  const database = openDatabase({ url: settings.databaseUrl, poolSize: 1, hashKey: settings.hashKey });
  try {
    say(await seed(database, settings, address, say));
  } finally {
    await database.close();
  }
}

async function seed(
  database: Database,
  settings: ServiceSettings,
  address: string,
  say: (detail: string) => void,
): Promise<string> {
  if ((await readInstallation(database)).seededAt !== null) return 'as they were';
  const { writeKey, secretKey } = settings;
  if (writeKey === undefined || secretKey === undefined) return '';
  let count = 0;
  await pushDefinitions(
    apiClient(address, { writeKey, secretKey }),
    // A mailing is one day's: whoever wants the example to go pushes and schedules it.
    (await readDefinitionFiles(SHIPPED)).filter(({ kind }) => kind !== 'mailing'),
    ({ kind, key }) => {
      count += 1;
      say(`${kind} ${key}`);
    },
  );
  await markSeeded(database, Date.now());
  return `the stationery shop's ${count} files loaded`;
}
