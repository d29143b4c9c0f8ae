import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { attributeNameSchema } from '../../domain/attributes/definition.ts';
import { definitionKeySchema, isTimeZone } from '../../domain/definition/definition.ts';
import { localeSchema } from '../../domain/definition/template.ts';
import type { Clock } from '../../store/clock.ts';
import { createTestLead } from '../../store/create-test-lead.ts';
import type { Database } from '../../store/database.ts';
import { walkLead } from '../../store/walk-lead.ts';
import { isoInstants } from '../iso-instants.ts';
import { actorOf } from '../middleware/authenticate.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const newSchema = z.strictObject({
  email: z.string({ error: 'must be the address of your own mailbox' }).max(320),
  locale: localeSchema.optional(),
  timeZone: z.string().refine(isTimeZone, 'must be an IANA zone, such as Europe/Berlin').optional(),
  attributes: z.record(attributeNameSchema, z.union([z.string().max(500), z.number(), z.boolean()])).default({}),
  /** What it may be written to about. */
  purposes: z.array(definitionKeySchema).min(1, 'needs a purpose, as the sequence names it').max(20),
});

const walkSchema = z.strictObject({ outcome: z.enum(['won', 'lost', 'recycled']).optional() });

/** `/api/test-leads`: leads made for walking through sequences. */
export function testLeadRoutes(database: Database, clock: Clock): Router {
  const router = Router();

  const create: RequestHandler = async (request, response) => {
    const { locale = null, timeZone = null, ...input } = parseInput(newSchema, request.body);
    const made = await createTestLead(database, {
      ...input,
      locale,
      timeZone,
      actor: actorOf(request),
      now: clock.now(),
    });
    response.status(201).json(made);
  };

  const walk: RequestHandler<{ id: string }> = async (request, response) => {
    const { outcome = null } = parseInput(walkSchema, request.body ?? {});
    const input = { leadId: request.params.id, outcome, actor: actorOf(request) };
    const walked = await walkLead(database, clock, input);
    // Elsewhere `from` and `to` are points or places, so `isoInstants` leaves them alone.
    if (walked.kind === 'moved') response.json({ kind: 'moved', from: new Date(walked.from), to: new Date(walked.to) });
    else response.json(isoInstants(walked));
  };

  path(router, '/', { post: create });
  path(router, '/:id/walk', { post: walk });
  return router;
}
