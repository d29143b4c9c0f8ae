import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Database } from '../../store/database.ts';
import { inboundKinds, listInbound, processAgain, readInboundMail, readRawInbound } from '../../store/list-inbound.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { inboundOutcomes } from '../../store/returned.ts';
import { isoInstants } from '../iso-instants.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const listSchema = z.strictObject({
  lead: z.string().optional(),
  kind: z.enum(inboundKinds, { error: `must be one of ${inboundKinds.join(', ')}` }).optional(),
  outcome: z.enum(inboundOutcomes, { error: `must be one of ${inboundOutcomes.join(', ')}` }).optional(),
  waiting: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** `/api/inbound`: what came back, what it was understood as, and what was done about it. */
export function inboundRoutes(database: Database): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const { lead, kind = null, outcome = null, waiting, limit } = parseInput(listSchema, request.query);
    const leadId = lead === undefined ? null : await resolveLead(database, lead);
    const found = await listInbound(database, { leadId, kind, outcome, waiting: waiting === 'true', limit });
    response.json({ inbound: isoInstants(found) });
  };
  const read: RequestHandler<{ id: string }> = async (request, response) => {
    response.json(isoInstants(await readInboundMail(database, request.params.id)));
  };
  const raw: RequestHandler<{ id: string }> = async (request, response) => {
    const mail = await readRawInbound(database, request.params.id);
    // Whatever a stranger wrote is for saving, never for a browser to show.
    response.attachment(`${request.params.id}.eml`).type('application/octet-stream').send(mail);
  };
  const again: RequestHandler<{ id: string }> = async (request, response) => {
    response.status(202).json(isoInstants(await processAgain(database, request.params.id)));
  };

  path(router, '/', { get: list });
  path(router, '/:id', { get: read });
  path(router, '/:id/raw', { get: raw });
  path(router, '/:id/again', { post: again });
  return router;
}
