import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Database } from '../../store/database.ts';
import { listMessages } from '../../store/list-messages.ts';
import { resolveLead } from '../../store/resolve-lead.ts';
import { isoInstants } from '../iso-instants.ts';
import { parseInput } from '../middleware/json-body.ts';
import { path } from '../middleware/methods.ts';

const listSchema = z.strictObject({ lead: z.string(), limit: z.coerce.number().int().min(1).max(500).default(100) });

/** `/api/messages?lead=`. */
export function messageRoutes(database: Database): Router {
  const router = Router();

  const list: RequestHandler = async (request, response) => {
    const { lead, limit } = parseInput(listSchema, request.query);
    const leadId = await resolveLead(database, lead);
    response.json({ messages: isoInstants(await listMessages(database, { leadId, limit })) });
  };

  path(router, '/', { get: list });
  return router;
}
