import Table from 'cli-table3';
import { InvalidArgumentError } from 'commander';
import { type ApiClient, openApi } from './api-client.ts';
import { follow, type Work } from './follow-work.ts';
import { bold, dim, green, yellow } from './terminal.ts';

export interface MigrateOptions {
  readonly default: string;
  readonly step: readonly string[];
  readonly from: readonly number[];
  readonly apply?: boolean;
}

interface Preview {
  readonly toVersion: number;
  readonly enrolments: number;
  readonly steps: readonly {
    readonly version: number;
    readonly step: string;
    readonly kind: string;
    readonly enrolments: number;
    readonly fate: string | { readonly to: string };
    readonly toStep: string | null;
    readonly mailsSuperseded: number;
    readonly mailsBeingSent: number;
  }[];
}

export function versionNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be the number of a version.');
  return Number(text);
}

/** Shows what a migration would do, and does it where that is said. */
export async function migrate(key: string, options: MigrateOptions): Promise<void> {
  const api = await openApi();
  const address = `/api/sequences/${encodeURIComponent(key)}/migrations`;
  const body = {
    plan: { default: options.default, steps: Object.fromEntries(options.step.map(stepFate)) },
    ...(options.from.length > 0 && { fromVersions: options.from }),
  };
  const preview = await api.call<Preview>('POST', address, { ...body, dryRun: true });
  print(key, preview);
  if (options.apply !== true) {
    if (preview.enrolments > 0) console.log(dim('Nothing was changed: with --apply it is done.'));
    return;
  }
  const { id } = await api.call<Work>('POST', address, body);
  const work = await followUntilCancelled(api, `${address}/${id}`);
  const { moved = 0, stayed = 0, left = 0 } = work?.result ?? {};
  const counts = `${moved} moved, ${stayed} stayed, ${left} left`;
  if (work?.state === 'failed') throw new Error(`the migration failed (${work.error}) after ${counts}`);
  const cancelled = work?.state === 'cancelled';
  console.log(cancelled ? `${yellow('■')} Cancelled: ${counts}.` : `${green('✓')} ${counts}.`);
  if (cancelled) process.exitCode = 1;
}

/** `rest=restart`, `rest=to:offer`. */
function stepFate(text: string): [string, string | { to: string }] {
  const [, step, fate] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (step === undefined || fate === undefined)
    throw new Error(`--step ${text}: write it as --step <step>=restart, or --step <step>=to:<step of the new version>`);
  return [step, fate.startsWith('to:') ? { to: fate.slice(3) } : fate];
}

/** Ctrl-C ends the migration after its batch; a second one ends this command only. */
async function followUntilCancelled(api: ApiClient, address: string): Promise<Work | null> {
  let cancelled = false;
  const cancel = () => {
    cancelled = true;
  };
  process.once('SIGINT', cancel);
  try {
    return await follow(() =>
      cancelled ? api.call<Work>('POST', `${address}/cancel`) : api.call<Work>('GET', address),
    );
  } finally {
    process.off('SIGINT', cancel);
  }
}

function print(key: string, { toVersion, enrolments, steps }: Preview): void {
  if (enrolments === 0) {
    console.log(`Nobody is on an old version of ${key}.`);
    return;
  }
  console.log(`${bold(key)}: ${enrolments} on old versions, and what becomes of them in version ${toVersion}`);
  const table = new Table({
    head: ['version', 'step', 'leads', 'becomes of them', 'mails'],
    style: { head: [], border: [], compact: true },
  });
  for (const { version, step, kind, enrolments: leads, fate, toStep, mailsSuperseded, mailsBeingSent } of steps) {
    const name = typeof fate === 'string' ? fate : 'to';
    const mails = [
      mailsSuperseded > 0 ? `${mailsSuperseded} superseded` : '',
      mailsBeingSent > 0 ? `${mailsBeingSent} being sent, waited for` : '',
    ].filter((part) => part !== '');
    table.push([version, `${step} (${kind})`, leads, toStep === null ? name : `${name} → ${toStep}`, mails.join(', ')]);
  }
  console.log(table.toString());
}
