import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { TendError } from '../../domain/errors.ts';
import { suppressionReasons } from '../../domain/sending/suppression.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { liftSuppression, suppressAddress } from '../../store/suppress-address.ts';
import { exportSuppressions, importSuppressions, lookUpSuppression } from '../../store/suppressions.ts';
import { isoInstants } from '../iso-instants.ts';
import { linesOf } from '../lines-of.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { sendTexts } from '../send-texts.ts';

const MOST_AT_ONCE = 1_000;
const LONGEST_ADDRESS = 320;

const addressSchema = z.string().max(LONGEST_ADDRESS);
const lookUpSchema = z.strictObject({ address: addressSchema });
const addSchema = z.union(
  [
    z.strictObject({ address: addressSchema }),
    z.strictObject({ addresses: z.array(addressSchema).min(1).max(MOST_AT_ONCE) }),
  ],
  { error: `must be { "address": … }, or { "addresses": [ … ] } with at most ${MOST_AT_ONCE}; import longer lists` },
);
const liftSchema = z.strictObject({
  address: addressSchema,
  reason: z.enum(suppressionReasons, { error: `must be one of ${suppressionReasons.join(', ')}` }).optional(),
  because: z.string().trim().min(1).max(500).optional(),
});
const exportSchema = z.strictObject({ format: z.enum(['jsonl', 'csv']).default('jsonl') });
const importSchema = z.strictObject({ firstLine: z.coerce.number().int().min(1).default(1) });

/** `/api/suppressions`: addresses that are not written to, known by keyed hashes. */
export function suppressionRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const lookUp: RequestHandler = async (request, response) => {
    const { address } = parseInput(lookUpSchema, request.query);
    response.json(isoInstants(await lookUpSuppression(database, address)));
  };

  const add: RequestHandler = async (request, response) => {
    const input = parseInput(addSchema, request.body);
    const addresses = 'address' in input ? [input.address] : input.addresses;
    const [actor, now] = [actorOf(request), clock.now()];
    // All or none: of a list that is partly wrong, its sender could not say which part was taken.
    const added = await database.transaction(async (transaction) => {
      let count = 0;
      for (const [index, address] of addresses.entries()) {
        const one = { address, reason: 'manual', actor, now } as const;
        if (
          await suppressAddress(transaction, one).catch(naming('address' in input ? 'address' : `addresses.${index}`))
        )
          count += 1;
      }
      return count;
    });
    response.status(201).json({ added, already: addresses.length - added });
  };

  const lift: RequestHandler = async (request, response) => {
    const { address, reason = null, because = null } = parseInput(liftSchema, request.body);
    const input = { address, reason, because, actor: actorOf(request), now: clock.now() };
    const lifted = await database.transaction((transaction) => liftSuppression(transaction, input));
    if (lifted.length === 0)
      throw new TendError('not-found', 'Nothing stands against writing to this address, or not for that reason.');
    response.json({ lifted });
  };

  const exportAll: RequestHandler = async (request, response) => {
    const { format } = parseInput(exportSchema, request.query);
    response.setHeader('Content-Type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
    response.setHeader('Content-Disposition', `attachment; filename="suppressions.${format}"`);
    await sendTexts(response, format === 'csv' ? asCsv() : asJsonLines());
  };

  async function* asCsv(): AsyncGenerator<string> {
    yield 'hash,reason,at\r\n';
    for await (const page of exportSuppressions(database))
      yield page.map(({ hash, reason, at }) => `${hash},${reason},${new Date(at).toISOString()}\r\n`).join('');
  }

  async function* asJsonLines(): AsyncGenerator<string> {
    for await (const page of exportSuppressions(database))
      yield page.map((row) => `${JSON.stringify(isoInstants(row))}\n`).join('');
  }

  path(router, '/lookup', { get: lookUp });
  path(router, '/export', { get: exportAll });
  path(router, '/', { post: add, delete: lift });
  return router;
}

/** `/api/suppressions/import`: before bodies are taken for JSON, for a list is a text of any length. */
export function suppressionImportRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const importList: RequestHandler = async (request, response) => {
    const { firstLine } = parseInput(importSchema, request.query);
    if (request.is(['text/csv', 'text/plain', 'application/x-ndjson', 'application/jsonl']) === false)
      throw new TendError(
        'media-type-unsupported',
        'Send a list as "Content-Type: text/csv" (addresses, or an export, one a line) or "application/x-ndjson" (a JSON object a line).',
      );
    const report = await importSuppressions(database, clock, {
      lines: linesOf(request),
      firstLine,
      actor: actorOf(request),
    });
    response.json(report);
  };

  path(router, '/', { post: importList });
  return router;
}

/** The same error, naming the field as it stands in this request. */
function naming(field: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof TendError)) throw error;
    throw new TendError(
      error.code,
      error.detail,
      error.fields.map((each) => (each.path === 'address' ? { ...each, path: field } : each)),
    );
  };
}
