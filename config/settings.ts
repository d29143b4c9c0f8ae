import type { Setting } from './setting-kinds.ts';
import { completeSettings, type Settings, settingRows } from './setting-table.ts';

export type { Settings } from './setting-table.ts';

/** One or more settings are wrong. The message has a line for each: variable, problem, what would be right. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? `${problems[0]}`
        : `${problems.length} settings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** With another key none of the addresses that must not be written to would be known. */
export const OTHER_HASH_KEY =
  "TEND_HASH_KEY is not the key that this installation's addresses were hashed with: whoever complained or was erased would be written to again; set the first one (an installation started with tend start keeps it in secrets.json)";

/**
 * Reads all settings from the environment. An empty variable counts as absent, as compose files leave them so;
 * only the allow-list must not be empty, lest a forgotten value send trial mail to everybody.
 *
 * @throws SettingsError naming every bad setting at once
 */
export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of settingRows) {
    const text = env[setting.env]?.trim();
    values[key] = setting.fallback;
    if (text === '' && key === 'mailOnlyTo') {
      problems.push(`${setting.env} is set but empty: name the allowed addresses, or unset it to send to everybody`);
    }
    if (text === undefined || text === '') continue;
    try {
      values[key] = setting.parse(text);
    } catch (error) {
      problems.push(`${setting.env} ${(error as Error).message}; ${mend(setting.whenUnset, setting.fallback)}`);
    }
  }
  const settings = completeSettings(values as Settings, env);
  problems.push(...samePortProblems(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

function mend(whenUnset: string | undefined, fallback: unknown): string {
  return `mend it, or unset it for the default (${whenUnset ?? fallback})`;
}

/** Ports that this installation will open itself, each with its variable. */
export function ownPorts(
  settings: Settings,
): readonly { readonly env: string; readonly key: PortKey; readonly port: number }[] {
  const keys: PortKey[] = [
    ...(settings.databaseUrl === undefined ? (['postgresPort'] as const) : []),
    ...(settings.temporalAddress === undefined ? (['temporalPort', 'temporalUiPort'] as const) : []),
    ...(settings.smtpUrl === undefined ? (['smtpPort', 'mailboxPort'] as const) : []),
    'apiPort',
  ];
  return keys.map((key) => ({ key, port: settings[key], env: envOf(key) }));
}

export type PortKey = 'apiPort' | 'postgresPort' | 'temporalPort' | 'temporalUiPort' | 'smtpPort' | 'mailboxPort';

/** The environment variable of a setting. */
export function envOf(key: keyof Settings): string {
  return settingRows.find(([each]) => each === key)?.[1].env ?? key;
}

function samePortProblems(settings: Settings): string[] {
  const ports = ownPorts(settings).filter(({ port }) => port !== 0);
  return ports.flatMap((each, index) => {
    const twin = ports.slice(0, index).find((other) => other.port === each.port);
    return twin ? [`${twin.env} and ${each.env} are both ${each.port}: give each its own port`] : [];
  });
}

/** The environment that makes `readSettings` return exactly these settings: what a child process is started with. */
export function settingsToEnv(settings: Settings): Record<string, string> {
  return environmentOf(settings, () => true);
}

/** The same without anything secret, fit to be written down. */
export function publicEnvironment(settings: Settings): Record<string, string> {
  return environmentOf(settings, (setting) => !setting.secret);
}

function environmentOf(settings: Settings, wanted: (setting: Setting<unknown>) => boolean): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [key, setting] of settingRows) {
    const text = wanted(setting) ? setting.format(settings[key]) : undefined;
    if (text !== undefined) env[setting.env] = text;
  }
  return env;
}

/**
 * Variables that look like settings but are none: a slip of the finger (`TEND_API_PROT`) would otherwise silently
 * leave the default.
 */
export function unknownSettings(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const known = new Set(settingRows.map(([, setting]) => setting.env));
  return Object.keys(env).filter((name) => name.startsWith('TEND_') && !known.has(name));
}
