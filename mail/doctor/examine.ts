import { BlockList, isIP } from 'node:net';
import { domainOf, type Sender } from '../../domain/sender/sender.ts';
import type { ComposeOptions } from '../compose.ts';
import type { DkimKeys } from '../dkim.ts';
import { checkDkim } from './check-dkim.ts';
import { checkDmarc } from './check-dmarc.ts';
import { checkHeaders } from './check-headers.ts';
import { checkSpf } from './check-spf.ts';
import { checkTls, type TlsOptions } from './check-tls.ts';
import { checkMx, checkReverseDns } from './check-ways.ts';
import { type Dns, DnsUnanswered } from './dns.ts';
import { type Check, type Finding, fail, ok } from './finding.ts';
import { type SampleTemplate, sampleMail } from './sample-mail.ts';

export interface Examination {
  readonly dns: Dns;
  readonly keys: DkimKeys;
  /** The server of senders that name none. */
  readonly smtpUrl: string;
  readonly servers: Readonly<Record<string, string>>;
  readonly compose: ComposeOptions;
  readonly messageIdDomain: string;
  /** A template of this sender; null: none is published. */
  readonly template: SampleTemplate | null;
  /** Where mails leave from, where somebody knows; default: the addresses of the mail server. */
  readonly addresses?: readonly string[] | undefined;
  readonly now: number;
  readonly tls?: TlsOptions;
}

/** Looks at all that decides whether mail of a sender arrives. Takes seconds; sends nothing. */
export async function examineSender(sender: Sender, examination: Examination): Promise<Finding[]> {
  const { dns, keys, smtpUrl, servers, compose, messageIdDomain, template, now } = examination;
  const from = domainOf(sender.from);
  const returnPath = sender.returnPath === undefined ? from : domainOf(sender.returnPath);
  const url = sender.server === undefined ? smtpUrl : new Map(Object.entries(servers)).get(sender.server);
  const findings: Finding[] = [];
  const look = async (check: Check, work: () => Promise<Finding[]>) => {
    try {
      findings.push(...(await work()));
    } catch (error) {
      // What DNS did not answer is not known to be missing.
      if (!(error instanceof DnsUnanswered)) throw error;
      findings.push(fail(check, error.message, 'nothing was learnt: look again'));
    }
  };
  const addresses = await addressesOf(dns, url, examination.addresses).catch((error: unknown) => {
    if (!(error instanceof DnsUnanswered)) throw error;
    return [];
  });
  findings.push(serverFinding(sender, url));
  await look('spf', () => checkSpf(dns, returnPath, addresses));
  await look('dkim', () => checkDkim(dns, keys, sender.dkim));
  await look('dmarc', () => checkDmarc(dns, { from, returnPath, dkim: sender.dkim?.domain }));
  await look('mx', () => checkMx(dns, returnPath));
  await look('reverse-dns', () => checkReverseDns(dns, addresses));
  if (url !== undefined) await look('tls', () => checkTls(url, now, examination.tls));
  await look('headers', async () => {
    const { raw } = await sampleMail(sender, { compose, keys, template, messageIdDomain });
    return checkHeaders(raw, sender);
  });
  return findings;
}

function serverFinding({ server, key }: Sender, url: string | undefined): Finding {
  if (url === undefined)
    return fail(
      'server',
      `the sender "${key}" names the server "${server}", which is not among TEND_SMTP_SERVERS: its mails wait`,
      `set TEND_SMTP_SERVERS="${server}=smtps://…" for workers and API, or name another`,
    );
  const { hostname, protocol } = new URL(url);
  return ok('server', `mails leave by ${protocol}//${hostname} (${server ?? 'SMTP_URL'})`);
}

/** Private and local ones (RFC 1918, RFC 6890): the world sees mails leave from others. */
const INTERNAL = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  INTERNAL.addSubnet(net, prefix, 'ipv4');
INTERNAL.addSubnet('fc00::', 7, 'ipv6');
INTERNAL.addSubnet('fe80::', 10, 'ipv6');
INTERNAL.addAddress('::1', 'ipv6');

async function addressesOf(
  dns: Dns,
  url: string | undefined,
  given: readonly string[] | undefined,
): Promise<readonly string[]> {
  if (given !== undefined) return given;
  if (url === undefined) return [];
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const found = host === 'localhost' ? [] : await dns.addresses(host);
  return found.filter((address) => !INTERNAL.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'));
}
