import { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { listReps, putRep } from '../../store/reps.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { path } from '../middleware/methods.ts';

/** `/api/reps`. */
export function repRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const list: RequestHandler = async (_request, response) => {
    response.json({ reps: await listReps(database) });
  };

  const put: RequestHandler<{ key: string }> = async (request, response) => {
    const { key } = request.params;
    const body = request.body as unknown;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new TendError('invalid-request', 'The body must be a JSON object with name and email.');
    }
    if ('key' in body && body.key !== key) {
      const problem = `must agree with the address, which says "${key}", or be left out`;
      throw new TendError('invalid-request', 'The representative is not valid: mend the fields named.', [
        { path: 'key', problem },
      ]);
    }
    response.json(await putRep(database, { ...body, key }, actorOf(request), clock.now()));
  };

  path(router, '/', { get: list });
  path(router, '/:key', { put });
  return router;
}
