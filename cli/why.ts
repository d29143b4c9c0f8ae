import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
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
  for (const id of await findLeads(api, lead)) {
    const { words } = await api.call<{ words: string[] }>('GET', `/api/leads/${id}/why`);
    console.log(bold(`lead ${id}`));
    for (const sentence of words) console.log(`  ${sentence}`);
  }
}
