import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { moment } from './moment.ts';
import { dim, green } from './terminal.ts';

export function registerSettle(program: Command): void {
  program
    .command('settle')
    .argument('[message]', "a mail's id; without it, the mails that nobody knows the fate of are listed")
    .option('--sent', 'it was sent')
    .option('--not-sent', 'it was not sent, and counts as sent no more; nothing is sent again by itself')
    .option('--note <text>', 'how you know')
    .description('say what became of a mail whose state is unknown')
    .action(settle);
}

interface Options {
  readonly sent?: boolean;
  readonly notSent?: boolean;
  readonly note?: string;
}

async function settle(message: string | undefined, { sent = false, notSent = false, note }: Options): Promise<void> {
  if (message === undefined) {
    if (sent || notSent) throw new Error('Say which mail: its id comes first.');
    await list();
    return;
  }
  if (sent === notSent) throw new Error('Say either --sent or --not-sent.');
  const { words } = await (await openApi()).call<{ words: string }>(
    'POST',
    `/api/messages/${encodeURIComponent(message)}/settle`,
    { outcome: sent ? 'sent' : 'not-sent', ...(note !== undefined && { note }) },
  );
  console.log(`${green('✓')} ${words}`);
}

interface UnknownMail {
  readonly id: string;
  readonly address: string | null;
  readonly template: string;
  readonly claimedAt: string;
  readonly messageId: string;
}

async function list(): Promise<void> {
  const { messages } = await (await openApi()).call<{ messages: UnknownMail[] }>('GET', '/api/messages?state=unknown');
  if (messages.length === 0) console.log('What became of every mail is known.');
  for (const { id, address, template, claimedAt, messageId } of messages)
    console.log(`${id}  ${moment(claimedAt)}  ${template} to ${address ?? 'nobody'}  ${dim(messageId)}`);
}
