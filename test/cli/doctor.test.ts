import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { registerDkim } from '../../cli/dkim.ts';
import { registerDoctor } from '../../cli/doctor.ts';
import { loadSecrets } from '../../config/secrets.ts';
import type { Finding } from '../../mail/doctor/finding.ts';
import type { Database } from '../../store/database.ts';
import { plainTemplate, publish, shopSender } from '../support/company.ts';
import { createTestDatabase } from '../support/database.ts';
import { startDns, type TestDns, type Zone } from '../support/dns-server.ts';
import { startMailbox, type TestMailbox } from '../support/mailbox.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
let database: Database;
let mailbox: TestMailbox;
let home: string;
let dns: TestDns;
const zone: Record<string, readonly string[]> = {
  'TXT shop.example': ['v=spf1 ip4:192.0.2.1 -all'],
  'TXT _dmarc.shop.example': ['v=DMARC1; p=reject; rua=mailto:a@shop.example'],
  'MX shop.example': ['10 mx.shop.example'],
  'A mx.shop.example': ['192.0.2.9'],
} satisfies Zone;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tend-doctor-'));
  await loadSecrets(home);
  [database, mailbox, dns] = await Promise.all([createTestDatabase(), startMailbox(), startDns(zone)]);
  await publish(database, 'template', plainTemplate('plain'), NOW);
  const sender = { ...shopSender, from: 'Shop <hello@shop.example>' };
  await publish(database, 'sender', { ...sender, dkim: { domain: 'shop.example', selector: 's1' } }, NOW);
  await publish(database, 'sender', { ...sender, key: 'second', server: 'elsewhere' }, NOW);
  const template = { ...plainTemplate('welcome'), sender: 'second' };
  await publish(database, 'template', template, NOW);
  for (const [name, value] of Object.entries({
    TEND_HOME: home,
    DATABASE_URL: database.url,
    SMTP_URL: mailbox.url,
    PUBLIC_URL: 'https://tend.shop.example',
    TEND_MAIL_FROM: 'Tend <tend@shop.example>',
  }))
    vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([dns.close(), mailbox.close(), rm(home, { recursive: true })]);
  await database.close();
});
afterEach(() => {
  process.exitCode = undefined;
});

/** Runs `tend …` and returns what it prints. */
async function tend(...words: readonly string[]): Promise<string> {
  const program = new Command('tend').exitOverride();
  registerDoctor(program);
  registerDkim(program);
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    await program.parseAsync(words, { from: 'user' });
  } finally {
    log.mockRestore();
  }
  return lines.join('\n');
}
const doctor = (target: string, ...more: readonly string[]) =>
  tend('doctor', 'mail', target, '--dns', dns.server, '--ip', '192.0.2.1', ...more);

describe('tend doctor mail', () => {
  it('says what is to be done, line by line, and ends in failure as long as something fails', async () => {
    const before = await doctor('default');
    expect(before).toMatch(/✗ DKIM +the private key shop\.example\.s1\.pem is not here/);
    expect(before).toContain('→ make one: tend dkim create shop.example s1');
    expect(before).toMatch(/\d to mend/);
    expect(process.exitCode).toBe(1);

    const made = await tend('dkim', 'create', 'shop.example', 's1');
    const [, value = ''] = /value\S* +(v=DKIM1; k=rsa; p=\S+)/.exec(made) ?? [];
    expect(made).toContain('s1._domainkey.shop.example');
    expect(existsSync(join(home, 'dkim', 'shop.example.s1.pem'))).toBe(true);
    zone['TXT s1._domainkey.shop.example'] = [value];

    process.exitCode = undefined;
    const after = await doctor('default');
    expect(after).toContain('nothing to mend');
    expect(after).toMatch(
      /✓ DMARC +signature \(shop\.example\) and return path \(shop\.example\) both vouch for shop\.example/,
    );
    expect(process.exitCode).toBeUndefined();
    expect(mailbox.mails).toEqual([]);
  });

  it('looks at all senders of a domain, by their own template, and tells programs in JSON', async () => {
    const { ok, senders } = JSON.parse(await doctor('shop.example', '--json')) as {
      ok: boolean;
      senders: { sender: string; findings: Finding[] }[];
    };
    expect(ok).toBe(false);
    expect(senders.map(({ sender }) => sender)).toEqual(['default', 'second']);
    expect(senders[1]?.findings).toContainEqual(
      expect.objectContaining({ check: 'server', level: 'fail', says: expect.stringContaining('"elsewhere"') }),
    );
  });

  it('looks at a domain that no sender has yet, with the key that was made for it', async () => {
    await tend('dkim', 'create', 'new.example', 's7');
    expect(await doctor('new.example')).toMatch(/DNS has no key at s7\._domainkey\.new\.example/);
  });

  it('says what there is where it knows no such sender, and what is no address', async () => {
    await expect(doctor('shpo')).rejects.toThrow('There are: default, second.');
    await expect(tend('doctor', 'mail', 'default', '--ip', 'mail')).rejects.toThrow('"mail" is no IP address');
    await expect(tend('dkim', 'create', '../etc', 's1')).rejects.toThrow('is no domain');
  });
});
