import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../embedded/ports.ts';
import { type PostgresOptions, type RunningPostgres, startPostgres } from '../../embedded/postgres.ts';
import { temporaryHome } from './temporary-home.ts';

const password = 'a password with "quotes" & @:/';

async function options(): Promise<PostgresOptions> {
  return { home: temporaryHome(), port: await freePort(), password };
}

async function start(given: PostgresOptions): Promise<RunningPostgres> {
  const server = await startPostgres(given);
  onTestFinished(() => server.stop());
  return server;
}

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

test('PostgreSQL starts, keeps what was committed, and stops', async () => {
  const given = await options();
  const server = await start(given);
  expect(await ask(server.url, 'select current_database()')).toEqual(['tend']);
  await ask(server.url, 'create table lead (name text)');
  await ask(server.url, "insert into lead values ('Tanja')");
  await server.stop();
  expect(await server.exited).toEqual({ code: 0, signal: null });

  const again = await start(given);
  expect(await ask(again.url, 'select name from lead')).toEqual(['Tanja']);
});

test('it promises durability, compares as Unicode does, and keeps values out of its log', async () => {
  const server = await start(await options());
  const show = async (name: string): Promise<unknown> => (await ask(server.url, `show ${name}`))[0];
  expect(await show('synchronous_commit')).toBe('on');
  expect(await show('fsync')).toBe('on');
  expect(await show('server_encoding')).toBe('UTF8');
  expect(await show('listen_addresses')).toBe('127.0.0.1');
  expect(await show('unix_socket_directories')).toBe('');
  expect(await show('log_error_verbosity')).toBe('terse');
  expect(await ask(server.url, "select lower('ÄÖÜ')")).toEqual(['äöü']);
});

test('nobody comes in without the password', async () => {
  const server = await start(await options());
  const url = new URL(server.url);
  url.password = 'wrong';
  await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('after SIGKILL it starts again with all that was committed', async () => {
  const given = await options();
  const server = await start(given);
  await ask(server.url, 'create table lead as select 1 as id');
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  const again = await start(given);
  expect(await ask(again.url, 'select id from lead')).toEqual([1]);
});

test('a server left over from a killed start is stopped, not doubled', async () => {
  const given = await options();
  const orphan = await start(given);
  const next = await start({ ...given, port: await freePort() });
  expect(await orphan.exited).toEqual({ code: 0, signal: null });
  expect(await ask(next.url, 'select 1')).toEqual([1]);
});

test('a lock file with the number of some other process does not stand in the way', async () => {
  const given = await options();
  const server = await start(given);
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  writeFileSync(join(given.home, 'postgres', 'postmaster.pid'), `${process.pid}\n`);
  await start(given);
});

test('a half-made database of an interrupted first start is made anew', async () => {
  const given = await options();
  mkdirSync(join(given.home, 'postgres.new'), { recursive: true });
  writeFileSync(join(given.home, 'postgres.new', 'PG_VERSION'), '18\n');
  await start(given);
  expect(readdirSync(given.home).sort()).toEqual(['logs', 'postgres']);
});

test('secrets of another installation give one clear line', async () => {
  const given = await options();
  await (await start(given)).stop();
  await expect(startPostgres({ ...given, password: 'another' })).rejects.toThrow(
    /does not take the password in secrets\.json; restore the secrets\.json that belongs to it/,
  );
});
