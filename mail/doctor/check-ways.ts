import { isIP } from 'node:net';
import type { Dns } from './dns.ts';
import { type Finding, fail, note, ok, warn } from './finding.ts';

/** Whether what comes back finds its way: the domain of the return path takes mail. */
export async function checkMx(dns: Dns, domain: string): Promise<Finding[]> {
  const exchanges = await dns.mx(domain);
  if (exchanges.some(({ exchange }) => exchange === '' || exchange === '.'))
    return [
      fail('mx', `${domain} says that it takes no mail (null MX, RFC 7505)`, 'take a return path where mail is taken'),
    ];
  const [first] = exchanges;
  if (first === undefined) {
    // RFC 5321 §5.1: without MX, the address itself is tried.
    if ((await dns.addresses(domain)).length > 0)
      return [warn('mx', `${domain} has no MX record; its own address is tried`, `add an MX record at ${domain}`)];
    return [
      fail(
        'mx',
        `${domain} takes no mail: bounces are lost, and servers refuse its mails`,
        `add an MX record at ${domain}`,
      ),
    ];
  }
  if ((await dns.addresses(first.exchange)).length === 0)
    return [fail('mx', `the MX of ${domain}, ${first.exchange}, has no address`, 'mend the MX record')];
  return [ok('mx', `what comes back to ${domain} goes to ${first.exchange}`)];
}

/** Whether the addresses that mails leave from have names that lead back to them: many servers refuse mail of others. */
export async function checkReverseDns(dns: Dns, addresses: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const address of addresses) {
    const [name] = await dns.names(address);
    if (name === undefined) {
      findings.push(
        note('reverse-dns', `${address} has no name`, 'where mails leave from there: have its owner add a PTR record'),
      );
    } else if ((await dns.addresses(name)).some((back) => sameAddress(back, address))) {
      findings.push(ok('reverse-dns', `${address} is ${name}, and that is ${address}`));
    } else {
      findings.push(
        note(
          'reverse-dns',
          `${address} is ${name}, which is another address`,
          `give ${name} an address record of ${address}`,
        ),
      );
    }
  }
  return findings;
}

function sameAddress(one: string, other: string): boolean {
  if (isIP(one) !== isIP(other)) return false;
  return isIP(one) === 6
    ? new URL(`http://[${one}]`).hostname === new URL(`http://[${other}]`).hostname
    : one === other;
}
