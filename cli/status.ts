import type { Command } from 'commander';
import { readSettings } from '../config/settings.ts';
import { addressesOf } from '../embedded/installation.ts';
import { stillRuns } from '../embedded/process-identity.ts';
import { readChildRecords, readLivingRecord, SUPERVISOR } from '../embedded/process-record.ts';
import { readHealth, receiversInWords, senderInWords } from './senders.ts';
import { bold, dim, green, red } from './terminal.ts';

export function registerStatus(program: Command): void {
  program.command('status').description('show what runs, since when and where').action(status);
}

/** The exit code is 3 if it does not run, as init scripts have it (LSB). */
async function status(): Promise<void> {
  const { home } = readSettings();
  const supervisor = await readLivingRecord(home, SUPERVISOR);
  if (!supervisor) {
    console.log(`Tend does not run on ${home}.`);
    process.exitCode = 3;
    return;
  }
  console.log(`${bold('Tend')} runs on ${home} ${dim(`since ${supervisor.startedAt} (process ${supervisor.pid})`)}\n`);
  for (const { name, pid, identity, startedAt } of await readChildRecords(home)) {
    const mark = stillRuns(pid, identity) ? green('●') : red('○');
    console.log(`  ${mark} ${name.padEnd(10)} ${dim(`process ${pid}, since ${startedAt}`)}`);
  }
  const { api, mailbox, temporalPage } = addressesOf(readSettings({ ...process.env, ...supervisor.environment }));
  const addresses = { API: api, Mailbox: mailbox, Temporal: temporalPage };
  console.log();
  for (const [title, address] of Object.entries(addresses)) {
    if (address) console.log(`  ${dim(title.padEnd(12))}${address}`);
  }
  await trouble();
}

/** Senders and receivers that somebody should know of; where the API does not answer, that is shown above. */
async function trouble(): Promise<void> {
  const health = await readHealth().catch(() => null);
  if (health === null) return;
  const senders = health.senders.filter(({ state }) => state !== 'well').map(senderInWords);
  for (const line of [...senders, ...receiversInWords(health.receivers)]) console.log(`  ${line}`);
}
