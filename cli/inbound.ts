import type { Command } from 'commander';
import type { InboundInFull, InboundView } from '../store/list-inbound.ts';
import { openApi } from './api-client.ts';
import { bold, dim } from './terminal.ts';

export function registerInbound(program: Command): void {
  const inbound = program
    .command('inbound')
    .description('reports, complaints and replies that came back, and what was done about them')
    .option('--lead <id>', 'of this lead only')
    .option('--kind <kind>', 'bounce, complaint, reply, auto-reply, unsubscribe, other or unreadable')
    .option('--outcome <outcome>', 'such as suppressed, not-ours or set-aside')
    .option('--waiting', 'what waits to be processed')
    .option('--limit <number>', 'at most so many', '30')
    .action(list);
  inbound.command('show').argument('<id>').description('one of them in full').action(show);
  inbound
    .command('again')
    .argument('<id>')
    .description('process one again that was set aside, or was about none of our mails')
    .action(again);
}

/** As the API gives it. */
type Shown<T> = Omit<T, 'receivedAt' | 'processedAt'> & {
  readonly receivedAt: string;
  readonly processedAt: string | null;
};

interface ListOptions {
  readonly lead?: string;
  readonly kind?: string;
  readonly outcome?: string;
  readonly waiting?: boolean;
  readonly limit: string;
}

async function list({ waiting, ...options }: ListOptions): Promise<void> {
  const query = new URLSearchParams({ ...options, ...(waiting === true && { waiting: 'true' }) });
  const api = await openApi();
  const { inbound } = await api.call<{ inbound: Shown<InboundView>[] }>('GET', `/api/inbound?${query}`);
  if (inbound.length === 0) console.log('Nothing has come back.');
  for (const { id, receivedAt, kind, cause, status, outcome, subject } of inbound) {
    const what = [kind ?? 'waiting', cause, status].filter((word) => word !== null).join(' ');
    console.log(`${receivedAt}  ${what.padEnd(24)}${(outcome ?? '').padEnd(22)}${dim(`${id}  ${subject ?? ''}`)}`);
  }
}

async function show(id: string): Promise<void> {
  const mail = await (await openApi()).call<Shown<InboundInFull>>('GET', `/api/inbound/${encodeURIComponent(id)}`);
  const { text, subject, kind, ...rest } = mail;
  console.log(bold(subject ?? kind ?? 'waiting'));
  for (const [name, value] of Object.entries({ kind, ...rest }))
    if (value !== null && value !== false) console.log(`  ${dim(name.padEnd(13))}${value}`);
  if (text !== null) console.log(`\n${printable(text)}`);
}

async function again(id: string): Promise<void> {
  await (await openApi()).call('POST', `/api/inbound/${encodeURIComponent(id)}/again`);
  console.log(`It is processed once more: tend inbound show ${id}`);
}

/** A stranger's words must not steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]/gu, '');
}
