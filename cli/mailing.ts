import type { Command } from 'commander';
import type { Duration } from '../domain/instant.ts';
import type { MailingTime } from '../domain/mailing/mailing-time.ts';
import type { Preview } from '../store/preview-mailing.ts';
import type { MailingProgress, MailingSummary } from '../store/read-mailing.ts';
import type { MailingReport } from '../store/report-mailing.ts';
import { type ApiClient, openApi } from './api-client.ts';
import { followMailing, progressInWords } from './follow-mailing.ts';
import { type TimeOptions, timeInWords, timeOf } from './mailing-time.ts';
import { duration } from './sequence.ts';
import { bold, dim, green, red, yellow } from './terminal.ts';

export function registerMailing(program: Command): void {
  program.command('mailings').description('list mailings, and where each stands').action(list);
  const mailing = program.command('mailing').description('preview, test, schedule and steer one mailing');
  const timed = (command: Command) =>
    command
      .option('--at <time>', 'now, 2026-12-01T10:00+01:00, or a local time with one of the next two')
      .option('--own-clock', "the local time is each lead's own")
      .option('--zone <zone>', 'the local time is that of this zone, such as Europe/Berlin');
  timed(mailing.command('preview').argument('<key>'))
    .description('who would get it, who would not and why, and when')
    .action(preview);
  mailing
    .command('test')
    .argument('<key>')
    .argument('<addresses...>', "the company's own")
    .option('--lead <id>', "whose data fills it (default: some reader's)")
    .option('--locale <locale>', 'in this language, such as de')
    .description('send it to colleagues, to look at; nothing in it is counted')
    .action(test);
  timed(mailing.command('schedule').argument('<key>'))
    .description('publish it and set when it goes (default: as its file says)')
    .action(schedule);
  for (const verb of ['pause', 'cancel'] as const)
    mailing
      .command(verb)
      .argument('<key>')
      .description(DESCRIPTIONS[verb])
      .action((key: string) => steer(verb, key));
  mailing
    .command('resume')
    .argument('<key>')
    .option('--over <time>', 'spread the mails of those it held over this time, such as 30m, 6h or 2d', duration)
    .description('let it go on, one mail after the other')
    .action((key: string, options: { readonly over?: Duration }) => steer('resume', key, options));
  mailing.command('follow').argument('<key>').description('show its progress until it is through').action(follow);
  mailing.command('report').argument('<key>').description('what became of it').action(report);
}

const DESCRIPTIONS = {
  pause: 'stop it at once; nobody leaves it, its mails wait',
  cancel: 'send no more of it; what was sent was sent',
} as const;

const addressOf = (key: string, action = '') => `/api/mailings/${encodeURIComponent(key)}${action}`;

interface Shown {
  readonly key: string;
  readonly state: string;
  readonly run: MailingProgress | null;
}

async function list(): Promise<void> {
  const { mailings } = await (await openApi()).call<{ mailings: MailingSummary[] }>('GET', '/api/mailing-runs');
  if (mailings.length === 0) console.log('There is no mailing: push a file with kind: mailing.');
  for (const { key, state, time, audience, enrolled } of mailings) {
    const when = time === null ? '' : timeInWords(time);
    const whom = audience === 0 ? '' : `${number(enrolled)} of ${number(audience)} in the audience`;
    console.log(`${key.padEnd(28)}${state.padEnd(11)}${dim([when, whom].filter((text) => text !== '').join('   '))}`);
  }
}

async function preview(key: string, options: TimeOptions): Promise<void> {
  const api = await openApi();
  const found = await api.call<Preview>('POST', addressOf(key, '/preview'), body(timeOf(options)));
  const { audience, onTime, later, waiting, tooLate, never, instants } = found;
  console.log(`${bold(key)} ${dim(`at ${timeInWords(found.time)}`)}`);
  if (found.estimated)
    console.log(yellow(`Estimated from ${number(found.looked)} of ${number(found.leads)} leads, chosen by chance.`));
  row('in the audience', audience);
  row('go on time', onTime);
  counts('go later', later);
  counts('wait', waiting);
  counts('dropped at the deadline', tooLate);
  counts('not sent', never);
  const [first, ...more] = instants;
  if (first === undefined) return;
  console.log(`\n  ${dim('when (the hour, and how many)')}`);
  for (const { at, leads } of [first, ...more.slice(0, 11)]) row(String(at), leads);
  if (more.length > 11) console.log(dim(`  … and ${more.length - 11} more hours`));
}

interface TestResult {
  readonly to: string;
  readonly subject: string;
  readonly state: string;
  readonly reason: string | null;
}

async function test(
  key: string,
  to: readonly string[],
  { lead, locale }: { readonly lead?: string; readonly locale?: string },
): Promise<void> {
  const api = await openApi();
  const input = { to, ...(lead !== undefined && { leadId: lead }), ...(locale !== undefined && { locale }) };
  const { mails } = await api.call<{ mails: TestResult[] }>('POST', addressOf(key, '/test'), input);
  for (const { to: address, subject, state, reason } of mails) {
    const sent = state === 'accepted';
    if (!sent) process.exitCode = 1;
    console.log(`${sent ? green('✓') : red('✗')} ${address}  ${dim(sent ? subject : `${state}: ${reason}`)}`);
  }
  if (api.mailbox !== undefined) console.log(dim(`The mailbox is at ${api.mailbox}`));
}

async function schedule(key: string, options: TimeOptions): Promise<void> {
  const api = await openApi();
  tell(green('✓'), await api.call<Shown>('POST', addressOf(key, '/schedule'), body(timeOf(options))));
}

async function steer(verb: 'pause' | 'resume' | 'cancel', key: string, input: object = {}): Promise<void> {
  const api = await openApi();
  const mark = { pause: yellow('■'), resume: green('▶'), cancel: yellow('■') }[verb];
  tell(mark, await api.call<Shown>('POST', addressOf(key, `/${verb}`), input));
}

async function follow(key: string): Promise<void> {
  const api = await openApi();
  tell(green('✓'), await followMailing(() => read(api, key)));
}

async function report(key: string): Promise<void> {
  const api = await openApi();
  const found = await api.call<MailingReport & { note: string }>('GET', addressOf(key, '/report'));
  console.log(`${bold(key)} ${dim(`version ${found.version}, ${found.state}, ${timeInWords(found.time)}`)}`);
  row('in the audience', found.audience);
  counts('passed over', found.skipped);
  row('set on their way', found.enrolled);
  row('sent', found.sent);
  if (found.onTheWay > 0) row('on the way', found.onTheWay);
  if (found.unknown > 0) row('sent or not, not known', found.unknown);
  counts('delayed', found.delayed);
  counts('dropped', found.dropped);
  counts('refused', found.refused);
  row('opened', found.opened);
  row('clicked', found.clicked);
  row('unsubscribed', found.unsubscribed);
  row('to sales in 7 days', found.handoffs);
  console.log(`\n  ${dim(found.note)}`);
}

async function read(api: ApiClient, key: string): Promise<Shown> {
  return api.call<Shown>('GET', addressOf(key));
}

function tell(mark: string, { key, state, run }: Shown): void {
  const when = run === null ? '' : ` ${dim(timeInWords(run.time))}`;
  console.log(`${mark} ${bold(key)} is ${state}.${when}`);
  if (run !== null && run.startedAt !== null) console.log(`  ${progressInWords(run)}`);
  if (run !== null && run.error !== null)
    console.log(red(`  Selecting people failed (${run.error}): mend the cause, then resume it.`));
}

function body(at: MailingTime | undefined): { readonly at?: MailingTime } {
  return at === undefined ? {} : { at };
}

function row(name: string, value: number): void {
  console.log(`  ${name.padEnd(26)}${number(value).padStart(10)}`);
}

function counts(name: string, byReason: Readonly<Record<string, number>>): void {
  for (const [reason, value] of Object.entries(byReason)) row(`${name}: ${reason}`, value);
}

function number(value: number): string {
  return value.toLocaleString('en');
}
