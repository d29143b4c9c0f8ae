import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { bold } from './terminal.ts';

export function registerWhy(program: Command): void {
  program
    .command('why')
    .argument('<lead>', 'mail address, external id or lead id')
    .description('say what a lead waits for, until when, and what was withheld and why')
    .action(why);
}

async function why(lead: string): Promise<void> {
  const api = await openApi();
  const ids = /^[0-9a-f-]{36}$/i.test(lead) ? [lead] : await search(lead);
  if (ids.length === 0) throw new Error(`Nobody is known as ${lead}: give a mail address, an external id or a lead id`);
  async function search(text: string): Promise<string[]> {
    const by = text.includes('@') ? { email: text } : { externalId: text };
    const { leads } = await api.call<{ leads: { id: string }[] }>('POST', '/api/leads/search', by);
    return leads.map(({ id }) => id);
  }
  for (const id of ids) {
    const { words } = await api.call<{ words: string[] }>('GET', `/api/leads/${id}/why`);
    console.log(bold(`lead ${id}`));
    for (const sentence of words) console.log(`  ${sentence}`);
  }
}
