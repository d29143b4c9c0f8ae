import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { packageRoot } from '../config/package-root.ts';

/** The part of Prisma's schema engine that is used here; the package itself ships no such type. */
interface SchemaEngine {
  applyMigrations(input: {
    migrationsList: {
      baseDir: string;
      lockfile: { path: string; content: string | null };
      shadowDbInitScript: string;
      migrationDirectories: { path: string; migrationFile: { path: string; content: { tag: 'ok'; value: string } } }[];
    };
    filters: { externalTables: string[]; externalEnums: string[] };
  }): Promise<{ appliedMigrationNames: string[] }>;
}
interface SchemaEngineModule {
  __wbg_set_wasm(exports: WebAssemblyExports): void;
  SchemaEngine: {
    new: (options: { datamodels: [string, string][] }, log: () => void, adapter: unknown) => Promise<SchemaEngine>;
  };
}
type WebAssemblyExports = Record<string, unknown> & { __wbindgen_start(): void };
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Record<string, unknown>) => { exports: WebAssemblyExports };
};

/** One migration at a time over all processes of an installation; any fixed number does. */
const MIGRATION_LOCK = 7_365_646;

/**
 * Applies what `prisma/migrations` holds and the database has not seen, in order, and returns the names applied.
 *
 * Prisma's own `migrate deploy` wants an engine binary that is downloaded at run time. Its WebAssembly build does the
 * same from the package registry alone, and keeps the same `_prisma_migrations` table, so that Prisma's CLI goes on
 * working for those who have it.
 */
export async function migrate(databaseUrl: string): Promise<{ applied: string[] }> {
  const lock = new pg.Client({ connectionString: databaseUrl });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const migrations = await readMigrations();
    if (await allApplied(lock, migrations)) return { applied: [] };
    const { engine, close } = await loadSchemaEngine(databaseUrl, (script) => lock.query(script));
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: {
          baseDir: migrationsFolder,
          lockfile: {
            path: 'migration_lock.toml',
            content: await readFile(path.join(migrationsFolder, 'migration_lock.toml'), 'utf8'),
          },
          shadowDbInitScript: '',
          migrationDirectories: migrations.map(({ name, sql }) => ({
            path: name,
            migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
          })),
        },
        filters: { externalTables: [], externalEnums: [] },
      });
      return { applied: appliedMigrationNames };
    } finally {
      await close();
    }
  } finally {
    await lock.end();
  }
}

const migrationsFolder = path.join(packageRoot, 'prisma', 'migrations');

async function readMigrations(): Promise<{ name: string; sql: string }[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(
    names.map(async (name) => ({
      name,
      sql: await readFile(path.join(migrationsFolder, name, 'migration.sql'), 'utf8'),
    })),
  );
}

/** Spares the usual start, which has nothing to apply, the loading of the engine. */
async function allApplied(client: pg.Client, migrations: { name: string }[]): Promise<boolean> {
  const table = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`,
  );
  if (!table.rows[0]?.exists) return false;
  const done = await client.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  const names = new Set(done.rows.map((row) => row.migration_name));
  return migrations.every(({ name }) => names.has(name));
}

let loading: Promise<SchemaEngineModule> | undefined;

/** Once a process: the glue keeps views of the first instance's memory, and a second one would be read through them. */
async function loadModule(): Promise<SchemaEngineModule> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
  const glue = (await import(path.join(folder, 'schema_engine_bg.js'))) as SchemaEngineModule;
  const wasm = new WebAssembly.Module(await readFile(path.join(folder, 'schema_engine_bg.wasm')));
  const instance = new WebAssembly.Instance(wasm, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue;
}

async function loadSchemaEngine(
  databaseUrl: string,
  runScript: (script: string) => Promise<unknown>,
): Promise<{ engine: SchemaEngine; close: () => Promise<void> }> {
  loading ??= loadModule();
  const glue = await loading;
  const schemaPath = path.join(packageRoot, 'prisma', 'schema.prisma');
  const factory = new PrismaPg({ connectionString: databaseUrl });
  const connect = factory.connect.bind(factory);
  const open: Awaited<ReturnType<typeof connect>>[] = [];
  factory.connect = async () => {
    const connection = Object.assign(await connect(), {
      // The adapter's own splits a script at every semicolon, in comments and function bodies too. PostgreSQL takes the
      // whole of it, and then it is applied as one or not at all.
      async executeScript(script: string) {
        await runScript(script);
      },
    });
    open.push(connection);
    return connection;
  };
  const adapter = bindMigrationAwareSqlAdapterFactory(factory);
  const engine = await glue.SchemaEngine.new(
    { datamodels: [[schemaPath, await readFile(schemaPath, 'utf8')]] },
    () => {},
    adapter,
  );
  return {
    engine,
    async close() {
      for (const connection of open) await connection.dispose();
    },
  };
}
