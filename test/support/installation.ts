import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../config/package-root.ts';
import { loadSecrets } from '../../config/secrets.ts';
import { resolveServices, type ServiceSettings } from '../../config/service-settings.ts';
import { readSettings } from '../../config/settings.ts';
import { addressesOf } from '../../embedded/installation.ts';
import { findMarkedProcesses } from '../../embedded/marked-processes.ts';
import { type ProcessRecord, readChildRecords, readLivingRecord, SUPERVISOR } from '../../embedded/process-record.ts';

/** The parts that a whole installation consists of. */
export const PARTS = ['postgres', 'temporal', 'mailbox', 'worker', 'api'] as const;
export type Part = (typeof PARTS)[number];

/** A whole installation, started as a person would: `tend start`, with all ports free ones. */
export interface RunningInstallation {
  readonly settings: ServiceSettings;
  readonly addresses: { readonly api: string; readonly mailbox?: string };
  readonly pid: number;
  /** The process that does this part now, if one is on record. */
  record(part: Part): Promise<ProcessRecord | undefined>;
  /** Subjects of the mails that came for this address, the oldest first. */
  mailsTo(address: string): Promise<readonly string[]>;
  /** Sends the supervisor this signal and waits for its end. */
  end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<{ readonly code: number | null }>;
}

const PORTS = ['API', 'POSTGRES', 'TEMPORAL', 'TEMPORAL_UI', 'SMTP', 'MAILBOX'].map((part) => `TEND_${part}_PORT`);
const START_MS = 120_000;

/** What a start is told. Nothing of the environment of the tests gets in but where programs and caches are. */
function environmentFor(home: string): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, TEND_CACHE_DIR, TEND_TEMPORAL_BINARY, XDG_CACHE_HOME, TEND_CI_RUN } = process.env;
  const kept = { PATH, HOME, TMPDIR, TEND_CACHE_DIR, TEND_TEMPORAL_BINARY, XDG_CACHE_HOME, TEND_CI_RUN };
  return {
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(PORTS.map((name) => [name, '0'])),
    TEND_HOME: home,
    TEND_SWEEP_SECONDS: '1',
    TEND_CLAIM_LEASE_SECONDS: '5',
    NO_COLOR: '1',
  };
}

export async function startInstallation(home: string): Promise<RunningInstallation> {
  const env = environmentFor(home);
  const log = path.join(path.dirname(home), `${path.basename(home)}.log`);
  const supervisor = spawn(process.execPath, [path.join(packageRoot, 'dist', 'cli', 'main.js'), 'start'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<{ code: number | null }>((resolve) => supervisor.once('exit', (code) => resolve({ code })));
  const lastResort = () => void supervisor.kill('SIGKILL');
  process.once('exit', lastResort);
  void ended.then(() => process.off('exit', lastResort));
  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => fail(`did not start within ${START_MS} ms`), START_MS);
    const fail = (why: string) => reject(new Error(`tend start ${why}; it said:\n${readFileSync(log, 'utf8')}`));
    let said = '';
    for (const stream of [supervisor.stdout, supervisor.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        appendFileSync(log, text);
        said += text;
        if (!said.includes('Tend is running')) return;
        clearTimeout(limit);
        resolve();
      });
    }
    void ended.then(({ code }) => {
      clearTimeout(limit);
      fail(`ended with code ${code}`);
    });
  });
  const { environment } = (await readLivingRecord(home, SUPERVISOR)) ?? {};
  const given = readSettings({ ...env, ...environment });
  const settings = resolveServices(given, await loadSecrets(home, given));
  const addresses = addressesOf(given);
  return {
    settings,
    addresses,
    pid: supervisor.pid ?? 0,
    record: async (part) => (await readChildRecords(home)).find(({ name }) => name === part),
    async mailsTo(address) {
      const response = await fetch(`${addresses.mailbox}/api/messages?to=${encodeURIComponent(address)}`);
      const { messages } = (await response.json()) as { messages: { subject: string; date: string }[] };
      return messages.sort((a, b) => (a.date < b.date ? -1 : 1)).map(({ subject }) => subject);
    },
    async end(signal) {
      supervisor.kill(signal);
      return ended;
    },
  };
}

/** Processes of this home that run, whoever their parent is. */
export const processesOf = findMarkedProcesses;
