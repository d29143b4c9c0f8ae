import { BlockList, isIP } from 'node:net';
import type { Dns } from './dns.ts';
import { type Finding, fail, note, ok, warn } from './finding.ts';
import { asksDns, isSpf, MOST_LOOKUPS, parseSpf, type SpfDirective, type SpfRecord } from './spf.ts';

/** Beyond this a record is beyond mending, and walking on would only load DNS. */
const MOST_WALKED = 40;

/**
 * Whether mail with a return path at `domain` may come from `addresses` (RFC 7208): the record is there, can be read, costs at
 * most ten look-ups, and permits them. `addresses` empty: from where it leaves is not known here.
 */
export async function checkSpf(dns: Dns, domain: string, addresses: readonly string[]): Promise<Finding[]> {
  const records = (await dns.txt(domain)).filter(isSpf);
  const [text] = records;
  if (text === undefined)
    return [
      fail(
        'spf',
        `${domain} has no SPF record`,
        `add a TXT record at ${domain}: "v=spf1 include:<what your mail provider names> ~all"`,
      ),
    ];
  if (records.length > 1)
    return [
      fail(
        'spf',
        `${domain} has ${records.length} SPF records, so receivers heed none (RFC 7208 4.5)`,
        'make one of them',
      ),
    ];
  const walk: Walk = { dns, lookups: 0, problems: [], macros: false };
  const verdicts = new Map<string, Verdict>();
  for (const address of addresses.length === 0 ? [null] : addresses) {
    walk.lookups = 0;
    verdicts.set(address ?? '', await judge(walk, domain, address));
  }
  if (walk.problems.length > 0)
    return [...new Set(walk.problems)].map((problem) =>
      fail('spf', problem, 'mend the record: receivers take it for none'),
    );
  const findings: Finding[] = [];
  if (walk.lookups > MOST_LOOKUPS)
    findings.push(
      fail(
        'spf',
        `the record of ${domain} costs ${walk.lookups} look-ups, and more than ${MOST_LOOKUPS} make it an error (RFC 7208 4.6.4)`,
        'take out includes that no longer send for you, or name addresses instead',
      ),
    );
  else findings.push(ok('spf', `${domain}: "${text}" (${walk.lookups} of ${MOST_LOOKUPS} look-ups)`));
  return [...findings, ...permissions(domain, verdicts, walk.macros), ...openness(text)];
}

function permissions(domain: string, verdicts: ReadonlyMap<string, Verdict>, macros: boolean): Finding[] {
  const known = [...verdicts].filter(([address]) => address !== '');
  if (known.length === 0)
    return [
      note(
        'spf',
        'the mail server is on this machine or in a private network: from which address mails leave is not known here',
        'give it by --ip, and it is held against the record',
      ),
    ];
  return known.map(([address, verdict]) => {
    if (verdict === 'pass') return ok('spf', `${address} may send for ${domain}`);
    const says = macros
      ? `whether ${address} may send for ${domain} depends on macros, which are not worked out here`
      : `${address} is not among those who may send for ${domain} (${verdict ?? 'neutral'})`;
    return warn(
      'spf',
      says,
      'a provider often sends from other addresses than its server has: look for "spf=pass" in a mail that arrived; else add what your provider names',
    );
  });
}

function openness(text: string): Finding[] {
  return /(?:^|\s)\+?all(?:\s|$)/i.test(text)
    ? [fail('spf', 'the record ends in +all: anybody may send in your name', 'end it in ~all or -all')]
    : [];
}

type Verdict = 'pass' | 'fail' | 'softfail' | 'neutral' | null;

interface Walk {
  readonly dns: Dns;
  lookups: number;
  readonly problems: string[];
  macros: boolean;
}

const VERDICTS = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const;

/** Walks the whole record, also past the first match, for all of it counts. Null: nothing matched. */
async function judge(walk: Walk, domain: string, address: string | null): Promise<Verdict> {
  const record = await read(walk, domain);
  if (record === null) return null;
  let verdict: Verdict = null;
  for (const directive of record.directives) {
    if (walk.lookups > MOST_WALKED) return verdict;
    if (asksDns(directive.mechanism)) walk.lookups += 1;
    const matched = await matches(walk, directive, domain, address);
    if (matched && verdict === null) verdict = VERDICTS[directive.qualifier];
  }
  const hasAll = record.directives.some(({ mechanism }) => mechanism === 'all');
  if (record.redirect === null || hasAll || walk.lookups > MOST_WALKED) return verdict;
  walk.lookups += 1;
  if (record.redirect.includes('%')) {
    walk.macros = true;
    return verdict;
  }
  const elsewhere = await judge(walk, record.redirect, address);
  return verdict ?? elsewhere;
}

async function read({ dns, problems }: Walk, domain: string): Promise<SpfRecord | null> {
  const records = (await dns.txt(domain)).filter(isSpf);
  const [text] = records;
  if (text === undefined || records.length > 1) {
    problems.push(
      `${domain}, which the record includes, has ${records.length === 0 ? 'no SPF record' : 'more than one'}`,
    );
    return null;
  }
  try {
    return parseSpf(text);
  } catch (error) {
    problems.push(`the SPF record of ${domain} ${(error as Error).message}`);
    return null;
  }
}

async function matches(walk: Walk, directive: SpfDirective, domain: string, address: string | null): Promise<boolean> {
  const { mechanism, value } = directive;
  const target = value ?? domain;
  if (asksDns(mechanism) && target.includes('%')) {
    walk.macros = true;
    return false;
  }
  const among = (found: readonly string[]) => address !== null && found.some((one) => covers(one, directive, address));
  switch (mechanism) {
    case 'all':
      return true;
    case 'ip4':
    case 'ip6':
      return among([target]);
    case 'include':
      return (await judge(walk, target, address)) === 'pass';
    case 'a':
      return among(await walk.dns.addresses(target));
    case 'mx': {
      const exchanges = await walk.dns.mx(target);
      const found = await Promise.all(exchanges.slice(0, 10).map(({ exchange }) => walk.dns.addresses(exchange)));
      return among(found.flat());
    }
    case 'exists':
      return (await walk.dns.addresses(target)).length > 0;
    case 'ptr':
      // RFC 7208 §5.5: not to be used; it costs a look-up all the same.
      return false;
  }
}

function covers(found: string, { prefix4, prefix6 }: SpfDirective, address: string): boolean {
  const family = isIP(found);
  if (family !== isIP(address)) return false;
  const list = new BlockList();
  if (family === 4) list.addSubnet(found, prefix4, 'ipv4');
  else list.addSubnet(found, prefix6, 'ipv6');
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
