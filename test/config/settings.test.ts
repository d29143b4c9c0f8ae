import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configurationDocs } from '../../config/configuration-docs.ts';
import { assertMailIsSafe } from '../../config/mail-safety.ts';
import { packageRoot } from '../../config/package-root.ts';
import { readServiceSettings, resolveServices } from '../../config/service-settings.ts';
import {
  publicEnvironment,
  readSettings,
  SettingsError,
  settingsToEnv,
  unknownSettings,
} from '../../config/settings.ts';

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('an environment without any setting', () => {
  test('gives the documented defaults', () => {
    expect(readSettings({})).toMatchObject({
      home: resolve('.tend'),
      cacheDir: join(homedir(), '.cache', 'tend'),
      host: '127.0.0.1',
      apiPort: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      databaseUrl: undefined,
      temporalAddress: undefined,
      smtpUrl: undefined,
      mailOnlyTo: undefined,
      claimLeaseSeconds: 60,
      logLevel: 'info',
    });
  });

  test('has no default for any secret', () => {
    const { signingSecret, writeKey, secretKey } = readSettings({});
    expect([signingSecret, writeKey, secretKey]).toEqual([undefined, undefined, undefined]);
  });
});

describe('reading settings', () => {
  test('the public address follows the API port, and loses its trailing slash', () => {
    expect(readSettings({ TEND_API_PORT: '9000' }).publicUrl).toBe('http://127.0.0.1:9000');
    expect(readSettings({ PUBLIC_URL: 'https://tend.example/mail/' }).publicUrl).toBe('https://tend.example/mail');
  });

  test('the allow-list is split and lower-cased', () => {
    expect(readSettings({ TEND_MAIL_ONLY_TO: 'Tanja@Example.org, @team.example' }).mailOnlyTo).toEqual([
      'tanja@example.org',
      '@team.example',
    ]);
  });

  test('trusted proxies are addresses, ranges and known networks; none trusts nobody', () => {
    expect(readSettings({}).trustedProxies).toEqual(['loopback']);
    expect(readSettings({ TEND_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1,uniquelocal' }).trustedProxies).toEqual([
      '10.0.0.0/8',
      '2001:db8::1',
      'uniquelocal',
    ]);
    expect(readSettings({ TEND_TRUSTED_PROXIES: 'none' }).trustedProxies).toEqual([]);
    expect(problemsOf(() => readSettings({ TEND_TRUSTED_PROXIES: 'nginx' }))).toEqual([
      expect.stringMatching(/^TEND_TRUSTED_PROXIES "nginx" is no address/),
    ]);
    expect(settingsToEnv(readSettings({ TEND_TRUSTED_PROXIES: 'none' })).TEND_TRUSTED_PROXIES).toBe('none');
  });

  test('the cache folder follows XDG_CACHE_HOME', () => {
    expect(readSettings({ XDG_CACHE_HOME: '/var/cache' }).cacheDir).toBe('/var/cache/tend');
  });

  test('an empty variable counts as absent', () => {
    expect(readSettings({ TEND_API_PORT: '', DATABASE_URL: ' ' })).toMatchObject({
      apiPort: 8080,
      databaseUrl: undefined,
    });
  });

  test('an empty allow-list is refused, lest trial mail go to everybody', () => {
    expect(problemsOf(() => readSettings({ TEND_MAIL_ONLY_TO: '' }))).toEqual([
      expect.stringMatching(/^TEND_MAIL_ONLY_TO is set but empty/),
    ]);
  });

  test('all bad settings are named at once, each with its variable', () => {
    const problems = problemsOf(() =>
      readSettings({
        TEND_API_PORT: '80800',
        TEND_SWEEP_SECONDS: '0',
        TEND_LOG_LEVEL: 'loud',
        PUBLIC_URL: 'tend.example',
        TEMPORAL_ADDRESS: 'localhost',
        TEND_MAIL_FROM: 'nobody',
        TEND_MAIL_ONLY_TO: 'a@b.example, everybody',
        TEND_HOST: 'http://127.0.0.1',
        TEND_WRITE_KEY: 'short',
      }),
    );
    const names = problems.map((problem) => problem.split(' ')[0]).sort();
    expect(names).toEqual(
      [
        'PUBLIC_URL',
        'TEMPORAL_ADDRESS',
        'TEND_API_PORT',
        'TEND_HOST',
        'TEND_LOG_LEVEL',
        'TEND_MAIL_FROM',
        'TEND_MAIL_ONLY_TO',
        'TEND_SWEEP_SECONDS',
        'TEND_WRITE_KEY',
      ].sort(),
    );
  });

  test.each([
    { DATABASE_URL: 'mysql://user:hunter2-hunter2@db/x' },
    { SMTP_URL: 'http://user:hunter2-hunter2@mail' },
    { TEND_SIGNING_SECRET: 'hunter2-hunter2 with blanks' },
  ])('a secret never stands in the message: %o', (env) => {
    expect(problemsOf(() => readSettings(env)).join()).not.toContain('hunter2');
    expect(problemsOf(() => readSettings(env))).toHaveLength(1);
  });

  test('named servers are read by their names, and no password of theirs stands in a message', () => {
    const shop = 'smtps://hallo%40shop.example:hunter2-hunter2@mail.shop.example';
    const { smtpServers, dkimKeys } = readSettings({
      TEND_SMTP_SERVERS: ` shop=${shop}  b2b=smtp://127.0.0.1:2525?a=b `,
      TEND_HOME: '/srv/tend',
    });
    expect(smtpServers).toEqual({ shop, b2b: 'smtp://127.0.0.1:2525?a=b' });
    expect(dkimKeys).toBe('/srv/tend/dkim');
    for (const text of [
      shop,
      `Shop=${shop}`,
      `shop=${shop} shop=${shop}`,
      'shop=http://hunter2-hunter2@x',
      'shop=hunter2-hunter2',
    ]) {
      const problems = problemsOf(() => readSettings({ TEND_SMTP_SERVERS: text }));
      expect(problems).toEqual([expect.stringMatching(/^TEND_SMTP_SERVERS /)]);
      expect(problems.join()).not.toContain('hunter2');
    }
  });

  test('one port for two things names both variables', () => {
    expect(problemsOf(() => readSettings({ TEND_MAILBOX_PORT: '8080' }))).toEqual([
      'TEND_MAILBOX_PORT and TEND_API_PORT are both 8080: give each its own port',
    ]);
  });

  test('the port of a part that runs elsewhere may be used otherwise', () => {
    expect(readSettings({ DATABASE_URL: 'postgresql://db/tend', TEND_API_PORT: '5433' }).apiPort).toBe(5433);
  });

  test('several ports may be left to chance', () => {
    expect(readSettings({ TEND_API_PORT: '0', TEND_SMTP_PORT: '0' })).toMatchObject({ apiPort: 0, smtpPort: 0 });
  });

  test('a variable that looks like a setting but is none is found', () => {
    expect(unknownSettings({ TEND_API_PROT: '1', TEND_API_PORT: '2', HOME: '/' })).toEqual(['TEND_API_PROT']);
  });
});

describe('what children are started with', () => {
  const secrets = {
    postgresPassword: 'p/@:postgres-password',
    signingSecret: 'the-signing-secret',
    hashKey: 'the-key-of-hashes',
    writeKey: 'wk_0123456789abcdef',
    secretKey: 'sk_0123456789abcdef',
  };

  test('reads back to the same settings', () => {
    const settings = readSettings({
      TEND_MAIL_ONLY_TO: '@team.example',
      TEND_SWEEP_SECONDS: '9',
      TEND_HOST: '0.0.0.0',
      TEND_SMTP_SERVERS: 'shop=smtp://127.0.0.1:2525 b2b=smtp://127.0.0.1:2526',
    });
    const services = resolveServices(settings, secrets);
    expect(readServiceSettings(settingsToEnv(services))).toEqual(services);
  });

  test('names the embedded parts, reachable from this machine', () => {
    const services = resolveServices(readSettings({ TEND_HOST: '0.0.0.0' }), secrets);
    expect(new URL(services.databaseUrl).password).toBe(encodeURIComponent(secrets.postgresPassword));
    expect(services).toMatchObject({ temporalAddress: '127.0.0.1:7233', smtpUrl: 'smtp://127.0.0.1:1025' });
  });

  test('the written record of a start holds nothing secret', () => {
    const services = resolveServices(readSettings({ SMTP_URL: 'smtp://user:password@127.0.0.1' }), secrets);
    const text = JSON.stringify(publicEnvironment(services));
    for (const secret of [...Object.values(secrets), 'password']) expect(text).not.toContain(secret);
  });

  test('a service started by hand is told what it lacks', () => {
    const names = problemsOf(() => readServiceSettings({})).map((problem) => problem.split(' ')[0]);
    expect(names).toEqual(['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SMTP_URL', 'TEND_SIGNING_SECRET', 'TEND_HASH_KEY']);
  });
});

describe('mail with links that lead nowhere', () => {
  const check = (smtpUrl: string | undefined, publicUrl: string) => () => assertMailIsSafe({ smtpUrl, publicUrl });

  test.each([
    ['smtp://mail.example', 'http://127.0.0.1:8080'],
    ['smtps://mail.example', 'http://localhost:8080'],
    ['smtp://10.0.0.7:25', 'http://[::1]:8080'],
    ['smtp://mail.example', 'http://0.0.0.0:8080'],
    ['smtp://mail.example', 'http://127.9.9.9'],
  ])('is refused: %s with %s', (smtpUrl, publicUrl) => {
    expect(check(smtpUrl, publicUrl)).toThrow(/PUBLIC_URL/);
    const smtpServers = { shop: smtpUrl };
    expect(() => assertMailIsSafe({ smtpUrl: undefined, smtpServers, publicUrl })).toThrow(/TEND_SMTP_SERVERS/);
  });

  test.each([
    [undefined, 'http://127.0.0.1:8080'],
    ['smtp://127.0.0.1:1025', 'http://127.0.0.1:8080'],
    ['smtp://localhost:1025', 'http://localhost:8080'],
    ['smtp://mail.example', 'https://tend.example'],
    ['smtp://mail.example', 'https://127.example.org'],
  ])('is not the matter with %s and %s', (smtpUrl, publicUrl) => {
    expect(check(smtpUrl, publicUrl)).not.toThrow();
  });
});

test('docs/configuration.md is what the table says (mend: node dist/config/write-configuration-docs.js)', () => {
  expect(readFileSync(join(packageRoot, 'docs', 'configuration.md'), 'utf8')).toBe(configurationDocs());
});
