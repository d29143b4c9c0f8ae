import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { ComposeOptions } from '../../mail/compose.ts';
import type { Clock } from '../../store/clock.ts';
import type { Database } from '../../store/database.ts';
import { readConsentProof } from '../../store/read-consent-proof.ts';
import { consentProofPage, digestOf } from '../consent-proof-page.ts';
import { isoInstants } from '../iso-instants.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';
import { languageOf } from '../pages.ts';

const querySchema = z.strictObject({
  format: z.enum(['html', 'json'], { error: 'must be html or json' }).default('html'),
  language: z.enum(['en', 'de'], { error: 'must be en or de' }).optional(),
});

/** `GET /api/leads/<id>/consent-proof`: the whole proof of a lead's consents, for printing or as data. */
export function consentProofRoutes(database: Database, clock: Clock, compose: ComposeOptions): Router {
  const router = Router();

  const show: RequestHandler<{ id: string }> = async (request, response) => {
    const { format, language = languageOf(request) } = parseInput(querySchema, request.query);
    const proof = await readConsentProof(database, { leadId: request.params.id, now: clock.now(), compose });
    if (format === 'json') {
      const { policy: _, ...shown } = proof;
      response.json({ ...(isoInstants(shown) as object), digest: digestOf(proof) });
      return;
    }
    response.type('html').send(consentProofPage(proof, language));
  };

  path(router, '/:id/consent-proof', { get: show });
  return router;
}
