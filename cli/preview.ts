import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { TemplatePreview } from '../store/preview-template.ts';
import { openApi } from './api-client.ts';
import { bold, dim, red, yellow } from './terminal.ts';

interface PreviewOptions {
  readonly lead?: string;
  readonly locale?: string;
  readonly live?: boolean;
  readonly open?: string | true;
}

export function registerPreview(program: Command): void {
  program
    .command('preview')
    .argument('<template>', 'its key')
    .option('--lead <id>', 'with what is known of this lead (default: of nobody)')
    .option('--locale <locale>', 'in this language, such as de')
    .option('--live', 'what is published (default: as if everything stored last were)')
    .option('--open [file]', 'write its HTML to a file, to open in a browser (default: <template>.html)')
    .description('show the mail that a template makes, what it lacks and what should be looked at')
    .action(preview);
}

async function preview(key: string, { lead, locale, live, open }: PreviewOptions): Promise<void> {
  const api = await openApi();
  const input = {
    draft: live !== true,
    ...(lead !== undefined && { lead }),
    ...(locale !== undefined && { locale }),
  };
  const shown = await api.call<TemplatePreview>('POST', `/api/templates/${encodeURIComponent(key)}/preview`, input);
  console.log(`${dim('From     ')}${shown.from}`);
  console.log(`${dim('Subject  ')}${bold(shown.subject)}`);
  if (shown.preview !== null) console.log(`${dim('Preview  ')}${shown.preview}`);
  console.log(`${dim('Language ')}${shown.locale}${dim(`   ${(shown.sizeBytes / 1024).toFixed(1)} KB of HTML`)}\n`);
  console.log(shown.text);
  console.log('');
  for (const name of shown.missing)
    console.log(`${yellow('!')} ${name} is not known of this reader: the mail would wait`);
  for (const { path: field, problem } of shown.problems) console.log(`${red('✗')} ${field} ${problem}`);
  for (const { path: field, problem } of shown.warnings) console.log(`${yellow('!')} ${field} ${problem}`);
  if (shown.problems.length > 0) process.exitCode = 1;
  if (open === undefined) return;
  const file = path.resolve(open === true ? `${key}.html` : open);
  await writeFile(file, shown.html);
  console.log(`Its HTML is in ${file}`);
}
