import type { Command } from 'commander';
import type { RefusingDomain } from '../store/receiving-domain.ts';
import type { SenderHealth } from '../store/sender-health.ts';
import { openApi } from './api-client.ts';
import { dim, green, red, yellow } from './terminal.ts';

export function registerSenders(program: Command): void {
  const senders = program
    .command('senders')
    .description('how senders stand with the receivers of their mail')
    .action(list);
  senders
    .command('resume')
    .argument('<key>')
    .description('let the marketing of a sender go on that stands still for complaints')
    .action(resume);
}

/** As the API gives them. */
interface Health {
  readonly senders: readonly SenderHealth[];
  readonly receivers: readonly (Omit<RefusingDomain, 'retryAt'> & { readonly retryAt: string | null })[];
}

export async function readHealth(): Promise<Health> {
  return (await openApi()).call<Health>('GET', '/api/senders/health');
}

async function list(): Promise<void> {
  const { senders, receivers } = await readHealth();
  if (senders.length === 0) console.log('Nothing is published under kind: sender, and nothing has come back.');
  for (const each of senders) console.log(senderInWords(each));
  for (const line of receiversInWords(receivers)) console.log(line);
}

async function resume(key: string): Promise<void> {
  const path = `/api/senders/${encodeURIComponent(key)}/resume`;
  console.log(senderInWords(await (await openApi()).call<SenderHealth>('POST', path)));
}

export function senderInWords(health: SenderHealth): string {
  const { sender, state, accepted, complaints, bounces, complaintRate } = health;
  const mark = { well: green('●'), warned: yellow('●'), paused: red('●') }[state];
  const rate = complaintRate === null ? 'too few mails for a rate' : `${(complaintRate * 100).toFixed(2)} % complaints`;
  const counts = `${accepted} taken, ${bounces} came back, ${complaints} complained about`;
  const words = {
    well: '',
    warned: '  complaints are above 0.1 %: mailbox providers begin to mind',
    paused: `  its marketing stands still: complaints reached 0.3 %. When you know why: tend senders resume ${sender}`,
  }[state];
  return `${mark} ${sender.padEnd(20)} ${rate}  ${dim(`(7 days: ${counts})`)}${words === '' ? '' : `\n${words}`}`;
}

export function receiversInWords(receivers: Health['receivers']): string[] {
  return receivers.map(({ domain, status, why, retryAt, openedTimes }) => {
    const said = [status, why].filter((word) => word !== null).join(' ');
    const next = retryAt === null ? '' : `, next try ${retryAt}`;
    return `${yellow('●')} ${domain.padEnd(20)} refuses our mail (${said})  ${dim(`pause ${openedTimes}${next}`)}`;
  });
}
