import { type RequestHandler, Router } from 'express';
import { TendError } from '../../domain/errors.ts';
import { durationMs } from '../../domain/instant.ts';
import { adjustmentSchema } from '../../domain/scoring/adjustment.ts';
import { adjustScore } from '../../store/adjust-score.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

/** `/api/leads/:id/score-adjustments`: points by hand. */
export function scoreAdjustmentRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const adjust: RequestHandler<{ id: string }> = async (request, response) => {
    const { model, points, reason, validFor } = parseInput(adjustmentSchema, request.body);
    const adjusted = await adjustScore(database, {
      leadId: request.params.id,
      model,
      points,
      reason,
      validForMs: validFor === undefined ? null : durationMs(validFor),
      idempotencyKey: idempotencyKeyIn(request.headers['idempotency-key']),
      actor: actorOf(request),
      now: clock.now(),
    });
    response.status(adjusted.created ? 201 : 200).json(isoInstants(adjusted));
  };

  path(router, '/:id/score-adjustments', { post: adjust });
  return router;
}

/** The header of draft-ietf-httpapi-idempotency-key-header, its quotes left out or not. */
function idempotencyKeyIn(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const [, key] = /^"?([\x21\x23-\x7e]{1,200})"?$/.exec(String(header).trim()) ?? [];
  if (key !== undefined) return key;
  throw new TendError('invalid-request', 'Nothing was adjusted.', [
    { path: 'Idempotency-Key', problem: 'must be 1 to 200 printable ASCII characters without spaces, such as a UUID' },
  ]);
}
