import { isIP } from 'node:net';
import type { Command } from 'commander';
import type { ServiceSettings } from '../config/service-settings.ts';
import { domainOf, type Sender, senderFrom } from '../domain/sender/sender.ts';
import { dkimKeysIn, selectorsOf } from '../mail/dkim.ts';
import { openDns } from '../mail/doctor/dns.ts';
import { examineSender } from '../mail/doctor/examine.ts';
import type { SampleTemplate } from '../mail/doctor/sample-mail.ts';
import { systemClock } from '../store/clock.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { loadSenders } from '../store/load-sender.ts';
import { readSampleTemplate } from '../store/read-sample-template.ts';
import { type Examined, printExamined } from './doctor-report.ts';
import { openInstallation } from './open-installation.ts';
import { yellow } from './terminal.ts';

export function registerDoctor(program: Command): void {
  const doctor = program.command('doctor').description('find out what is wrong, and what to do');
  doctor
    .command('mail')
    .argument('<sender>', "a sender's key, or a domain that mails are from")
    .option(
      '--ip <addresses>',
      'where mails leave from, comma-separated, where it is not the mail server’s own address',
    )
    .option('--dns <server>', 'ask this DNS server (address or address:port) instead of those of this machine')
    .option('--json', 'for programs')
    .description('look at SPF, DKIM, DMARC, MX, reverse DNS, TLS and the headers of a sample; sends nothing')
    .action(doctorMail);
}

interface Options {
  readonly ip?: string;
  readonly dns?: string;
  readonly json?: boolean;
}

async function doctorMail(target: string, options: Options): Promise<void> {
  const { settings } = await openInstallation();
  const addresses = options.ip?.split(',').map((address) => address.trim());
  const wrong = addresses?.find((address) => isIP(address) === 0);
  if (wrong !== undefined) throw new Error(`--ip: "${wrong}" is no IP address`);
  const dns = openDns(options.dns);
  const examined: Examined[] = [];
  await withSenders(settings, async (known, templateOf) => {
    for (const sender of await meant(target, known, settings)) {
      const findings = await examineSender(sender, {
        dns,
        keys: dkimKeysIn(settings.dkimKeys),
        smtpUrl: settings.smtpUrl,
        servers: settings.smtpServers,
        compose: { publicUrl: settings.publicUrl, signingSecret: settings.signingSecret, from: settings.mailFrom },
        messageIdDomain: domainOf(settings.mailFrom),
        template: await templateOf(sender),
        addresses,
        now: systemClock.now(),
      });
      examined.push({ sender: sender.key, from: sender.from, findings });
    }
  });
  printExamined(examined, options.json === true);
  if (examined.some(({ findings }) => findings.some(({ level }) => level === 'fail'))) process.exitCode = 1;
}

type TemplateOf = (sender: Sender) => Promise<SampleTemplate | null>;

/** With the senders that are published; where the database is not up, with that of the settings alone. */
async function withSenders(
  settings: ServiceSettings,
  work: (senders: readonly Sender[], templateOf: TemplateOf) => Promise<void>,
): Promise<void> {
  const database = openDatabase({ url: settings.databaseUrl, poolSize: 1, hashKey: settings.hashKey });
  try {
    const senders = await published(database, settings.mailFrom);
    const alone = senders === null;
    if (alone) console.error(yellow('The database is not up: published senders are not known, TEND_MAIL_FROM is.'));
    await work(senders ?? [senderFrom(settings.mailFrom)], (sender) =>
      alone ? Promise.resolve(null) : readSampleTemplate(database, sender.key),
    );
  } finally {
    await database.close();
  }
}

async function published(database: Database, mailFrom: string): Promise<readonly Sender[] | null> {
  try {
    return await loadSenders(database, mailFrom);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT') return null;
    throw error;
  }
}

/** The sender of that key, else all of that domain, else one that could be: its DNS can be looked at before it is written. */
async function meant(
  target: string,
  known: readonly Sender[],
  { dkimKeys }: ServiceSettings,
): Promise<readonly Sender[]> {
  const named = known.filter(({ key }) => key === target);
  if (named.length > 0) return named;
  const domain = target.toLowerCase();
  const ofDomain = known.filter(({ from }) => domainOf(from) === domain);
  if (ofDomain.length > 0) return ofDomain;
  if (!domain.includes('.') || !/^[a-z0-9.-]+$/.test(domain))
    throw new Error(
      `There is no sender "${target}", and it is no domain. There are: ${known.map(({ key }) => key).join(', ')}.`,
    );
  const selector = (await selectorsOf(dkimKeys, domain)).at(-1);
  const sender = { ...senderFrom(`sample@${domain}`), key: domain };
  return [selector === undefined ? sender : { ...sender, dkim: { domain, selector } }];
}
