import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { advanceEnrolment } from '../../store/advance-enrolment.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { pauseEnrolment, resumeEnrolment } from '../../store/pause-enrolment.ts';
import { removeEnrolment } from '../../store/remove-enrolment.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const nothingSchema = z.strictObject({});
const removeSchema = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() });
const advanceSchema = z.strictObject({
  to: z.string({ error: "must be a step's id, or end" }).min(1).max(63).optional(),
});

type ById = RequestHandler<{ id: string }>;

/** `/api/enrolments`: one lead in one sequence, by hand. */
export function enrolmentRoutes(database: Database, clock: Clock): Router {
  const router = Router();
  const by = (request: Parameters<ById>[0]) => ({ id: request.params.id, actor: actorOf(request), now: clock.now() });

  const pause: ById = async (request, response) => {
    parseInput(nothingSchema, request.body);
    response.json(isoInstants(await pauseEnrolment(database, by(request))));
  };

  const resume: ById = async (request, response) => {
    parseInput(nothingSchema, request.body);
    response.json(isoInstants(await resumeEnrolment(database, by(request))));
  };

  const remove: ById = async (request, response) => {
    const { reason = null } = parseInput(removeSchema, request.body);
    response.json(await removeEnrolment(database, { ...by(request), note: reason }));
  };

  const advance: ById = async (request, response) => {
    const { to } = parseInput(advanceSchema, request.body);
    response.json(await advanceEnrolment(database, { ...by(request), to }));
  };

  path(router, '/:id/pause', { post: pause });
  path(router, '/:id/resume', { post: resume });
  path(router, '/:id/remove', { post: remove });
  path(router, '/:id/advance', { post: advance });
  return router;
}
