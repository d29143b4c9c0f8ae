import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { green } from './terminal.ts';

export function registerExport(program: Command): void {
  program
    .command('export')
    .argument('<lead>', 'mail address, external id or lead id')
    .option('--html', 'as a page to print, instead of JSON')
    .addOption(new Option('--language <language>', 'of the page').choices(['de', 'en']).default('en'))
    .option('--out <file>', 'write it there, instead of printing it')
    .description(
      'everything that is known of a person (Art. 15 and 20 GDPR), also of leads that were merged into theirs',
    )
    .action(exportLead);
}

interface Options {
  readonly html?: boolean;
  readonly language: string;
  readonly out?: string;
}

async function exportLead(lead: string, { html = false, language, out }: Options): Promise<void> {
  const api = await openApi();
  const ids = await findLeads(api, lead);
  if (ids.length > 1)
    throw new Error(`${ids.length} leads are known as this: say which one by its id (${ids.join(', ')})`);
  const query = html ? `?format=html&language=${language}` : '';
  const response = await api.open('GET', `/api/leads/${ids[0]}/export${query}`);
  if (response.body === null) throw new Error('the export came without content');
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  if (out === undefined) {
    // The terminal stays open for whoever prints after this.
    await pipeline(body, process.stdout, { end: false });
    return;
  }
  // Personal data: nobody else on this machine needs to read it.
  await pipeline(body, createWriteStream(out, { mode: 0o600 }));
  console.log(`${green('✓')} written to ${out}`);
}
