import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sender, senderFrom } from '../../domain/sender/sender.ts';
import { createDkimKey, type DkimKeys, dkimKeysIn } from '../../mail/dkim.ts';
import { checkDkim } from '../../mail/doctor/check-dkim.ts';
import { checkDmarc, type Vouching } from '../../mail/doctor/check-dmarc.ts';
import { checkHeaders } from '../../mail/doctor/check-headers.ts';
import { checkSpf } from '../../mail/doctor/check-spf.ts';
import { checkTls } from '../../mail/doctor/check-tls.ts';
import { checkMx, checkReverseDns } from '../../mail/doctor/check-ways.ts';
import { parseDkimRecord } from '../../mail/doctor/dkim-record.ts';
import { isAligned, parseDmarc } from '../../mail/doctor/dmarc.ts';
import { openDns } from '../../mail/doctor/dns.ts';
import { examineSender } from '../../mail/doctor/examine.ts';
import type { Finding } from '../../mail/doctor/finding.ts';
import { sampleMail } from '../../mail/doctor/sample-mail.ts';
import { parseSpf } from '../../mail/doctor/spf.ts';
import { startDns, type Zone } from '../support/dns-server.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0)) await stop();
});

let folder: string;
let keys: DkimKeys;
let record: { readonly name: string; readonly value: string };
const identity = { domain: 'shop.example', selector: 's1' };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tend-doctor-'));
  ({ record } = await createDkimKey(folder, identity));
  keys = dkimKeysIn(folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function dnsOf(zone: Zone) {
  const server = await startDns(zone);
  toStop.push(server.close);
  return openDns(server.server);
}
const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);
const said = (findings: readonly Finding[]) => findings.map(({ says, mend }) => `${says} → ${mend}`).join('\n');

describe('an SPF record', () => {
  it('is read term by term', () => {
    const { directives, redirect } = parseSpf(
      'v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx:mail.example/28 include:_spf.example.net -all exp=why.example',
    );
    expect(
      directives.map(({ qualifier, mechanism, value, prefix4, prefix6 }) => [
        qualifier,
        mechanism,
        value,
        prefix4,
        prefix6,
      ]),
    ).toEqual([
      ['+', 'ip4', '192.0.2.0', 24, 128],
      ['+', 'ip6', '2001:db8::', 32, 32],
      ['+', 'a', null, 32, 128],
      ['+', 'mx', 'mail.example', 28, 128],
      ['+', 'include', '_spf.example.net', 32, 128],
      ['-', 'all', null, 32, 128],
    ]);
    expect(redirect).toBeNull();
    expect(parseSpf('v=spf1 redirect=_spf.example.net').redirect).toBe('_spf.example.net');
    expect(parseSpf('V=SPF1').directives).toEqual([]);
  });

  it.each([
    ['v=spf2 -all', /begin with/],
    ['v=spf1 ipv4:192.0.2.1', /none of SPF's: "ipv4:192.0.2.1"/],
    ['v=spf1 ip4:192.0.2.999', /no IPv4 address/],
    ['v=spf1 ip4:192.0.2.1/40', /longer than 32/],
    ['v=spf1 include -all', /behind the colon in "include"/],
    ['v=spf1 redirect=a redirect=b', /two/],
  ])('that is wrong is told which term: %s', (text, problem) => {
    expect(() => parseSpf(text)).toThrow(problem);
  });

  const provider = {
    'TXT _spf.provider.example': ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8:1::/48 ?all'],
    'TXT shop.example': ['hello', 'v=spf1 include:_spf.provider.example ~all'],
  };

  it('lets send who is in what it includes, and nobody else', async () => {
    const dns = await dnsOf(provider);
    expect(levels(await checkSpf(dns, 'shop.example', ['192.0.2.7', '2001:db8:1::25']))).toEqual(['ok', 'ok', 'ok']);
    const stranger = await checkSpf(dns, 'shop.example', ['198.51.100.7']);
    expect(levels(stranger)).toEqual(['ok', 'warn']);
    expect(said(stranger)).toContain('198.51.100.7 is not among those who may send for shop.example (softfail)');
  });

  it('finds servers by a, mx and redirect', async () => {
    const dns = await dnsOf({
      'TXT shop.example': ['v=spf1 redirect=_spf.shop.example'],
      'TXT _spf.shop.example': ['v=spf1 a:web.shop.example mx -all'],
      'A web.shop.example': ['192.0.2.1'],
      'MX _spf.shop.example': ['10 mx.shop.example'],
      'A mx.shop.example': ['192.0.2.2'],
    });
    expect(levels(await checkSpf(dns, 'shop.example', ['192.0.2.1', '192.0.2.2']))).toEqual(['ok', 'ok', 'ok']);
    expect(said(await checkSpf(dns, 'shop.example', ['192.0.2.3']))).toContain('(fail)');
  });

  it('may cost ten look-ups, and not eleven', async () => {
    const includes = (count: number) =>
      Array.from({ length: count }, (_, index) => `include:n${index}.example`).join(' ');
    const others = Object.fromEntries(
      Array.from({ length: 11 }, (_, index) => [`TXT n${index}.example`, ['v=spf1 -all']]),
    );
    const ten = await dnsOf({ ...others, 'TXT shop.example': [`v=spf1 ${includes(10)} -all`] });
    expect(levels(await checkSpf(ten, 'shop.example', []))).toEqual(['ok', 'note']);
    const eleven = await dnsOf({ ...others, 'TXT shop.example': [`v=spf1 ${includes(11)} -all`] });
    expect(said(await checkSpf(eleven, 'shop.example', []))).toContain('costs 11 look-ups');
    const loop = await dnsOf({ 'TXT shop.example': ['v=spf1 include:shop.example -all'] });
    expect(levels(await checkSpf(loop, 'shop.example', []))).toContain('fail');
    const circle = await dnsOf({ 'TXT shop.example': ['v=spf1 redirect=shop.example'] });
    expect(said(await checkSpf(circle, 'shop.example', []))).toContain('look-ups');
    const macro = await dnsOf({ 'TXT shop.example': ['v=spf1 redirect=%{d}.provider.example'] });
    expect(said(await checkSpf(macro, 'shop.example', ['192.0.2.1']))).toContain('depends on macros');
  });

  it('that is missing, twice there, wrong, or open to all is a failure', async () => {
    const check = async (texts: readonly string[]) => {
      const findings = await checkSpf(await dnsOf({ 'TXT shop.example': texts }), 'shop.example', []);
      expect(levels(findings)).toContain('fail');
      return said(findings);
    };
    expect(await check([])).toMatch(/no SPF record.*v=spf1 include/);
    expect(await check(['v=spf1 -all', 'v=spf1 ~all'])).toContain('2 SPF records');
    expect(await check(['v=spf1 include:nowhere.example -all'])).toContain(
      'nowhere.example, which the record includes, has no SPF record',
    );
    expect(await check(['v=spf1 mmx -all'])).toContain('"mmx"');
    expect(await check(['v=spf1 +all'])).toContain('anybody may send');
  });
});

describe('a DKIM record', () => {
  it('is read, and what is wrong with it is told', () => {
    expect(parseDkimRecord('v=DKIM1; k=rsa; t=y:s; p=MIGf MA0')).toMatchObject({
      key: 'MIGfMA0',
      testing: true,
      bits: null,
    });
    expect(parseDkimRecord('p=')).toMatchObject({ key: '', kind: 'rsa' });
    expect(() => parseDkimRecord('v=DKIM2; p=x')).toThrow('DKIM1 is the only one');
    expect(() => parseDkimRecord('v=DKIM1; k=rsa')).toThrow('no p=');
    expect(() => parseDkimRecord('p=a; p=b')).toThrow('twice');
  });

  const check = async (texts: readonly string[] | null, of = identity) =>
    checkDkim(await dnsOf(texts === null ? {} : { [`TXT ${record.name}`]: texts }), keys, of);

  it('with the key that signs here is well', async () => {
    const findings = await check([record.value]);
    expect(levels(findings)).toEqual(['ok']);
    expect(said(findings)).toContain('2048 bits');
  });

  it('that is missing, of another key, revoked or doubled fails every signature; what to publish is told', async () => {
    expect(said(await check(null))).toContain(`add a TXT record at ${record.name}: "${record.value}"`);
    expect(said(await check(['v=DKIM1; k=rsa; p=MIGfMA0']))).toContain('is not the one that signs here');
    expect(said(await check(['v=DKIM1; p=']))).toContain('revoked');
    expect(said(await check(['v=DKIM1; k=ed25519; p=x']))).toContain('ed25519');
    expect(said(await check([record.value, record.value]))).toContain('2 records');
    expect(said(await check([`${record.value}; h=sha1`]))).toContain('ours are of sha256');
    expect(said(await check([`${record.value}; s=tlsrpt`]))).toContain('not for email');
    expect(levels(await check([`${record.value}; h=sha1:sha256; s=*; t=s`]))).toEqual(['ok']);
    for (const texts of [null, ['v=DKIM1; p='], ['nonsense']]) expect(levels(await check(texts))).toEqual(['fail']);
  });

  it('in testing is a warning, and so is a sender that does not sign; a key that is not here is a failure', async () => {
    expect(levels(await check([`${record.value}; t=y`]))).toEqual(['ok', 'warn']);
    expect(levels(await checkDkim(await dnsOf({}), keys, undefined))).toEqual(['warn']);
    const missing = await check([record.value], { domain: 'shop.example', selector: 'other' });
    expect(said(missing)).toContain('tend dkim create shop.example other');
  });
});

describe('a DMARC record', () => {
  it('is read, and what is wrong with it is told', () => {
    expect(
      parseDmarc('v=DMARC1; p=reject; sp=none; adkim=s; pct=50; rua=mailto:a@b.example, mailto:c@d.example'),
    ).toEqual({
      policy: 'reject',
      subdomainPolicy: 'none',
      dkimAlignment: 'strict',
      spfAlignment: 'relaxed',
      percent: 50,
      reportsTo: ['mailto:a@b.example', 'mailto:c@d.example'],
    });
    expect(() => parseDmarc('v=DMARC1')).toThrow('no p=');
    expect(() => parseDmarc('v=DMARC1; p=block')).toThrow('p=block');
    expect(() => parseDmarc('v=DMARC1; p=none; pct=200')).toThrow('pct=');
  });

  it('holds names of one organisation for aligned, unless it is strict', () => {
    expect(isAligned('news.shop.co.uk', 'mail.shop.co.uk', 'relaxed')).toBe(true);
    expect(isAligned('news.shop.co.uk', 'mail.shop.co.uk', 'strict')).toBe(false);
    expect(isAligned('shop.co.uk', 'other.co.uk', 'relaxed')).toBe(false);
  });

  const vouching: Vouching = { from: 'news.shop.example', returnPath: 'bounces.shop.example', dkim: 'shop.example' };
  const check = async (texts: readonly string[], about: Partial<Vouching> = {}) =>
    checkDmarc(await dnsOf({ 'TXT _dmarc.shop.example': texts }), { ...vouching, ...about });

  it('of the organisation counts; signature and return path vouch for the From', async () => {
    expect(levels(await check(['v=DMARC1; p=reject; rua=mailto:a@b.example']))).toEqual(['ok', 'ok']);
    expect(said(await check(['v=DMARC1; p=none']))).toMatch(/policy is none[\s\S]*nobody gets the reports/);
  });

  it('tells who does not vouch, and fails where nobody does', async () => {
    const policy = ['v=DMARC1; p=reject; rua=mailto:a@b.example'];
    expect(levels(await check(policy, { returnPath: 'bounces.provider.example' }))).toEqual(['ok', 'note']);
    expect(levels(await check(policy, { dkim: undefined }))).toEqual(['ok', 'warn']);
    expect(levels(await check(policy, { dkim: 'provider.example', returnPath: 'provider.example' }))).toEqual([
      'ok',
      'fail',
    ]);
    const strict = ['v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:a@b.example'];
    expect(levels(await check(strict))).toEqual(['ok', 'fail']);
  });

  it('that is missing or doubled or wrong is a failure', async () => {
    expect(said(await check([]))).toContain('_dmarc.shop.example: "v=DMARC1; p=none');
    expect(levels(await check(['v=DMARC1; p=none', 'v=DMARC1; p=none']))).toEqual(['fail']);
    expect(levels(await check(['v=DMARC1; p=perhaps']))).toEqual(['fail']);
  });
});

describe('the ways back and out', () => {
  it('a return path needs a domain that takes mail', async () => {
    const dns = await dnsOf({
      'MX well.example': ['20 b.well.example', '10 a.well.example'],
      'A a.well.example': ['192.0.2.1'],
      'A bare.example': ['192.0.2.1'],
      'MX null.example': ['0 .'],
      'MX lost.example': ['10 gone.example'],
    });
    expect(said(await checkMx(dns, 'well.example'))).toContain('goes to a.well.example');
    expect(levels(await checkMx(dns, 'bare.example'))).toEqual(['warn']);
    for (const domain of ['null.example', 'lost.example', 'nothing.example'])
      expect(levels(await checkMx(dns, domain))).toEqual(['fail']);
  });

  it('an address needs a name that leads back to it', async () => {
    const dns = await dnsOf({
      'PTR 1.2.0.192.in-addr.arpa': ['mail.shop.example'],
      'A mail.shop.example': ['192.0.2.1'],
      'PTR 2.2.0.192.in-addr.arpa': ['mail.shop.example'],
    });
    expect(levels(await checkReverseDns(dns, ['192.0.2.1', '192.0.2.2', '192.0.2.3']))).toEqual(['ok', 'note', 'note']);
  });

  async function smtp(options: SMTPServerOptions): Promise<string> {
    const server = new SMTPServer({ authOptional: true, logger: false, ...options });
    server.on('error', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    toStop.push(() => new Promise((resolve) => server.close(() => resolve())));
    return `${options.secure === true ? 'smtps' : 'smtp'}://localhost:${(server.server.address() as AddressInfo).port}`;
  }
  const NOW = Date.now();
  let pem: { key: string; cert: string };
  beforeAll(async () => {
    const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '90', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' });
    pem = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  });

  it.each([false, true])('TLS by a certificate that is trusted is well (from the start: %s)', async (secure) => {
    const url = await smtp({ ...pem, secure });
    expect(said(await checkTls(url, NOW, { ca: pem.cert }))).toMatch(/TLSv1\.3, certificate until/);
    expect(levels(await checkTls(url, NOW + 80 * 86_400_000, { ca: pem.cert }))).toEqual(['ok', 'warn']);
  });

  it('a certificate that nobody trusts, or in another name, is a failure', async () => {
    const url = await smtp(pem);
    expect(said(await checkTls(url, NOW))).toContain('SELF_SIGNED');
    expect(said(await checkTls(url.replace('localhost', '127.0.0.1'), NOW, { ca: pem.cert }))).toMatch(
      /ERR_TLS_CERT_ALTNAME/,
    );
  });

  it('no TLS is no matter on this machine, unless a password would go over the line', async () => {
    const url = await smtp({ disabledCommands: ['STARTTLS'] });
    expect(levels(await checkTls(url, NOW))).toEqual(['note']);
    expect(levels(await checkTls(url.replace('//', '//user:secret@'), NOW))).toEqual(['fail']);
  });

  it('a server that does not answer is a failure, in time', async () => {
    expect(levels(await checkTls('smtp://127.0.0.1:1', NOW))).toEqual(['fail']);
  });
});

describe('a sample of a sender', () => {
  const sender: Sender = { ...senderFrom('Shop <hello@shop.example>'), dkim: identity };
  const compose = {
    publicUrl: 'https://tend.shop.example',
    signingSecret: 'tests only, tests only',
    from: sender.from,
  };
  const options = () => ({ compose, keys, template: null, messageIdDomain: 'shop.example' });

  it('has all that providers ask for', async () => {
    const { raw, template } = await sampleMail(sender, options());
    expect(template).toBe('sample');
    const findings = checkHeaders(raw, sender);
    expect(said(findings)).toContain('the signature covers');
    expect(new Set(levels(findings))).toEqual(new Set(['ok']));
  });

  it('tells what is wrong with a mail', async () => {
    const { raw } = await sampleMail(sender, options());
    const plain = await sampleMail(sender, {
      ...options(),
      compose: { ...compose, publicUrl: 'http://127.0.0.1:8080' },
    });
    const check = (mail: string) => said(checkHeaders(mail, sender).filter(({ level }) => level !== 'ok'));
    expect(check(raw)).toBe('');
    expect(check(plain.raw)).toContain('must be https');
    expect(check(raw.replace(/^List-Unsubscribe-Post.*\r\n/m, ''))).toContain('no one-click');
    expect(check(raw.replace(/list-unsubscribe-post/, 'x-other'))).toContain('does not cover list-unsubscribe-post');
    expect(check(raw.replace('hello@shop.example', 'mallory@else.example'))).toContain('not from Shop');
    expect(check(`${raw}\r\n${'x'.repeat(1_200)}`)).toContain('a line of 1200');
    expect(check(raw.replace(/^Content-Type: text\/plain/m, 'Content-Type: text/other'))).toContain('no text part');
  });

  const zone = () => ({
    'TXT shop.example': ['v=spf1 ip4:192.0.2.1 -all'],
    [`TXT ${record.name}`]: [record.value],
    'TXT _dmarc.shop.example': ['v=DMARC1; p=reject; rua=mailto:a@shop.example'],
    'MX shop.example': ['10 mx.shop.example'],
    'A mx.shop.example': ['192.0.2.9'],
    'A mail.shop.example': ['192.0.2.1'],
    'PTR 1.2.0.192.in-addr.arpa': ['mail.shop.example'],
  });
  const examine = async (of: Sender, more: Zone = {}) =>
    examineSender(of, {
      ...options(),
      dns: await dnsOf({ ...zone(), ...more }),
      smtpUrl: 'smtp://127.0.0.1:1',
      servers: {},
      addresses: ['192.0.2.1'],
      now: Date.now(),
    });

  it('is examined in all respects, and only what is wrong fails', async () => {
    const findings = await examine(sender);
    expect(findings.filter(({ level }) => level === 'fail').map(({ check }) => check)).toEqual(['tls']);
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['server', 'spf', 'dkim', 'dmarc', 'mx', 'reverse-dns', 'tls', 'headers']),
    );
    const elsewhere = await examine({ ...sender, server: 'elsewhere' });
    expect(said(elsewhere)).toContain('not among TEND_SMTP_SERVERS');
  });

  it('by a DNS server in trouble is not said to lack what nobody could see', async () => {
    const findings = await examine(sender, { 'TXT _dmarc.shop.example': ['!servfail'] });
    expect(said(findings.filter(({ check }) => check === 'dmarc'))).toMatch(
      /gave no answer about _dmarc.shop.example.*look again/,
    );
  });
});
