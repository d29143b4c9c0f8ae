import { reachableHost } from './loopback.ts';
import { assertMailIsSafe } from './mail-safety.ts';
import type { Secrets } from './secrets.ts';
import { envOf, readSettings, type Settings, SettingsError } from './settings.ts';

/** What a worker or an API process can't do without. */
const REQUIRED = ['databaseUrl', 'temporalAddress', 'smtpUrl', 'signingSecret', 'hashKey'] as const;
type Required = (typeof REQUIRED)[number];

/** Settings in which every address and secret that a service needs is known. */
export type ServiceSettings = Omit<Settings, Required> & { readonly [Key in Required]: string };

/**
 * The settings of a worker or API process. `tend start` gives its children a complete environment; who runs them by
 * hand (several machines) must name database, Temporal, SMTP server and signing secret, the same everywhere.
 *
 * @throws SettingsError also when mail would go out with links that lead nowhere (`mail-safety.ts`)
 */
export function readServiceSettings(env: NodeJS.ProcessEnv = process.env): ServiceSettings {
  const settings = readSettings(env);
  const missing = REQUIRED.filter((key) => settings[key] === undefined).map(
    (key) => `${envOf(key)} is missing: set it, or start everything with "tend start", which sets it`,
  );
  if (missing.length > 0) throw new SettingsError(missing);
  assertMailIsSafe(settings);
  return settings as ServiceSettings;
}

/** Fills in the addresses of the embedded parts, and the secrets. */
export function resolveServices(settings: Settings, secrets: Secrets): ServiceSettings {
  const local = reachableHost(settings.host);
  return {
    ...settings,
    databaseUrl: settings.databaseUrl ?? embeddedDatabaseUrl(settings, secrets.postgresPassword),
    temporalAddress: settings.temporalAddress ?? `${local}:${settings.temporalPort}`,
    smtpUrl: settings.smtpUrl ?? `smtp://${local}:${settings.smtpPort}`,
    signingSecret: secrets.signingSecret,
    hashKey: secrets.hashKey,
    writeKey: secrets.writeKey,
    secretKey: secrets.secretKey,
  };
}

function embeddedDatabaseUrl(settings: Settings, password: string): string {
  return `postgresql://tend:${encodeURIComponent(password)}@127.0.0.1:${settings.postgresPort}/tend`;
}
