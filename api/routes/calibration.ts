import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { handoffOutcomes } from '../../domain/handoff/outcome.ts';
import { notesOn } from '../../domain/scoring/calibration/report-notes.ts';
import { CALIBRATION_PERIOD_MS, calibrateModel } from '../../store/calibrate-model.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { isoInstants } from '../iso-instants.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { refuseUnknowableKey } from './definitions.ts';

const outcomesSchema = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((outcome) => outcome.trim()))])
  .pipe(
    z
      .array(z.enum(handoffOutcomes, { error: `must be some of ${handoffOutcomes.join(',')}` }))
      .refine(
        (outcomes) => outcomes.includes('won') && outcomes.length > 1,
        'must hold won and at least one other, for example won,lost',
      ),
  );

const INSTANT = 'must be a day such as 2026-01-31 (UTC), or an instant with its zone such as 2026-01-31T10:00:00Z';

const questionSchema = (now: number) =>
  z.strictObject({
    since: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })], { error: INSTANT })
      .transform((text) => Date.parse(text))
      .refine((since) => since < now, 'lies in the future')
      .optional(),
    outcomes: outcomesSchema.optional(),
  });

/** `/api/scoring-models/:key/calibration`: what the outcomes say about the model that is live. It changes nothing. */
export function calibrationRoutes(database: Database, clock: Clock): Router {
  const router = Router();
  router.param('key', refuseUnknowableKey);

  const read: RequestHandler<{ key: string }> = async (request, response) => {
    const now = clock.now();
    const { since, outcomes } = parseInput(questionSchema(now), request.query);
    const report = await calibrateModel(database, {
      key: request.params.key,
      since: since ?? now - CALIBRATION_PERIOD_MS,
      outcomes: outcomes ?? handoffOutcomes,
      now,
    });
    response.json(isoInstants({ ...report, notes: notesOn(report) }));
  };

  path(router, '/:key/calibration', { get: read });
  return router;
}
