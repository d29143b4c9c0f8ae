import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { TendError } from '../../domain/errors.ts';
import { machineKinds } from '../../domain/interaction/machine.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { discountInteraction } from '../../store/discount-interaction.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const discountSchema = z.strictObject({ as: z.enum(machineKinds, { error: 'must be scanner or prefetch' }) });

/** `/api/interactions`: a machine made it, or a person after all. */
export function interactionRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const discount: RequestHandler<{ id: string }> = async (request, response) => {
    const { as } = parseInput(discountSchema, request.body);
    await discountInteraction(database, {
      interactionId: idOf(request.params.id),
      as,
      actor: actorOf(request),
      now: clock.now(),
    });
    response.status(204).end();
  };

  const count: RequestHandler<{ id: string }> = async (request, response) => {
    const input = { interactionId: idOf(request.params.id), as: null, actor: actorOf(request), now: clock.now() };
    await discountInteraction(database, input);
    response.status(204).end();
  };

  path(router, '/:id/discount', { post: discount, delete: count });
  return router;
}

function idOf(text: string): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new TendError('not-found', `There is no interaction ${text}.`);
}
