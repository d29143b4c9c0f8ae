import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { type ApiClient, openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { green, red } from './terminal.ts';

/** As many as one call takes. */
const AT_ONCE = 500;

export function registerEnrol(program: Command): void {
  program
    .command('enrol')
    .argument('<sequence>', 'the key of a published sequence')
    .argument('[leads...]', 'mail addresses, external ids or lead ids')
    .option('--file <file>', 'a text file with one of them on each line')
    .description('put leads into a sequence; sent again, nobody comes in twice')
    .action(enrol);
}

async function enrol(sequence: string, leads: readonly string[], { file }: { readonly file?: string }): Promise<void> {
  const named = [...leads, ...(file === undefined ? [] : await linesOf(file))];
  if (named.length === 0) throw new Error('Name the leads, or give a --file with one on each line.');
  const api = await openApi();
  const refused: string[] = [];
  const nameOf = new Map<string, string>();
  for (const name of named) {
    try {
      for (const id of await findLeads(api, name)) nameOf.set(id, name);
    } catch (error) {
      refused.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  let enrolled = 0;
  const ids = [...nameOf.keys()];
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const result = await enrolSome(api, sequence, ids.slice(from, from + AT_ONCE));
    enrolled += result.enrolled.length;
    for (const { leadId, reason } of result.refused) refused.push(`${nameOf.get(leadId) ?? leadId}: ${reason}`);
    if (ids.length > AT_ONCE) console.log(`  ${Math.min(from + AT_ONCE, ids.length)} of ${ids.length}`);
  }
  for (const line of refused) console.log(`${red('✗')} ${line}`);
  console.log(`${green('✓')} ${enrolled} of ${named.length} came into "${sequence}"`);
  if (refused.length > 0) process.exitCode = 1;
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`There is no file ${file}.`);
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function enrolSome(api: ApiClient, sequence: string, leads: readonly string[]) {
  return api.call<{ enrolled: object[]; refused: { leadId: string; reason: string }[] }>(
    'POST',
    `/api/sequences/${encodeURIComponent(sequence)}/enrolments`,
    { leads },
  );
}
