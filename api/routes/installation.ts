import { type RequestHandler, Router } from 'express';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { pauseInstallation, readInstallation, resumeInstallation } from '../../store/installation.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { path } from '../middleware/methods.ts';

/** `/api/installation`, `/api/pause`, `/api/resume`: all marketing at once. */
export function installationRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const read: RequestHandler = async (_request, response) => {
    response.json(isoInstants(await readInstallation(database)));
  };
  const pause: RequestHandler = async (request, response) => {
    response.json(isoInstants(await pauseInstallation(database, actorOf(request), clock.now())));
  };
  const resume: RequestHandler = async (request, response) => {
    response.json(isoInstants(await resumeInstallation(database, actorOf(request), clock.now())));
  };

  path(router, '/installation', { get: read });
  path(router, '/pause', { post: pause });
  path(router, '/resume', { post: resume });
  return router;
}
