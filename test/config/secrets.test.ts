import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSecrets, secretsFile } from '../../config/secrets.ts';
import { temporaryHome } from '../embedded/temporary-home.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('the first start makes every secret, for this user only', async () => {
  const home = join(temporaryHome(), 'deeper', '.tend');
  const secrets = await loadSecrets(home);
  expect(secrets.writeKey).toMatch(/^wk_[\w-]{32}$/);
  expect(secrets.secretKey).toMatch(/^sk_[\w-]{32}$/);
  expect(secrets.signingSecret).toMatch(/^[\da-f]{64}$/);
  expect(secrets.postgresPassword.length).toBeGreaterThanOrEqual(32);
  expect(modeOf(secretsFile(home))).toBe(0o600);
  expect(modeOf(home)).toBe(0o700);
  expect(readdirSync(home)).toEqual(['secrets.json']);
});

test('two installations share no secret', async () => {
  const [one, two] = await Promise.all([loadSecrets(temporaryHome()), loadSecrets(temporaryHome())]);
  for (const value of Object.values(one)) expect(Object.values(two)).not.toContain(value);
});

test('later starts find the same secrets', async () => {
  const home = temporaryHome();
  expect(await loadSecrets(home)).toEqual(await loadSecrets(home));
});

test('processes that start at once agree', async () => {
  const home = temporaryHome();
  const all = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(home)));
  expect(new Set(all.map((secrets) => JSON.stringify(secrets))).size).toBe(1);
  expect(readdirSync(home)).toEqual(['secrets.json']);
});

test('presets win and are not written down', async () => {
  const home = temporaryHome();
  const preset = { signingSecret: 'preset-signing-secret', writeKey: 'preset-write-key-1', secretKey: undefined };
  const secrets = await loadSecrets(home, preset);
  expect(secrets).toMatchObject({ signingSecret: preset.signingSecret, writeKey: preset.writeKey });
  expect(secrets.secretKey).toMatch(/^sk_/);
  expect(readFileSync(secretsFile(home), 'utf8')).not.toContain('preset');
});

test('a copied-back file loses its wider rights', async () => {
  const home = temporaryHome();
  await loadSecrets(home);
  chmodSync(secretsFile(home), 0o644);
  await loadSecrets(home);
  expect(modeOf(secretsFile(home))).toBe(0o600);
});

test('a damaged file is never replaced: that would lock the installation out of its database', async () => {
  const home = temporaryHome();
  writeFileSync(secretsFile(home), '{"writeKey":');
  await expect(loadSecrets(home)).rejects.toThrow(/secrets\.json is damaged; restore it/);
  expect(readFileSync(secretsFile(home), 'utf8')).toBe('{"writeKey":');
});

test('a home that can’t be made gives one clear line', async () => {
  const file = join(temporaryHome(), 'file');
  writeFileSync(file, '');
  await expect(loadSecrets(join(file, 'home'))).rejects.toThrow(
    /^TEND_HOME: the folder .* can't be written \((ENOTDIR|EEXIST)\)/,
  );
});

test('an existing folder keeps its own mode', async () => {
  const home = join(temporaryHome(), 'shared');
  mkdirSync(home, { mode: 0o755 });
  await loadSecrets(home);
  expect(modeOf(home)).toBe(0o755);
});
