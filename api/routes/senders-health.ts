import { type RequestHandler, Router } from 'express';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { listRefusingDomains } from '../../store/receiving-domain.ts';
import { listSenderHealth, resumeSender } from '../../store/sender-health.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { path } from '../middleware/methods.ts';

/**
 * `GET /api/senders/health`: complaints and bounces by sender, and the receiving domains that mail waits for.
 * `POST /api/senders/:key/resume`: lets the marketing of a sender go on that stands still for complaints.
 */
export function senderHealthRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const health: RequestHandler = async (_request, response) => {
    const [senders, receivers] = await Promise.all([listSenderHealth(database), listRefusingDomains(database)]);
    response.json(isoInstants({ senders, receivers }));
  };
  const resume: RequestHandler<{ key: string }> = async (request, response) => {
    const { key: sender } = request.params;
    response.json(isoInstants(await resumeSender(database, { sender, actor: actorOf(request), now: clock.now() })));
  };

  path(router, '/health', { get: health });
  path(router, '/:key/resume', { post: resume });
  return router;
}
