import { existsSync } from 'node:fs';
import { loadSecrets, type Secrets, secretsFile } from '../config/secrets.ts';
import { resolveServices, type ServiceSettings } from '../config/service-settings.ts';
import { readSettings, SettingsError } from '../config/settings.ts';
import { type ProcessRecord, readLivingRecord, SUPERVISOR } from '../embedded/process-record.ts';

/** An installation as seen by a command beside it. */
export interface OpenInstallation {
  readonly settings: ServiceSettings;
  readonly secrets: Secrets;
  /** Its running supervisor; undefined if it is stopped. */
  readonly supervisor: ProcessRecord | undefined;
}

/**
 * Finds the installation of `TEND_HOME`. While it runs, the settings it was started with hold (ports above all),
 * whatever this command's environment says; only what is secret comes from there.
 *
 * @throws SettingsError if nothing was ever started in that folder
 */
export async function openInstallation(env: NodeJS.ProcessEnv = process.env): Promise<OpenInstallation> {
  const { home } = readSettings(env);
  if (!existsSync(secretsFile(home))) {
    throw new SettingsError([
      `there is no installation in ${home}: run "npm start" first, or set TEND_HOME to its folder`,
    ]);
  }
  const supervisor = await readLivingRecord(home, SUPERVISOR);
  const settings = readSettings({ ...env, ...supervisor?.environment });
  const secrets = await loadSecrets(home, settings);
  return { settings: resolveServices(settings, secrets), secrets, supervisor };
}

/**
 * The same, for commands that need it running.
 *
 * @throws SettingsError if it is stopped
 */
export async function openRunningInstallation(env: NodeJS.ProcessEnv = process.env): Promise<OpenInstallation> {
  const installation = await openInstallation(env);
  if (installation.supervisor) return installation;
  throw new SettingsError([`Tend does not run on ${installation.settings.home}: start it with "npm start"`]);
}
