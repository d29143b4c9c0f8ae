import { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import type { Database } from '../../store/database.ts';
import { sql } from '../../store/sql.ts';
import type { Metrics } from '../metrics.ts';
import { path } from '../middleware/methods.ts';

/** `/healthz` (the process lives), `/readyz` (it can do its work) and `/metrics`. */
export function healthRoutes(database: Database, metrics: Metrics): Router {
  const router = Router();

  const healthz: RequestHandler = (_request, response) => {
    response.json({ status: 'ok' });
  };

  const readyz: RequestHandler = async (_request, response) => {
    try {
      await database.query(sql`SELECT 1`);
    } catch {
      throw new TendError('unavailable', 'The database does not answer.');
    }
    response.json({ status: 'ready' });
  };

  const read: RequestHandler = async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.text());
  };

  path(router, '/healthz', { get: healthz });
  path(router, '/readyz', { get: readyz });
  path(router, '/metrics', { get: read });
  return router;
}
