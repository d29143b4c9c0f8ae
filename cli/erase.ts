import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type ErasureGround, erasureGrounds } from '../domain/erasure/erasure.ts';
import { type ApiClient, ApiError, openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { moment } from './moment.ts';
import { progressLine } from './progress-line.ts';
import { dim, green, yellow } from './terminal.ts';

export function registerErase(program: Command): void {
  program
    .command('erase')
    .argument('<lead>', 'mail address, external id or lead id')
    .addOption(
      new Option('--because <ground>', 'Art. 17(1) GDPR; it is all that is kept about it')
        .choices(erasureGrounds.filter((ground) => ground !== 'unconfirmed'))
        .default('asked'),
    )
    .option('--forget-hash', 'keep not even the hash by which the address would not be written to again')
    .option('--yes', 'do it: nothing can bring the person back')
    .description('remove a person everywhere (Art. 17 GDPR), with all leads that were merged into theirs')
    .action(erase);
  const erasures = program.command('erasures').description('who was erased, by ids: for replaying it on a backup');
  erasures
    .command('list', { isDefault: true })
    .option('--since <instant>', 'asked for then or later, such as 2026-11-21T10:00:00Z')
    .option('--json', 'a JSON object a line, as replay reads it')
    .description('list erasures, oldest first')
    .action(list);
  erasures
    .command('replay')
    .argument('<file>', 'lines of `tend erasures list --json`, written before the backup was put back')
    .option('--yes', 'do it')
    .description('erase again whom a backup has brought back')
    .action(replay);
}

interface Erasure {
  readonly leadId: string;
  readonly leadIds: readonly string[];
  readonly state: 'waiting' | 'done';
  readonly because: ErasureGround;
  readonly keepHash: boolean;
  readonly requestedAt: string;
  readonly requestedBy: string;
}

async function erase(
  lead: string,
  options: { readonly because: ErasureGround; readonly forgetHash?: boolean; readonly yes?: boolean },
): Promise<void> {
  const { because, forgetHash = false, yes = false } = options;
  const api = await openApi();
  const ids = await findLeads(api, lead);
  if (ids.length > 1)
    throw new Error(`${ids.length} leads are known as this: say which one by its id (${ids.join(', ')})`);
  if (!yes) throw new Error(`This removes lead ${ids[0]} for good. Add --yes to do it; tend export keeps a copy.`);
  const { state } = await eraseOne(api, { leadId: ids[0] as string, because, keepHash: !forgetHash });
  if (state === 'done') console.log(`${green('✓')} lead ${ids[0]} is erased: nothing of the person is left`);
  else
    console.log(
      `${yellow('…')} lead ${ids[0]} is gone for all that decides; a mail about it is leaving at this moment, and the rest is removed once it has (at most a minute). ${dim('tend erasures list shows it.')}`,
    );
}

function eraseOne(
  api: ApiClient,
  { leadId, because, keepHash }: Pick<Erasure, 'leadId' | 'because' | 'keepHash'>,
): Promise<Erasure> {
  return api.call<Erasure>('POST', `/api/leads/${encodeURIComponent(leadId)}/erase`, { because, keepHash });
}

async function list({ since, json = false }: { readonly since?: string; readonly json?: boolean }): Promise<void> {
  const api = await openApi();
  const query = new URLSearchParams(since === undefined ? {} : { since });
  let count = 0;
  for (;;) {
    const { erasures, next } = await api.call<{ erasures: Erasure[]; next: string | null }>(
      'GET',
      `/api/erasures?${query}`,
    );
    for (const erasure of erasures) {
      count += 1;
      const { leadId, state, because, requestedAt, requestedBy } = erasure;
      console.log(
        json
          ? JSON.stringify(erasure)
          : `${moment(requestedAt)}  ${leadId}  ${state.padEnd(7)}  ${because}  ${dim(requestedBy)}`,
      );
    }
    if (next === null) break;
    query.set('cursor', next);
  }
  if (count === 0 && !json) console.log('Nobody was erased.');
}

async function replay(file: string, { yes = false }: { readonly yes?: boolean }): Promise<void> {
  const text = await readFile(file, 'utf8');
  const erasures = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [readLine(line, file, index + 1)]));
  if (!yes) throw new Error(`${file} names ${erasures.length} erasures. Add --yes to do them again.`);
  const api = await openApi();
  const progress = progressLine();
  let [done, unknown, waiting] = [0, 0, 0];
  for (const { leadIds, leadId, because, keepHash } of erasures) {
    // A backup may be from before a merge: each of the leads is asked for.
    for (const id of new Set([leadId, ...leadIds])) {
      try {
        const { state } = await eraseOne(api, { leadId: id, because, keepHash });
        if (state === 'waiting') waiting += 1;
        done += 1;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
        unknown += 1;
      }
    }
    progress.say(`${done} leads erased of ${erasures.length} erasures`);
  }
  progress.end();
  const more = [
    unknown > 0 ? `${unknown} are not in this database` : '',
    waiting > 0 ? `${waiting} wait for a mail that is leaving` : '',
  ].filter((part) => part !== '');
  console.log(`${green('✓')} ${done} leads erased${more.length === 0 ? '' : `; ${more.join('; ')}`}`);
}

function readLine(line: string, file: string, number: number): Erasure {
  try {
    const value = JSON.parse(line) as Erasure;
    if (typeof value.leadId === 'string' && Array.isArray(value.leadIds)) return value;
  } catch {
    // Said below.
  }
  throw new Error(`${file}, line ${number}: is none of tend erasures list --json`);
}
