import { type DmarcRecord, isAligned, isDmarc, organisationOf, parseDmarc } from './dmarc.ts';
import type { Dns } from './dns.ts';
import { type Finding, fail, note, ok, warn } from './finding.ts';

export interface Vouching {
  /** Of the From. */
  readonly from: string;
  /** Of the return path, for which SPF vouches. */
  readonly returnPath: string;
  /** Of the DKIM signature; undefined: Tend does not sign. */
  readonly dkim: string | undefined;
}

/** Whether the domain of the From says what becomes of forgeries, and whether signature and return path vouch for it. */
export async function checkDmarc(dns: Dns, vouching: Vouching): Promise<Finding[]> {
  const { from } = vouching;
  const found = await recordOf(dns, from);
  if (found === null)
    return [
      fail(
        'dmarc',
        `${from} has no DMARC record`,
        `add a TXT record at _dmarc.${organisationOf(from)}: "v=DMARC1; p=none; rua=mailto:<where reports go>"; the large providers refuse bulk mail without`,
      ),
    ];
  const { at, texts } = found;
  if (texts.length > 1)
    return [fail('dmarc', `${at} has ${texts.length} DMARC records, so receivers heed none`, 'make one of them')];
  let record: DmarcRecord;
  try {
    record = parseDmarc(texts[0] ?? '');
  } catch (error) {
    return [fail('dmarc', `the record at ${at} ${(error as Error).message}`, 'mend it: receivers take it for none')];
  }
  return [ok('dmarc', `${at}: "${texts[0]}"`), ...strength(record, at, from), ...alignment(record, vouching)];
}

/** Of the domain itself, or of its organisation (RFC 7489 §6.6.3). */
async function recordOf(dns: Dns, from: string): Promise<{ at: string; texts: string[] } | null> {
  for (const domain of new Set([from, organisationOf(from)])) {
    const at = `_dmarc.${domain}`;
    const texts = (await dns.txt(at)).filter(isDmarc);
    if (texts.length > 0) return { at, texts };
  }
  return null;
}

function strength(record: DmarcRecord, at: string, from: string): Finding[] {
  const below = at !== `_dmarc.${from}`;
  const policy = below ? (record.subdomainPolicy ?? record.policy) : record.policy;
  const findings: Finding[] = [];
  if (policy === 'none')
    findings.push(
      note(
        'dmarc',
        'the policy is none: forgeries are reported, not refused',
        'once the reports show only your own servers, make it quarantine, then reject',
      ),
    );
  if (record.reportsTo.length === 0)
    findings.push(
      note('dmarc', 'nobody gets the reports', 'add rua=mailto:<address>: they show who sends in your name'),
    );
  if (record.percent < 100)
    findings.push(
      note('dmarc', `the policy holds for ${record.percent} % of the mails`, 'raise pct= when all is well'),
    );
  return findings;
}

function alignment(record: DmarcRecord, { from, returnPath, dkim }: Vouching): Finding[] {
  const byDkim = dkim !== undefined && isAligned(from, dkim, record.dkimAlignment);
  const bySpf = isAligned(from, returnPath, record.spfAlignment);
  const dkimSays = dkim === undefined ? 'Tend does not sign' : `the signature is of ${dkim}`;
  if (byDkim && bySpf)
    return [ok('dmarc', `signature (${dkim}) and return path (${returnPath}) both vouch for ${from}`)];
  if (byDkim)
    return [
      note(
        'dmarc',
        `the signature (${dkim}) vouches for ${from}, the return path (${returnPath}) does not (${record.spfAlignment})`,
        `enough; a return path below ${organisationOf(from)} would do so as well`,
      ),
    ];
  if (bySpf)
    return [
      warn(
        'dmarc',
        `only the return path (${returnPath}) vouches for ${from}, as ${dkimSays} (${record.dkimAlignment}): a forwarded mail loses that`,
        `sign as ${from}: tend dkim create ${from} <selector>, and name it in the sender`,
      ),
    ];
  return [
    fail(
      'dmarc',
      `nothing vouches for ${from}: ${dkimSays}, the return path is at ${returnPath}`,
      `sign as ${from}: tend dkim create ${from} <selector>, and name it in the sender`,
    ),
  ];
}
