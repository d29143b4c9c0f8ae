import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ApiClient, openApi } from './api-client.ts';
import { findLeads } from './find-leads.ts';
import { moment } from './moment.ts';
import { bold, dim, green } from './terminal.ts';

export function registerWalk(program: Command): void {
  program
    .command('walk')
    .argument('<lead>', 'a test lead: mail address or lead id; with --new: the address of your own mailbox')
    .option('--new', 'make a test lead of this address first')
    .option('--sequence <key>', 'put the lead into this sequence first')
    .option('--purpose <key...>', 'with --new: what it may be written to about (default: the purpose of the sequence)')
    .option('--set <name=value...>', 'with --new: what is known of it, such as birthday=1985-04-12', attribute)
    .option('--locale <locale>', 'with --new: its language, such as de')
    .addOption(
      new Option('--outcome <outcome>', 'where sales has it: what came of it').choices(['won', 'lost', 'recycled']),
    )
    .option('--steps <number>', 'how many instants to go on', steps, 1)
    .description('walk a test lead through a live sequence: to the next instant at which something is due')
    .action(walk);
}

function attribute(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('must be name=value, such as birthday=1985-04-12.');
  return { ...before, [name]: value };
}

function steps(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000) throw new InvalidArgumentError('must be 1 to 1000.');
  return count;
}

interface WalkOptions {
  readonly new?: boolean;
  readonly sequence?: string;
  readonly purpose?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
  readonly locale?: string;
  readonly outcome?: string;
  readonly steps: number;
}

interface Walked {
  readonly kind: 'moved' | 'busy' | 'with-sales' | 'nothing-due';
  readonly at?: string;
  readonly from?: string;
  readonly to?: string;
}

async function walk(lead: string, options: WalkOptions): Promise<void> {
  const api = await openApi();
  const id = options.new ? await make(api, lead, options) : await existing(api, lead);
  const seen = new Set<string>();
  await tellMails(api, id, seen, false);
  if (options.sequence !== undefined) {
    await api.call('POST', `/api/leads/${id}/enrolments`, { sequence: options.sequence });
    console.log(`${green('✓')} in the sequence "${options.sequence}"`);
    // What goes out at once is told before the first move, or it would stand under the instant moved to.
    await settled(api, id);
    await tellMails(api, id, seen, true);
  }
  for (let step = 0; step < options.steps; step += 1) {
    const walked = await next(api, id, step === 0 ? options.outcome : undefined);
    if (walked.kind === 'moved') console.log(bold(moment(walked.to ?? '')));
    await settled(api, id);
    await tellMails(api, id, seen, true);
    if (walked.kind === 'with-sales') {
      console.log(`Sales has it, and marketing is silent. Go on with ${bold('--outcome won|lost|recycled')}.`);
      break;
    }
    if (walked.kind === 'nothing-due') {
      console.log('Nothing is due by time: it waits for something to happen. Click in a mail, or send an event.');
      break;
    }
  }
  const { words } = await api.call<{ words: string[] }>('GET', `/api/leads/${id}/why`);
  for (const sentence of words) console.log(`  ${sentence}`);
}

async function make(api: ApiClient, email: string, options: WalkOptions): Promise<string> {
  const { sequence, set = {}, locale } = options;
  const purposes = options.purpose ?? (sequence === undefined ? [] : [await purposeOf(api, sequence)]);
  if (purposes.length === 0)
    throw new Error('Say what it may be written to about: --purpose newsletter, or --sequence.');
  const input = { email, purposes, attributes: set, ...(locale && { locale }) };
  const { id } = await api.call<{ id: string }>('POST', '/api/test-leads', input);
  console.log(`${green('✓')} test lead ${id}, who gets real mails at ${email}`);
  return id;
}

async function purposeOf(api: ApiClient, sequence: string): Promise<string> {
  const { live } = await api.call<{ live: { purpose: string } | null }>(
    'GET',
    `/api/sequences/${encodeURIComponent(sequence)}`,
  );
  if (live === null) throw new Error(`The sequence "${sequence}" is not published: push it first.`);
  return live.purpose;
}

async function existing(api: ApiClient, lead: string): Promise<string> {
  const [id, another] = await findLeads(api, lead);
  if (id === undefined || another !== undefined) throw new Error(`Give the lead id of one of those known as ${lead}.`);
  return id;
}

/** How long something that is due may take until the walk says that it does. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 200;

async function next(api: ApiClient, id: string, outcome: string | undefined): Promise<Walked> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const walked = await api.call<Walked>(
      'POST',
      `/api/test-leads/${id}/walk`,
      outcome === undefined ? {} : { outcome },
    );
    if (walked.kind !== 'busy') return walked;
    if (Date.now() > until)
      throw new Error('Something is still being done for this lead after a minute: is a worker running?');
    await pause(LOOK_EVERY_MS);
  }
}

/** Waits until all that was due is done. */
async function settled(api: ApiClient, id: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const { planned, unassessed, messages } = await api.call<{
      planned: boolean;
      unassessed: number;
      messages: { state: string }[];
    }>('GET', `/api/leads/${id}/why`);
    const underWay = messages.some(({ state }) => state === 'due' || state === 'claimed');
    if (planned && unassessed === 0 && !underWay) return;
    await pause(LOOK_EVERY_MS);
  }
}

interface Mail {
  readonly id: string;
  readonly template: string;
  readonly step: string | null;
  readonly state: string;
  readonly reason: string | null;
}

async function tellMails(api: ApiClient, id: string, seen: Set<string>, tell: boolean): Promise<void> {
  const { messages } = await api.call<{ messages: Mail[] }>('GET', `/api/messages?lead=${id}`);
  for (const { id: messageId, template, step, state, reason } of [...messages].reverse()) {
    const key = `${messageId} ${state} ${reason}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (!tell) continue;
    const sent = state === 'accepted';
    const why = reason === null ? '' : `: ${reason}`;
    console.log(`  ${sent ? green('✉') : '·'} ${template} ${dim(`(${step}) ${sent ? 'sent' : `${state}${why}`}`)}`);
  }
}
