import { type DkimIdentity, type DkimKeys, dkimRecordFor, publicKeyOf } from '../dkim.ts';
import { parseDkimRecord } from './dkim-record.ts';
import type { Dns } from './dns.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What RFC 8301 §3.2 recommends. */
const ENOUGH_BITS = 2_048;

/** Whether receivers can check the signatures of a sender: the key is here, and its public half is in DNS. */
export async function checkDkim(dns: Dns, keys: DkimKeys, dkim: DkimIdentity | undefined): Promise<Finding[]> {
  if (dkim === undefined)
    return [
      warn(
        'dkim',
        'the sender names no DKIM key, so Tend does not sign; whether the mail server does is not known here',
        'look for "dkim=pass" in a mail that arrived; else make a key (tend dkim create) and name it in the sender: the large providers want signed mail',
      ),
    ];
  const name = `${dkim.selector}._domainkey.${dkim.domain}`;
  const found = await keys.find(dkim);
  if (found.kind === 'missing')
    return [
      fail(
        'dkim',
        `the private key ${dkim.domain}.${dkim.selector}.pem is not here, so this sender's mails wait`,
        `make one: tend dkim create ${dkim.domain} ${dkim.selector}; or copy it from the machine that has it`,
      ),
    ];
  if (found.kind === 'unusable')
    return [fail('dkim', `the private key ${dkim.domain}.${dkim.selector}.pem ${found.problem}`, 'replace it')];
  const records = await dns.txt(name);
  const [text] = records;
  const wanted = `add a TXT record at ${name}: "${dkimRecordFor(dkim, found.pem).value}"`;
  if (text === undefined) return [fail('dkim', `DNS has no key at ${name}: every signature fails`, wanted)];
  if (records.length > 1)
    return [
      fail('dkim', `DNS has ${records.length} records at ${name}, and which one counts is not defined`, 'leave one'),
    ];
  return judge(name, text, publicKeyOf(found.pem), wanted);
}

function judge(name: string, text: string, ours: string, wanted: string): Finding[] {
  let record: ReturnType<typeof parseDkimRecord>;
  try {
    record = parseDkimRecord(text);
  } catch (error) {
    return [fail('dkim', `the record at ${name} ${(error as Error).message}`, wanted)];
  }
  const { key, kind, testing, unfit, bits } = record;
  if (key === '') return [fail('dkim', `the record at ${name} says that the key was revoked`, wanted)];
  if (kind !== 'rsa')
    return [fail('dkim', `the record at ${name} is for a key of the kind ${kind}, and ours is RSA`, wanted)];
  if (key !== ours)
    return [fail('dkim', `the key in DNS at ${name} is not the one that signs here: every signature fails`, wanted)];
  if (unfit !== null) return [fail('dkim', `the record at ${name} ${unfit}: every signature fails`, wanted)];
  return [
    ok('dkim', `${name} has the key that signs here${bits === null ? '' : ` (${bits} bits)`}`),
    ...(testing
      ? [warn('dkim', `the record at ${name} says t=y: receivers may treat mails as unsigned`, 'take t=y out of it')]
      : []),
    ...(bits !== null && bits < ENOUGH_BITS
      ? [
          warn(
            'dkim',
            `the key has ${bits} bits`,
            `${ENOUGH_BITS} are recommended (RFC 8301): make a new one under another selector`,
          ),
        ]
      : []),
  ];
}
