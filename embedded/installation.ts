import { join } from 'node:path';
import { ensureHome } from '../config/home-folder.ts';
import { reachableHost } from '../config/loopback.ts';
import { assertMailIsSafe } from '../config/mail-safety.ts';
import { loadSecrets, type Secrets } from '../config/secrets.ts';
import { resolveServices, type ServiceSettings } from '../config/service-settings.ts';
import { publicEnvironment, readSettings, type Settings, settingsToEnv } from '../config/settings.ts';
import { migrate } from '../store/migrate.ts';
import { nodeProgramSpec } from './node-program.ts';
import { becomeSupervisor, publishEnvironment, resignAsSupervisor } from './only-one.ts';
import { stopOrphans } from './orphans.ts';
import { assertPortsFree, choosePorts } from './ports.ts';
import { postgresSpec } from './postgres.ts';
import { createSupervisor, type SupervisorEvent } from './supervisor.ts';
import { temporalSpec } from './temporal.ts';
import { findTemporalBinary } from './temporal-binary.ts';

/** Shows the steps of a start. `say` replaces the detail beside the step's title. */
export interface Steps {
  run<T>(title: string, work: (say: (detail: string) => void) => Promise<T>): Promise<T>;
}

/** Addresses for people; those of parts that run elsewhere are left out. */
export interface Addresses {
  readonly api: string;
  readonly mailbox?: string;
  readonly temporalPage?: string;
}

export interface StartedInstallation {
  readonly settings: ServiceSettings;
  readonly addresses: Addresses;
}

export interface Installation {
  /** Brings everything up. Rejects with one clear message; what was started by then is stopped with `stop`. */
  start(): Promise<StartedInstallation>;
  /** Stops everything in reverse order. */
  stop(): Promise<void>;
  /** Kills everything at once. */
  kill(): void;
}

/** All of Tend on this machine, as `tend start` runs it: which parts there are, and in what order. */
export function createInstallation(
  env: NodeJS.ProcessEnv,
  steps: Steps,
  report: (event: SupervisorEvent) => void,
): Installation {
  const given = readSettings(env);
  const { home } = given;
  const supervisor = createSupervisor(home, report);

  async function prepare(): Promise<{ settings: Settings; secrets: Secrets }> {
    assertMailIsSafe(given);
    await ensureHome(home);
    const record = await becomeSupervisor(home);
    await stopOrphans(home, ({ name, pid }) => report({ kind: 'orphan', name, pid }));
    const settings = await choosePorts(given, env);
    await assertPortsFree(settings);
    await publishEnvironment(home, record, publicEnvironment(settings));
    return { settings, secrets: await loadSecrets(home, settings) };
  }

  async function startPostgres(settings: Settings, { postgresPassword }: Secrets): Promise<void> {
    if (settings.databaseUrl !== undefined) return;
    const options = { home, port: settings.postgresPort, password: postgresPassword };
    await steps.run('PostgreSQL', () => supervisor.start(postgresSpec(options)));
  }

  async function startTemporal(settings: Settings): Promise<void> {
    if (settings.temporalAddress !== undefined) return;
    await steps.run('Temporal', async (say) => {
      const binary = await findTemporalBinary(settings, say);
      say('');
      const { temporalPort: port, temporalUiPort: uiPort, temporalNamespace: namespace, host } = settings;
      await supervisor.start(temporalSpec({ binary, home, port, uiPort, namespace, host }));
    });
  }

  async function startPrograms(settings: Settings, services: ServiceSettings): Promise<void> {
    const childEnv = { NODE_ENV: 'production', ...env, ...settingsToEnv(services) };
    if (settings.smtpUrl === undefined) {
      const spec = nodeProgramSpec({ name: 'mailbox', file: join('embedded', 'mailbox', 'main.js'), env: childEnv });
      await steps.run('Mailbox', () => supervisor.start(spec));
    }
    const worker = nodeProgramSpec({ name: 'worker', file: join('worker', 'main.js'), env: childEnv });
    await steps.run('Worker', () => supervisor.start(worker));
    const readyUrl = `${addressesOf(settings).api}/readyz`;
    const api = nodeProgramSpec({ name: 'api', file: join('api', 'main.js'), env: childEnv, readyUrl });
    await steps.run('API', () => supervisor.start(api));
  }

  return {
    async start() {
      const { settings, secrets } = await prepare();
      const services = resolveServices(settings, secrets);
      await startPostgres(settings, secrets);
      await steps.run('Migrations', async (say) => {
        const { applied } = await migrate(services.databaseUrl);
        say(applied.length === 0 ? 'up to date' : `${applied.length} applied`);
      });
      await startTemporal(settings);
      await startPrograms(settings, services);
      return { settings: services, addresses: addressesOf(settings) };
    },
    async stop() {
      await supervisor.stop();
      await resignAsSupervisor(home);
    },
    kill: () => supervisor.kill(),
  };
}

/** Where people find the parts of an installation with these settings. */
export function addressesOf(settings: Settings): Addresses {
  const local = `http://${reachableHost(settings.host)}`;
  return {
    api: `${local}:${settings.apiPort}`,
    ...(settings.smtpUrl === undefined ? { mailbox: `${local}:${settings.mailboxPort}` } : {}),
    ...(settings.temporalAddress === undefined ? { temporalPage: `${local}:${settings.temporalUiPort}` } : {}),
  };
}
