import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readSettings } from '../../config/settings.ts';
import { assertPortsFree, choosePorts, freePort } from '../../embedded/ports.ts';

/** An environment in which only the ports under test matter. */
const elsewhere = { DATABASE_URL: 'postgresql://db/tend', TEMPORAL_ADDRESS: 'temporal:7233' };

async function occupyPort(): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return port;
}

test('a taken port gives one line: the port, who has it, what to change', async () => {
  const port = await occupyPort();
  const settings = await choosePorts(
    readSettings({ ...elsewhere, TEND_API_PORT: String(port), TEND_SMTP_PORT: '0', TEND_MAILBOX_PORT: '0' }),
    { ...elsewhere, TEND_API_PORT: String(port), TEND_SMTP_PORT: '0', TEND_MAILBOX_PORT: '0' },
  );
  const failure = (await assertPortsFree(settings).catch((error: Error) => error)) as Error;
  expect(failure.message).toMatch(new RegExp(`^port ${port} is taken`));
  expect(failure.message).toMatch(/: stop that, or set TEND_API_PORT to another port$/);
  if (process.platform === 'linux') expect(failure.message).toContain(`by process ${process.pid} (`);
});

test('free ports raise no complaint', async () => {
  const env = { ...elsewhere, TEND_API_PORT: '0', TEND_SMTP_PORT: '0', TEND_MAILBOX_PORT: '0' };
  await assertPortsFree(await choosePorts(readSettings(env), env));
});

test('ports left to chance are chosen, each another, and known to everybody', async () => {
  const env = {
    TEND_API_PORT: '0',
    TEND_SMTP_PORT: '0',
    TEND_MAILBOX_PORT: '0',
    TEND_POSTGRES_PORT: '0',
    TEND_TEMPORAL_PORT: '0',
    TEND_TEMPORAL_UI_PORT: '0',
  };
  const settings = await choosePorts(readSettings(env), env);
  const { apiPort, smtpPort, mailboxPort, postgresPort, temporalPort, temporalUiPort, publicUrl } = settings;
  const ports = [apiPort, smtpPort, mailboxPort, postgresPort, temporalPort, temporalUiPort];
  expect(ports).not.toContain(0);
  expect(new Set(ports).size).toBe(ports.length);
  expect(publicUrl).toBe(`http://127.0.0.1:${apiPort}`);
});

test('an address of another machine is named as such', async () => {
  const env = { ...elsewhere, SMTP_URL: 'smtp://127.0.0.1', TEND_API_PORT: '0', TEND_HOST: '192.0.2.1' };
  const settings = { ...readSettings(env), apiPort: 48_080 };
  await expect(assertPortsFree(settings)).rejects.toThrow(/TEND_HOST 192\.0\.2\.1 is no address of this machine/);
});
