import type { Command } from 'commander';
import { openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { bold, dim } from './terminal.ts';

export function registerWhy(program: Command): void {
  program
    .command('why')
    .argument('<lead>', 'mail address, external id or lead id')
    .description('say what a lead waits for, until when, and what was withheld and why')
    .action(why);
}

interface Why {
  readonly words: readonly string[];
  readonly enrolments: readonly { readonly id: string; readonly sequence: string }[];
}

async function why(lead: string): Promise<void> {
  const api = await openApi();
  for (const id of await findLeads(api, lead)) {
    const { words, enrolments } = await api.call<Why>('GET', `/api/leads/${id}/why`);
    console.log(bold(`lead ${id}`));
    for (const sentence of words) console.log(`  ${sentence}`);
    for (const enrolment of enrolments) console.log(dim(`  enrolment ${enrolment.id} is in ${enrolment.sequence}`));
  }
}
