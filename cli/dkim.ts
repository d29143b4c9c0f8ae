import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { createDkimKey } from '../mail/dkim.ts';
import { bold, dim, green } from './terminal.ts';

/** As senders write them: lower case, dots and hyphens within. */
const NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function registerDkim(program: Command): void {
  const dkim = program.command('dkim').description('keys that sign mail');
  dkim
    .command('create')
    .argument('<domain>', 'whose signature it is: the domain of the From, such as example.com')
    .argument('<selector>', 'a name for the key, such as tend2026: the next key gets another')
    .description('make a key (RSA, 2048 bits, kept in TEND_DKIM_KEYS) and print its DNS record')
    .action(create);
}

async function create(domain: string, selector: string): Promise<void> {
  for (const [what, value] of [
    ['domain', domain],
    ['selector', selector],
  ] as const)
    if (!NAME.test(value)) throw new Error(`"${value}" is no ${what}: lower-case letters, digits, dots and hyphens`);
  const { dkimKeys } = readSettings();
  const { file, record } = await createDkimKey(dkimKeys, { domain, selector });
  console.log(`${green('✓')} ${file} ${dim('(for the user who runs the worker alone to read; keep a copy)')}

Add this to the DNS of ${domain}:

  ${bold('name')}   ${record.name}
  ${bold('type')}   TXT
  ${bold('value')}  ${record.value}

${dim('In a zone file it is two strings, for one has at most 255 characters: "v=DKIM1; …" "…". Web forms mostly see to that.')}

Then name it in the sender, and look whether all is well:

  dkim: { domain: ${domain}, selector: ${selector} }
  tend doctor mail ${domain}
`);
}
