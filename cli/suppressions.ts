import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { type SuppressionReason, suppressionReasons } from '../domain/sending/suppression.ts';
import { isHeader } from '../domain/sending/suppression-line.ts';
import { openApi } from './api-client.ts';
import { moment } from './moment.ts';
import { progressLine } from './progress-line.ts';
import { dim, green, yellow } from './terminal.ts';

export function registerSuppressions(program: Command): void {
  const suppressions = program
    .command('suppressions')
    .description('addresses that are not written to, known by keyed hashes');
  suppressions.command('add').argument('<address...>', 'mail addresses').description('write addresses off').action(add);
  suppressions
    .command('import')
    .argument('<file>', 'a list: an address a line, CSV with a column address or hash, or JSON lines; own exports too')
    .description('take a list in; lines that can’t be used are named, and hold up none of the others')
    .action(importList);
  suppressions
    .command('export')
    .addOption(new Option('--format <format>', 'JSON lines or CSV').choices(['jsonl', 'csv']).default('jsonl'))
    .option('--out <file>', 'write it there, instead of printing it')
    .description('hashes, reasons and instants; no address')
    .action(exportList);
  suppressions
    .command('look-up')
    .argument('<address>')
    .description('whether an address is written to, and why not')
    .action(lookUp);
  suppressions
    .command('lift')
    .argument('<address>')
    .addOption(new Option('--reason <reason>', 'this one only; default: all that stand').choices(suppressionReasons))
    .option('--because <text>', 'why it may be written to again; needed against a complaint or an erasure')
    .description('let an address be written to again')
    .action(lift);
}

async function add(addresses: readonly string[]): Promise<void> {
  const api = await openApi();
  const { added, already } = await api.call<{ added: number; already: number }>('POST', '/api/suppressions', {
    addresses,
  });
  console.log(`${green('✓')} ${added} written off${already > 0 ? `; ${already} were before` : ''}`);
}

/** How many lines go in one request: progress is told between two. */
const LINES_AT_ONCE = 5_000;
const MOST_SHOWN = 20;

interface Report {
  readonly lines: number;
  readonly added: number;
  readonly already: number;
  readonly refused: number;
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
}

async function importList(file: string): Promise<void> {
  const api = await openApi();
  const { size } = await stat(file);
  const stream = createReadStream(file, 'utf8');
  const progress = progressLine();
  const total = { lines: 0, added: 0, already: 0, refused: 0 };
  const problems: Report['problems'][number][] = [];
  let header: string | null = null;
  const send = async (lines: readonly string[]): Promise<void> => {
    // A header names the columns of every part.
    const withHeader = header !== null && total.lines > 0;
    const firstLine = total.lines + 1 - (withHeader ? 1 : 0);
    const text = `${(withHeader ? [header, ...lines] : lines).join('\n')}\n`;
    const response = await api.open('POST', `/api/suppressions/import?firstLine=${Math.max(1, firstLine)}`, {
      type: 'text/csv',
      text,
    });
    const report = (await response.json()) as Report;
    total.lines += lines.length;
    total.added += report.added;
    total.already += report.already;
    total.refused += report.refused;
    problems.push(...report.problems.slice(0, MOST_SHOWN - problems.length));
    progress.say(`${total.lines} lines, ${Math.min(100, Math.round((stream.bytesRead / Math.max(1, size)) * 100))} %`);
  };
  let part: string[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (total.lines === 0 && part.length === 0 && isHeader(line)) header = line;
    part.push(line);
    if (part.length < LINES_AT_ONCE) continue;
    await send(part);
    part = [];
  }
  if (part.length > 0) await send(part);
  progress.end();
  const more = total.already > 0 ? `; ${total.already} were before` : '';
  console.log(`${green('✓')} ${total.added} written off${more}`);
  if (total.refused === 0) return;
  console.log(`${yellow('!')} ${total.refused} lines could not be used:`);
  for (const { line, problem } of problems) console.log(`  line ${line}: ${problem}`);
  if (total.refused > problems.length) console.log(dim(`  … and ${total.refused - problems.length} more`));
  process.exitCode = 1;
}

async function exportList({ format, out }: { readonly format: string; readonly out?: string }): Promise<void> {
  const response = await (await openApi()).open('GET', `/api/suppressions/export?format=${format}`);
  if (response.body === null) throw new Error('the export came without content');
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  if (out === undefined) await pipeline(body, process.stdout, { end: false });
  else {
    await pipeline(body, createWriteStream(out, { mode: 0o600 }));
    console.log(`${green('✓')} written to ${out}`);
  }
}

interface LookedUp {
  readonly suppressed: boolean;
  readonly entries: readonly {
    readonly reason: SuppressionReason;
    readonly at: string;
    readonly actor: string;
    readonly liftedAt: string | null;
    readonly liftedBy: string | null;
  }[];
}

async function lookUp(address: string): Promise<void> {
  const query = new URLSearchParams({ address });
  const { suppressed, entries } = await (await openApi()).call<LookedUp>('GET', `/api/suppressions/lookup?${query}`);
  console.log(suppressed ? 'This address is not written to.' : 'Nothing stands against writing to this address.');
  for (const { reason, at, actor, liftedAt, liftedBy } of entries) {
    const lifted = liftedAt === null ? '' : dim(`, lifted ${moment(liftedAt)} by ${liftedBy}`);
    console.log(`  ${reason}, since ${moment(at)}, by ${actor}${lifted}`);
  }
}

async function lift(
  address: string,
  { reason, because }: { readonly reason?: SuppressionReason; readonly because?: string },
): Promise<void> {
  const { lifted } = await (await openApi()).call<{ lifted: string[] }>('DELETE', '/api/suppressions', {
    address,
    ...(reason !== undefined && { reason }),
    ...(because !== undefined && { because }),
  });
  console.log(`${green('✓')} lifted: ${lifted.join(', ')}`);
}
